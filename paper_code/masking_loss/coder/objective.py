"""What the training minimises: Eq. 7, of a squared error, the quantiser's two terms, and a perceptual loss."""

import torch
from torch import Tensor, nn

from paper_code.hearing.masking import MaskingModel
from paper_code.masking_loss.coder.coder import SAMPLE_RATE
from paper_code.masking_loss.coder.framing import FRAME, HOP
from paper_code.masking_loss.coder.quantiser import distribution, entropy, penalty
from paper_code.masking_loss.configs import CoderConfig
from paper_code.masking_loss.loss import LogMelLoss, MaskingLoss
from paper_code.masking_loss.pmsqe import PMSQE

SMALL = 1e-12  # under the root of a frame's squared error, whose slope at 0 is infinite


def make_loss(config: CoderConfig) -> nn.Module | None:
    """The perceptual loss of a coder; None with the squared error alone.

    The log-mel and the masking loss look at the coder's own frames, 512 samples every 480. PMSQE has frames of its own,
    512 every 256, and equalises level and bands over a whole batch: its runs are shorter than a syllable.
    """
    makers = {
        "mse": lambda: None,
        "log_mel": lambda: LogMelLoss(SAMPLE_RATE, config.bands, FRAME, HOP),
        "pmsqe": lambda: PMSQE(SAMPLE_RATE, excerpts=True),
        "masking": lambda: MaskingLoss(SAMPLE_RATE, config.bands, config.gamma, MaskingModel(SAMPLE_RATE, FRAME, HOP)),
    }
    return makers[config.loss]()


def squared_error(estimate: Tensor, reference: Tensor, form: str = "rmse") -> Tensor:
    """Mean over frames of 512 every 480 samples of two signals [..., time]: of the "rmse", or of the printed "sum".

    Paper: Byun et al. 2021, section 2.2. The weight 60 comes from a coder whose loss was the root-mean-square error.
    """
    squares = (estimate - reference).unfold(-1, FRAME, HOP).square()
    if form == "sum":
        return squares.sum(-1).mean()
    return (squares.mean(-1) + SMALL).sqrt().mean()


class TotalLoss(nn.Module):
    """Eq. 7 of a config. Paper: Byun et al. 2021, Eq. 7. Chapter: masking_loss."""

    def __init__(self, config: CoderConfig) -> None:
        super().__init__()
        self.config, self.perceptual = config, make_loss(config)

    def distortion(self, estimate: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """The terms, not weighted, that say how far two signals [..., time] are apart."""
        error = squared_error(estimate, reference, self.config.squared_error)
        heard = error.new_zeros(()) if self.perceptual is None else self.perceptual(estimate, reference)
        return {"squared_error": error, "perceptual": heard}

    def of_distortion(self, terms: dict[str, Tensor]) -> Tensor:
        """alpha_1 L_mse + alpha_4 L_nm."""
        return self.config.alpha_1 * terms["squared_error"] + self.config.perceptual_weight * terms["perceptual"]

    def forward(
        self, estimate: Tensor, reference: Tensor, assignment: Tensor | None, alpha_3: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The total, and its terms before they are weighted.

        estimate, reference: [..., time], complete.   assignment: [..., bin], or None where nothing is quantised; then
        the quantiser's terms are 0.   alpha_3: of the entropy, which the control of the rate moves.
        """
        terms = self.distortion(estimate, reference)
        total = self.of_distortion(terms)
        zero = torch.zeros_like(total)
        terms |= {"penalty": zero, "entropy": zero}
        if assignment is not None:
            terms |= {"penalty": penalty(assignment), "entropy": entropy(distribution(assignment))}
            total = total + self.config.alpha_2 * terms["penalty"] + alpha_3 * terms["entropy"]
        return total, terms
