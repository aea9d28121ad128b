"""The quantiser: every number of a frame goes to one of a few bins, softly in training, to the nearest in use."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from torch import Tensor, nn

from paper_code.audio.signals import require_choice

ASSIGNMENTS = ("soft", "hard")
NARROWER = 0.2  # steps by which the bin at 0 is narrower on each side than the others, where bins start evenly
EVEN = 0.7  # of the largest number: even bins reach it, if need be with growing steps
HALVINGS = 40
MISSED = 0.02  # bits a symbol
SMALL = 1e-12  # under a square root or a logarithm
ITERATIONS = 100  # of k-means at most


class SoftmaxQuantiser(nn.Module):
    """Trainable bins and temperature. Until `start` is called it lets numbers through unchanged.

    bins: how many, at first evenly from -1 to 1.   temperature: the larger, the harder the assignment.
    assignment: "soft": in training a number becomes the mean of the bins, weighted by its assignment. "hard": it becomes
    the nearest bin, as in use, and only the gradient is that of the soft mean.
    prior: how often each symbol is used, for the entropy coder; `learn_prior` sets it.
    Paper: Byun et al. 2021, section 2.2; Agustsson et al. 2017; Kankanahalli 2018. "hard": Mentzer et al. 2018.
    Chapter: masking_loss.
    """

    on: Tensor
    prior: Tensor

    def __init__(self, bins: int = 32, temperature: float = 300.0, assignment: str = "soft") -> None:
        super().__init__()
        require_choice("assignment", assignment, ASSIGNMENTS)
        self.hard = assignment == "hard"
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
            soft = assignment @ self.bins
            return soft + (self.values(self.symbols(codes)) - soft).detach() if self.hard else soft, assignment

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
        centres = k_means(codes.detach().cpu().double().flatten().numpy(), len(self.bins))
        self.bins.copy_(torch.from_numpy(centres))
        if sharpness is not None:
            self.temperature.fill_(sharpness * (len(centres) - 1) / float(centres[-1] - centres[0]))
        self.on.fill_(True)

    @torch.no_grad()
    def start_at_rate(
        self, codes: Tensor, bits: float, sharpness: float | None = None, narrower: float = NARROWER
    ) -> float:
        """Begin to quantise, with even bins for numbers [...] so that a symbol takes so many bits; returns their step.

        The bins are those of numbers divided by that step, the middle one at 0.   sharpness: of a step.   narrower: see
        `even_bins`.
        Raises ValueError on numbers that are not finite or all 0, and for bits that no step of such bins brings.
        """
        largest, count = float(codes.abs().max()), len(self.bins)
        if not 0 < largest < math.inf or not 0 < bits < math.log2(count):
            raise ValueError(f"Wanted finite numbers and 0 to {math.log2(count):.2f} bits; found {largest} and {bits}.")
        low, high = 1e-4 * largest, largest
        for _ in range(HALVINGS):
            step = math.sqrt(low * high)
            bins = even_bins(count, EVEN * largest / step, narrower)
            used = usage(torch.bucketize(codes / step, (bins[1:] + bins[:-1]) / 2), count)
            reached = float(entropy(used))
            low, high = (step, high) if reached > bits else (low, step)
        if abs(reached - bits) > MISSED:
            raise ValueError(f"Wanted {bits:.3f} bits a symbol; {count} even bins of these numbers take {reached:.3f}.")
        self.bins.copy_(bins)
        if sharpness is not None:
            self.temperature.fill_(sharpness)
        self.on.fill_(True)
        return step

    @torch.no_grad()
    def widen(self, factor: float) -> None:
        """Multiply the distances of the bins, and so lower the rate of a factor above 1; the assignment stays as hard."""
        self.bins.mul_(factor)
        self.temperature.div_(factor)

    def hold_middle(self) -> None:
        """Let the bin at 0 stay there in the next step of an optimiser: silence stays silence."""
        if self.bins.grad is not None:
            self.bins.grad[len(self.bins) // 2] = 0.0


def even_bins(count: int, reach: float, narrower: float = 0.0) -> Tensor:
    """`count` bins from about -`reach` to `reach`, with steps of 1 near 0 that grow further out if they must.

    narrower: steps by which the bin at 0 is narrower on each side. Most numbers lie there, and more of them is then kept.
    Raises ValueError for fewer than 3 bins.
    """
    if count < 3:
        raise ValueError(f"Bins on both sides of 0 are at least 3; found {count}.")
    number = torch.arange(-(count // 2), (count + 1) // 2, dtype=torch.float32)
    most = (count - 1) // 2
    growth = 0.0
    if reach > most:
        largest = 2.0
        while math.sinh(most * largest) / largest < reach:
            largest *= 2
        growth = float(brentq(lambda g: math.sinh(most * g) / g - reach, 1e-6, largest))
    size = number.abs() if growth == 0.0 else torch.sinh(growth * number.abs()) / growth
    return number.sign() * (size - narrower).clamp_min(0.0)


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
