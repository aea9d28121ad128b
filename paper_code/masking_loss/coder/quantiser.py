"""The quantiser: every number of a frame goes to one of a few bins, softly in training, to the nearest in use."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SMALL = 1e-12  # under a square root or a logarithm
ITERATIONS = 100  # of k-means at most


class SoftmaxQuantiser(nn.Module):
    """Trainable bins and temperature. Until `start` is called it lets numbers through unchanged.

    bins: how many, at first evenly from -1 to 1.   temperature: the larger, the harder the assignment.
    prior: how often each symbol is used, for the entropy coder; `learn_prior` sets it.
    Paper: Byun et al. 2021, section 2.2; Agustsson et al. 2017; Kankanahalli 2018. Chapter: masking_loss.
    """

    on: Tensor
    prior: Tensor

    def __init__(self, bins: int = 32, temperature: float = 300.0) -> None:
        super().__init__()
        if bins < 2 or not 0 < temperature < float("inf"):
            raise ValueError(
                f"A quantiser needs 2 bins or more and a temperature above 0; found {bins} and {temperature}."
            )
        self.bins = nn.Parameter(torch.linspace(-1.0, 1.0, bins))
        self.temperature = nn.Parameter(torch.tensor(float(temperature)))
        self.register_buffer("on", torch.tensor(False))
        self.register_buffer("prior", torch.full((bins,), 1.0 / bins))

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor | None]:
        """Softly quantised codes [...] and their assignments [..., bin]; the codes themselves and None while off."""
        if not self.on:
            return codes, None
        with torch.autocast(codes.device.type, enabled=False):  # bins keep all their digits
            assignment = self.assignment(codes.float())
            return assignment @ self.bins, assignment

    def assignment(self, codes: Tensor) -> Tensor:
        """How much each code [...] belongs to each bin [..., bin]; sums to 1.

        The sign before the temperature is missing in the paper; without it the farthest bin would win.
        Paper: Byun et al. 2021, section 2.2. Chapter: masking_loss.
        """
        distance = (codes.unsqueeze(-1) - self.bins).abs()
        return torch.softmax(-self.temperature * distance, dim=-1)

    def symbols(self, codes: Tensor) -> Tensor:
        """The number (int64) of the nearest bin of each code [...]: the hard assignment."""
        return (codes.unsqueeze(-1) - self.bins).abs().argmin(-1)

    def values(self, symbols: Tensor) -> Tensor:
        """The bins that symbols [...] stand for."""
        return self.bins[symbols]

    @torch.no_grad()
    def learn_prior(self, symbols: Tensor) -> None:
        """Set the prior to how often each symbol occurs in [...], one more time each: none is impossible."""
        counts = torch.bincount(symbols.flatten(), minlength=len(self.bins)).double() + 1.0
        self.prior.copy_(counts / counts.sum())

    @torch.no_grad()
    def start(self, codes: Tensor, sharpness: float | None = None) -> None:
        """Begin to quantise, with bins where k-means puts them in codes [...] of the trained encoder.

        sharpness: if given, the temperature becomes this number over the mean distance of neighbouring bins; evenly
        spaced bins from -1 to 1 and a temperature of 300, the baseline's, have 19.4.
        Raises ValueError on codes that are not finite. Paper: Kankanahalli 2018. Chapter: masking_loss.
        """
        found = k_means(codes.detach().cpu().double().flatten().numpy(), len(self.bins))
        self.bins.copy_(torch.from_numpy(found))
        if sharpness is not None:
            self.temperature.fill_(sharpness * (len(found) - 1) / float(found[-1] - found[0]))
        self.on.fill_(True)


def k_means(numbers: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """`count` increasing centres of numbers [n], each the mean of the numbers nearest to it.

    Lloyd's algorithm from evenly spaced quantiles; all numbers at once, so nothing is drawn. A centre that has no
    numbers moves to the middle of the widest gap. Centres differ even where the numbers do not.
    Raises ValueError where there are no numbers or some are not finite.
    """
    if numbers.size == 0 or not np.isfinite(numbers).all():
        raise ValueError(f"k-means needs finite numbers; found {numbers.size}, some not finite or none at all.")
    ordered = np.sort(numbers)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centres = _apart(np.quantile(ordered, (np.arange(count) + 0.5) / count))
    for _ in range(ITERATIONS):
        edges = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2)
        edges = np.concatenate([[0], edges, [len(ordered)]])
        counts = np.diff(edges)
        means = np.diff(sums[edges]) / np.maximum(counts, 1)
        moved = _apart(np.where(counts > 0, means, centres))
        if np.allclose(moved, centres, rtol=0, atol=1e-9 * max(1.0, float(np.abs(ordered[[0, -1]]).max()))):
            break
        centres = moved
    return centres


def entropy(probability: Tensor) -> Tensor:
    """Entropy in bits of a distribution [..., bin]; L_e. Paper: Byun et al. 2021, section 2.2 (its sign corrected)."""
    return -(probability * (probability + SMALL).log2()).sum(-1)


def usage(symbols: Tensor, bins: int) -> Tensor:
    """How often each of so many symbols occurs in symbols [...], as a distribution [bin] (float64)."""
    counts = torch.bincount(symbols.flatten(), minlength=bins).double()
    return counts / counts.sum()


def distribution(assignment: Tensor) -> Tensor:
    """The mean [bin] of assignments [..., bin]: how often each symbol is used. Paper: Byun et al. 2021, section 2.2."""
    return assignment.reshape(-1, assignment.shape[-1]).mean(0)


def penalty(assignment: Tensor) -> Tensor:
    """L_c: how far assignments [..., bin] are from one bin each; 0 for hard ones, at most sqrt(bins) - 1.

    Paper: Byun et al. 2021, section 2.2. Chapter: masking_loss.
    """
    # The slope of the root at 0 is infinite, and softmax does give exact zeros.
    return ((assignment + SMALL).sqrt() - SMALL**0.5).sum(-1).mean() - 1.0


def _apart(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Increasing centres, with equal ones moved a little apart: a bin that is another's copy would never be chosen."""
    least = 1e-6 * max(1.0, float(np.abs(centres).max()))
    steps = np.arange(len(centres)) * least
    return np.maximum.accumulate(np.sort(centres) - steps) + steps
