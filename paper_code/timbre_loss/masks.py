"""Masks that are learned for a clip: the objective of the paper, its starts, and smoothing.

A mask is added to a log-magnitude spectrogram in dB. It is either a sum of blocks whose gains are learned, or has every
cell free. Many clips are learned at once; each has its own mask, and none depends on another.
Chapter: timbre_loss
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from paper_code.timbre_loss.networks import ScoringNetwork
from paper_code.timbre_loss.spectrograms import BINS

STARTS = ("rectangles", "squares", "gaussian", "nothing")
SMOOTHED = ("after", "before", "within", "never")


@dataclass(frozen=True)
class Blocks:
    """Where the blocks of a mask lie. boxes: whole numbers [block, 4]: first bin, bins, first frame, frames."""

    boxes: Tensor
    frames: int

    def paint(self, gains: Tensor) -> Tensor:
        """Masks [clip, 257, frame] from gains [clip, block] in dB; where blocks overlap, their gains add."""
        rows, columns = (self._inside(axis, size) for axis, size in ((0, BINS), (2, self.frames)))
        return torch.einsum("ck,kb,kf->cbf", gains, rows.to(gains), columns.to(gains))

    def _inside(self, axis: int, size: int) -> Tensor:
        places = torch.arange(size)
        first, extent = self.boxes[:, axis, None], self.boxes[:, axis + 1, None]
        return (places >= first) & (places < first + extent)


def positions(number: int, random: torch.Generator) -> Tensor:
    """Where the middles of rectangles lie, [rectangle, 2]: shares of the band and of the clip, each from 0 to 1.

    The first few of many are what a draw of a few gives: masks of other numbers and sizes share their places.
    """
    return torch.rand(number, 2, generator=random)


def rectangles(frames: int, places: Tensor, height: int, width: int) -> Blocks:
    """Rectangles of a height (bins) and a width (frames) around their places (see `positions`), some partly outside."""
    middles = (places * torch.tensor([BINS, frames])).long()
    sizes = torch.tensor([height, width]).expand(len(places), 2)
    first = middles - sizes // 2
    return Blocks(torch.stack([first[:, 0], sizes[:, 0], first[:, 1], sizes[:, 1]], -1), frames)


def squares(frames: int, side: int) -> Blocks:
    """Squares of a side (bins and frames alike) that tile the spectrogram."""
    places = torch.cartesian_prod(torch.arange(0, BINS, side), torch.arange(0, frames, side))
    sides = torch.full((len(places),), side)
    return Blocks(torch.stack([places[:, 0], sides, places[:, 1], sides], -1), frames)


@dataclass(frozen=True)
class Recipe:
    """How a mask is learned. The defaults are ours; the paper gives no numbers.

    start: one of STARTS. free: every cell is learned, not only the gains of the blocks. alpha, beta: weights of the
    mask's mean square and of its variance, per dB². number, height (bins), width (frames): of rectangles. side: of
    squares. gain: spread of the first gains, or of a Gaussian start's cells, in dB.
    smoothed: by a mean over `window` bins and frames: after learning, before it, never, or "within" it, which is ours: the
    network then scores the smooth mask at every step, and cannot use the edges of blocks. steps, rate (dB): of Adam.
    """

    start: str = "rectangles"
    free: bool = False
    alpha: float = 2e-3
    beta: float = 2e-3
    number: int = 120
    height: int = 16
    width: int = 30
    side: int = 20
    gain: float = 3.0
    smoothed: str = "after"
    window: int = 9
    steps: int = 100
    rate: float = 1.0

    def __post_init__(self) -> None:
        for name, value, known in (("start", self.start, STARTS), ("smoothed", self.smoothed, SMOOTHED)):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}; found {value!r}.")
        if not self.free and self.start in ("gaussian", "nothing"):
            raise ValueError(f"a start from {self.start} has no blocks: its cells must be free.")

    def unconstrained(self) -> "Recipe":
        """The same with alpha = beta = 0."""
        return replace(self, alpha=0.0, beta=0.0)


# The masks that the chapter compares. The first is the paper's, the third its adversarial control.
RECIPES = {
    "rectangles": Recipe(),
    "squares": Recipe(start="squares"),
    "gaussian": Recipe(start="gaussian", free=True, smoothed="never").unconstrained(),
    "rectangles_free": Recipe(free=True),
    "smoothed_before": Recipe(free=True, smoothed="before"),
    "rectangles_unconstrained": Recipe().unconstrained(),
    "gaussian_constrained": Recipe(start="gaussian", free=True, smoothed="never"),
    "smoothed_within": Recipe(smoothed="within"),
    "nothing": Recipe(start="nothing", free=True, smoothed="never").unconstrained(),
}


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned for some clips. raw, masks: [clip, 257, frame] in dB, before and after smoothing.

    curve: the objective of each clip at each step, [step, clip]. gains: [clip, block], None where cells are free.
    """

    raw: Tensor
    masks: Tensor
    curve: Tensor
    gains: Tensor | None
    blocks: Blocks | None


def objective(network: ScoringNetwork, spectrograms: Tensor, masks: Tensor, alpha: float, beta: float) -> Tensor:
    """Score of the transformed spectrograms plus what the masks cost, one value a clip: [clip].

    spectrograms, masks: [clip, 257, frame] in dB. The size is the mean over cells, so that alpha does not depend on it.
    Paper: Verma & Berger 2019, section III: L_c(X_inp + M) + alpha |X_inp - X_t|² + beta L_v(M), with L_v the variance
    over all cells.
    """
    size = masks.square().mean((-2, -1))
    variance = masks.var((-2, -1), correction=0)
    return network(spectrograms + masks) + alpha * size + beta * variance


