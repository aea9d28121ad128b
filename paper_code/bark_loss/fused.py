"""Distance between the Bark features of two signals and its gradient, in one pass over the bands.

The features of one 8192-sample signal are 512 x 8705 numbers. Letting autograd keep them, and every step that led to
them, costs more time in memory than in arithmetic. Both distances have gradients that are sums of two terms with
scalar factors known only at the end, so one pass over small groups of bands is enough: it adds up the scalar products
and, per signal, the two correlations that the gradient needs (with the other signal's features and with its own).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

GROUP_SIZE = 16 * 9216  # numbers a buffer of a group of bands may hold: little enough to stay in the cache
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


class _Workspace:
    """Buffers for a group of bands, made once a call: asking for memory again and again costs more than arithmetic."""

    def __init__(self, spectrum: Tensor, bands: int, analysis: Analysis) -> None:
        shape = (spectrum.shape[0], bands, analysis.fft_length)
        real = spectrum.real.dtype
        self.spectrum = spectrum.new_empty(*shape[:2], spectrum.shape[-1])
        self.plus_one = [spectrum.new_empty(shape, dtype=real) for _ in range(2)]
        self.compressed = [spectrum.new_empty(shape, dtype=real) for _ in range(2)]
        self.scratch = spectrum.new_empty(shape, dtype=real)
        self.silent = spectrum.new_empty(shape, dtype=torch.bool)

    def first(self, bands: int) -> "_Workspace":
        """The same buffers for a last, smaller group."""
        smaller = object.__new__(_Workspace)
        for name, value in vars(self).items():
            cut = [v[:, :bands] for v in value] if isinstance(value, list) else value[:, :bands]
            setattr(smaller, name, cut)
        return smaller


def log1p_(values: Tensor, plus_one: Tensor, scratch: Tensor) -> Tensor:
    """ln(1 + values) in place, given `plus_one` = 1 + values as rounded; exact to rounding for small values too.

    torch.log1p is 5 times slower than torch.log on some processors; the second term restores what rounding took.
    """
    torch.sub(plus_one, 1.0, out=scratch)
    values.sub_(scratch).div_(plus_one)
    return values.add_(torch.log(plus_one, out=scratch))


def _compress(work: _Workspace, i: int, spectrum: Tensor, responses: Tensor, analysis: Analysis) -> None:
    """Fill the rectified and compressed outputs of a group of bands for signal i; left-out frames become 0."""
    product = torch.mul(spectrum.unsqueeze(-2), responses, out=work.spectrum)
    values = torch.fft.irfft(product, n=analysis.fft_length, out=work.compressed[i])
    values[..., analysis.frames :] = 0.0
    for offset in range(1, analysis.stride):
        values[..., offset :: analysis.stride] = 0.0
    values.clamp_min_(0.0)
    log1p_(values, torch.add(values, 1.0, out=work.plus_one[i]), work.scratch)


def _adjoint(work: _Workspace, i: int, j: int, back: Tensor, analysis: Analysis) -> Tensor:
    """Spectrum [batch, bin] of what the features of signal j mean for signal i, through the steps of i."""
    values = torch.div(work.compressed[j], work.plus_one[i], out=work.scratch)
    if i != j:
        values.masked_fill_(torch.le(work.compressed[i], 0.0, out=work.silent), 0.0)
    return torch.fft.rfft(values, n=analysis.fft_length, out=work.spectrum).mul_(back).sum(dim=-2)


def _scaled_spectrum(signal: Tensor, analysis: Analysis) -> Tensor:
    after = analysis.fft_length - analysis.taps - signal.shape[-1]
    return torch.fft.rfft(torch.nn.functional.pad(signal * analysis.log_factor, (analysis.taps, after)))


def _one_pass(signals: tuple[Tensor, Tensor], analysis: Analysis, wanted: tuple[bool, bool]) -> Any:
    """Scalar products (2 x 2, [batch]) of the features, and for each wanted signal its adjoint spectra by signal."""
    spectra = [_scaled_spectrum(signal, analysis) for signal in signals]
    batch = signals[0].shape[0]
    products = [[signals[0].new_zeros(batch) for _ in signals] for _ in signals]
    adjoint = [[torch.zeros_like(spectra[0]) for _ in signals] if want else None for want in wanted]
    bands = analysis.responses.shape[0]
    size = min(bands, max(1, GROUP_SIZE // (analysis.fft_length * batch)))
    work = _Workspace(spectra[0], size, analysis)
    for start in range(0, bands, size):
        responses = analysis.responses[start : start + size]
        if responses.shape[0] < size:
            work = work.first(responses.shape[0])
        power = analysis.weights[start : start + size] ** 2
        for i, spectrum in enumerate(spectra):
            _compress(work, i, spectrum, responses, analysis)
        for i, j in ((0, 0), (0, 1), (1, 1)):
            products[i][j] += torch.linalg.vecdot(work.compressed[i], work.compressed[j]) @ power
        back = responses.conj().resolve_conj() * (power * analysis.log_factor).unsqueeze(-1)
        for i, rows in enumerate(adjoint):
            if rows is not None:
                for j in range(2):
                    rows[j] += _adjoint(work, i, j, back, analysis)
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
    """Distance [batch] between the Bark features of two signals [batch, time].

    plain: the same distance by plain operations, for a derivative of its derivative (create_graph=True).
    """

    @staticmethod
    def forward(
        ctx: Any,
        estimate: Tensor,
        reference: Tensor,
        analysis: Analysis,
        distance: str,
        plain: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
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
        ctx.plain = plain
        ctx.save_for_backward(estimate, reference, *gradients)
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        *signals, ours, theirs = ctx.saved_tensors
        if torch.is_grad_enabled():  # a graph of the gradient is wanted
            needed = [signal for signal, need in zip(signals, ctx.needs_input_grad, strict=False) if need]
            made = iter(torch.autograd.grad(ctx.plain(*signals), needed, upstream, create_graph=True))
            ours, theirs = (next(made) if need else None for need in ctx.needs_input_grad[:2])
            return ours, theirs, None, None, None
        scaled = (None if gradient is None else gradient * upstream.unsqueeze(-1) for gradient in (ours, theirs))
        return *scaled, None, None, None
