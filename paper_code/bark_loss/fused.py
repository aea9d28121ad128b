"""Distance between the Bark features of two signals and its gradient, in one pass over the bands.

The features of one 8192-sample signal are 512 x 8705 numbers. Letting autograd keep them, and every step that led to
them, costs more time in memory than in arithmetic. Both distances have gradients that are sums of two terms with
scalar factors known only at the end, so one pass over small groups of bands is enough: it adds up the scalar products
and, per signal, the two correlations that the gradient needs (with the other signal's features and with its own).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

GROUP_SIZE = 64 * 9216  # numbers a group of bands may hold: a few MB, so that it stays in the cache
NORM_FLOOR = 1e-8  # as in torch.nn.functional.cosine_similarity


class Analysis(NamedTuple):
    """What the pass needs besides the signals. Weights are those of the features, one a band."""

    responses: Tensor  # [band, bin], conjugate spectra of the filters
    weights: Tensor  # [band]
    log_factor: float
    taps: int
    stride: int
    fft_length: int
    frames: int


def log1p_(values: Tensor, plus_one: Tensor) -> Tensor:
    """ln(1 + values) in place, given `plus_one` = 1 + values already rounded; exact to rounding for small values too.

    torch.log1p is 5 times slower than torch.log on some processors; the second term restores what rounding took.
    """
    rounding = values.sub_(plus_one - 1.0).div_(plus_one)
    return rounding.add_(torch.log(plus_one))


class _BandGroup:
    """Rectified and compressed outputs of a few bands for one signal."""

    def __init__(self, spectrum: Tensor, responses: Tensor, analysis: Analysis) -> None:
        band = torch.fft.irfft(spectrum.unsqueeze(-2) * responses, n=analysis.fft_length)
        self._length = analysis.fft_length
        self._keep = slice(0, analysis.frames, analysis.stride)
        rectified = band[..., self._keep].clamp_min_(0.0) if analysis.stride == 1 else band[..., self._keep].relu()
        self.plus_one = rectified + 1.0
        self.silent = rectified <= 0
        self.compressed = log1p_(rectified, self.plus_one)

    def transposed(self, values: Tensor, responses: Tensor) -> Tensor:
        """Spectrum [..., bin] of what `values` on the compressed bands mean for the signal (the adjoint)."""
        values = (values / self.plus_one).masked_fill_(self.silent, 0.0)
        if self._keep.step > 1:
            full = values.new_zeros(*values.shape[:-1], self._keep.stop)
            full[..., :: self._keep.step] = values
            values = full
        return torch.fft.rfft(values, n=self._length).mul_(responses).sum(dim=-2)


def _scaled_spectrum(signal: Tensor, analysis: Analysis) -> Tensor:
    after = analysis.fft_length - analysis.taps - signal.shape[-1]
    return torch.fft.rfft(torch.nn.functional.pad(signal * analysis.log_factor, (analysis.taps, after)))


def _one_pass(signals: tuple[Tensor, Tensor], analysis: Analysis, wanted: tuple[bool, bool]) -> Any:
    """Scalar products (2 x 2, [batch]) of the features, and per wanted signal its spectra from the other and itself."""
    spectra = [_scaled_spectrum(signal, analysis) for signal in signals]
    batch = signals[0].shape[0]
    products = [[signals[0].new_zeros(batch) for _ in signals] for _ in signals]
    adjoint = [[torch.zeros_like(spectra[0]) for _ in signals] if want else None for want in wanted]
    bands = analysis.responses.shape[0]
    size = max(1, GROUP_SIZE // (analysis.fft_length * batch))
    for start in range(0, bands, size):
        responses = analysis.responses[start : start + size]
        power = analysis.weights[start : start + size] ** 2
        groups = [_BandGroup(spectrum, responses, analysis) for spectrum in spectra]
        for i, j in ((0, 0), (0, 1), (1, 1)):
            products[i][j] += torch.linalg.vecdot(groups[i].compressed, groups[j].compressed) @ power
        back = responses.conj() * (power * analysis.log_factor).unsqueeze(-1)
        for i, rows in enumerate(adjoint):
            if rows is not None:
                for j in range(2):
                    rows[j] += groups[i].transposed(groups[j].compressed, back)
    return products, adjoint


def _to_signal(spectrum: Tensor, analysis: Analysis, time: int) -> Tensor:
    return torch.fft.irfft(spectrum, n=analysis.fft_length)[..., analysis.taps : analysis.taps + time]


def _distance_and_factors(products: Any, distance: str, cells: int) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Distance [batch], and for each signal the factors of its (other, own) adjoint in the gradient."""
    (own_a, cross), (_, own_b) = products
    if distance == "squared":
        factor = torch.full_like(cross, 2.0 / cells)
        return (own_a + own_b - 2 * cross).clamp_min(0.0) / cells, [(-factor, factor)] * 2
    norms = [own.clamp_min(0.0).sqrt() for own in (own_a, own_b)]
    floored = [norm.clamp_min(NORM_FLOOR) for norm in norms]
    both = floored[0] * floored[1]
    value = -cross / both
    factors = []
    for norm, safe in zip(norms, floored, strict=True):
        own = torch.where(norm > NORM_FLOOR, -value / safe**2, torch.zeros_like(value))
        factors.append((-1.0 / both, own))
    return value, factors


class BarkDistance(torch.autograd.Function):
    """Distance [batch] between the Bark features of two signals [batch, time]; first derivatives only."""

    @staticmethod
    def forward(ctx: Any, estimate: Tensor, reference: Tensor, analysis: Analysis, distance: str) -> Tensor:
        wanted = (ctx.needs_input_grad[0], ctx.needs_input_grad[1])
        products, adjoint = _one_pass((estimate, reference), analysis, wanted)
        cells = analysis.responses.shape[0] * len(range(0, analysis.frames, analysis.stride))
        value, factors = _distance_and_factors(products, distance, cells)
        gradients: list[Tensor | None] = [None, None]
        for i, rows in enumerate(adjoint):
            if rows is not None:
                other, own = factors[i]
                spectrum = rows[1 - i] * other.unsqueeze(-1) + rows[i] * own.unsqueeze(-1)
                gradients[i] = _to_signal(spectrum, analysis, estimate.shape[-1])
        ctx.save_for_backward(*gradients)
        return value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        estimate, reference = (
            None if gradient is None else gradient * upstream.unsqueeze(-1) for gradient in ctx.saved_tensors
        )
        return estimate, reference, None, None