def learn(network: ScoringNetwork, spectrograms: Tensor, recipe: Recipe, seed: int = 0, target: int = 0) -> Learned:
    """Learn one mask for each of some spectrograms [clip, 257, frame] in dB, towards the class `target` (0 or 1).

    seed: draws the start, which is the same for all clips. The network is not changed.
    Paper: Verma & Berger 2019, section III, M_o = argmin.
    """
    blocks, first = start(recipe, spectrograms.shape[-1], seed)
    learned = first.expand(len(spectrograms), *first.shape).clone().requires_grad_()
    optimiser = torch.optim.Adam([learned], lr=recipe.rate)
    fixed = _Frozen(network, target)
    curve = []
    for _ in range(recipe.steps):
        painted = _painted(learned, blocks, recipe)
        values = objective(fixed, spectrograms, painted, recipe.alpha, recipe.beta)
        (learned.grad,) = torch.autograd.grad(values.sum(), [learned])
        optimiser.step()
        curve.append(values.detach())
    found = learned.detach()
    raw = _painted(found, blocks, recipe)
    masks = smooth(raw, recipe.window) if recipe.smoothed == "after" else raw
    return Learned(raw, masks, torch.stack(curve), None if recipe.free else found, blocks)


def _painted(learned: Tensor, blocks: Blocks | None, recipe: Recipe) -> Tensor:
    cells = learned if recipe.free else blocks.paint(learned)
    return smooth(cells, recipe.window) if recipe.smoothed == "within" else cells


def start(recipe: Recipe, frames: int, seed: int) -> tuple[Blocks | None, Tensor]:
    """The blocks of a recipe, if any, and the first values of what is learned: gains [block] or cells [257, frame]."""
    random = torch.Generator().manual_seed(seed)
    if recipe.start == "nothing":
        return None, torch.zeros(BINS, frames)
    if recipe.start == "gaussian":
        return None, recipe.gain * torch.randn(BINS, frames, generator=random)
    if recipe.start == "squares":
        blocks = squares(frames, recipe.side)
    else:
        blocks = rectangles(frames, positions(recipe.number, random), recipe.height, recipe.width)
    gains = recipe.gain * torch.randn(len(blocks.boxes), generator=random)
    if not recipe.free:
        return blocks, gains
    painted = blocks.paint(gains[None])[0]
    return blocks, smooth(painted, recipe.window) if recipe.smoothed == "before" else painted


def start_mask(recipe: Recipe, frames: int, seed: int) -> Tensor:
    """The mask [257, frame] in dB that a recipe starts from."""
    blocks, first = start(recipe, frames, seed)
    return first if recipe.free else blocks.paint(first[None])[0]


class _Frozen:
    """A network that only scores, towards one of its classes: its weights get no gradient, its statistics stay."""

    def __init__(self, network: ScoringNetwork, target: int) -> None:
        if target not in (0, 1):
            raise ValueError(f"target is class 0 or 1; found {target!r}.")
        self._network, self._target = network.eval(), target

    def __call__(self, spectrograms: Tensor) -> Tensor:
        scores = self._network(spectrograms)
        return scores if self._target == 0 else 1 - scores


def smooth(masks: Tensor, window: int) -> Tensor:
    """Masks [..., bin, frame] averaged over windows of so many bins and frames (odd); at the edges over what there is.

    Paper: Verma & Berger 2019: "The initial blocks are then averaged to yield a smoother transitions".
    """
    if window % 2 == 0 or window < 1:
        raise ValueError(f"a window of smoothing has an odd number of cells; found {window}.")
    flat = masks.reshape(-1, 1, *masks.shape[-2:])
    mean = functional.avg_pool2d(flat, window, 1, window // 2, count_include_pad=False)
    return mean.reshape(masks.shape)


def roughness(masks: Tensor) -> Tensor:
    """Mean absolute step between neighbouring cells over both axes, in dB, of masks [..., bin, frame]: [...]."""
    steps = [masks.diff(dim=axis).abs().mean((-2, -1)) for axis in (-2, -1)]
    return (steps[0] + steps[1]) / 2


def size(masks: Tensor) -> Tensor:
    """Root mean square of masks [..., bin, frame] in dB: [...]."""
    return masks.square().mean((-2, -1)).sqrt()


def along_frequency(masks: Tensor, powers: Tensor) -> Tensor:
    """What a mask does as an equaliser, [..., bin] in dB: the change of each bin's energy over the clip.

    masks: [..., bin, frame] in dB. powers: of the input's cells, same shape.
    """
    return 10 * torch.log10((powers * 10 ** (masks / 10)).sum(-1) / powers.sum(-1).clamp_min(1e-30))


def equaliser(spectrograms: Tensor) -> Tensor:
    """The simplest mask: the difference of the two classes' mean log spectra, [257] in dB, which takes class 1 to class 0.

    spectrograms: [melody, class, 257, frame] in dB.
    """
    means = spectrograms.mean((0, -1))
    return means[0] - means[1]


def differences(masks: Sequence[Tensor]) -> Tensor:
    """Root mean square difference in dB between every two of some masks [bin, frame]: [pair]."""
    pairs = [(i, j) for i in range(len(masks)) for j in range(i)]
    return torch.stack([size(masks[i] - masks[j]) for i, j in pairs])
