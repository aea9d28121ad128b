"""A network beside a transform: at first it adds nothing, then it learns, and silence stays silence all along."""

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.lapped import LappedPath
from paper_code.masking_loss.coder.quantiser import k_means


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _beside(width: int = 3, **options: object) -> SpeechCoder:
    """A network beside a transform."""
    torch.manual_seed(0)
    return SpeechCoder(width, start="lapped", fold=16, residual_gain=0.1, **options)


def _stepped(coder: SpeechCoder, steps: int = 3) -> SpeechCoder:
    """Trained a few steps on noise, as a training does it."""
    optimiser = torch.optim.Adam(coder.parameters(), 1e-2)
    for seed in range(steps):
        frames = _noise(4, 512, seed=seed)
        optimiser.zero_grad()
        (coder(frames)[0] - frames).square().mean().backward()
        coder.quantiser.hold_middle()
        optimiser.step()
    return coder


@torch.no_grad()
def test_an_untrained_network_adds_nothing_to_the_transform():
    coder, alone, frames = _beside(), SpeechCoder(0, start="lapped"), _noise(2, 5, 512)
    codes = coder.encode(frames)
    assert torch.equal(codes, LappedPath().codes(frames))
    assert torch.equal(coder.decode(codes), LappedPath().frames(codes))
    for each in (coder, alone):
        each.start_quantiser(frames, 2.0, sharpness=4.0)
    assert torch.equal(coder.symbols(frames), alone.symbols(frames))
    assert torch.equal(coder(frames)[0], alone(frames)[0])


def test_a_network_learns_from_its_first_step_on_and_then_adds_something():
    coder, frames = _beside(assignment="hard"), _noise(4, 512)
    coder.start_quantiser(frames, 2.0, sharpness=4.0)
    _stepped(coder, 2)
    for half in (coder.encoder, coder.decoder):
        assert all(values.grad.any() for values in half.parameters())
    with torch.no_grad():
        assert not torch.allclose(coder.encode(frames), coder.path.codes(frames), atol=1e-3)
        assert coder.encode(frames).sub(coder.path.codes(frames)).isfinite().all()


@pytest.mark.parametrize("assignment", ["soft", "hard"])
@pytest.mark.parametrize("trained", [0, 3])
def test_beside_a_transform_silence_stays_silence_exactly(assignment, trained):
    coder, silence = _beside(assignment=assignment), torch.zeros(3, 512)
    coder.start_quantiser(_noise(20, 512), 2.0, sharpness=4.0)
    _stepped(coder, trained)
    assert torch.equal(coder.unquantised(silence), silence)
    symbols = coder.symbols(silence)
    assert (symbols == 16).all()
    assert torch.equal(coder.synthesise(symbols), silence)
    if assignment == "hard":
        assert torch.equal(coder(silence)[0], silence)
    assert not [name for name, _ in coder.named_parameters() if name.endswith(".bias")]


def test_beside_a_transform_gradients_are_finite_at_silence():
    coder = _stepped(_beside(assignment="hard"))
    coder.start_quantiser(_noise(20, 512), 2.0, sharpness=4.0)
    coder.zero_grad()
    found, assignment = coder(torch.cat([torch.zeros(2, 512), _noise(1, 512)]))
    (found.square().sum() + assignment.square().sum()).backward()
    assert all(values.grad.isfinite().all() for values in coder.parameters())


@torch.no_grad()
@pytest.mark.parametrize("width", [0, 3])
def test_beside_a_transform_a_step_of_the_quantiser_becomes_1(width):
    coder, frames = _beside(width) if width else SpeechCoder(0, start="lapped"), 0.1 * _noise(30, 512)
    before = coder.encode(frames)
    coder.start_quantiser(frames, 2.0)
    assert coder.path.scale != 1
    codes = coder.encode(frames)
    assert torch.allclose(codes, coder.path.scale * before, rtol=1e-5)
    counts = np.unique(coder.symbols(frames).numpy(), return_counts=True)[1] / codes.numel()
    assert -(counts * np.log2(counts)).sum() == pytest.approx(2.0, abs=0.02)
    assert coder.quantiser.bins[16] == 0
    scale, bins = coder.path.scale.clone(), coder.quantiser.bins.clone()
    coder.start_quantiser(frames, 2.0)  # again: nothing moves
    assert coder.path.scale.item() == pytest.approx(scale.item(), rel=1e-3)
    assert torch.allclose(coder.quantiser.bins, bins, rtol=1e-3)


def test_without_a_rate_or_a_transform_bins_start_by_k_means():
    for coder in (SpeechCoder(3, residual_gain=0.1), _beside()):
        frames = _noise(4, 512)
        expected = k_means(coder.encode(frames).detach().double().flatten().numpy(), 32)
        coder.start_quantiser(frames, 2.0 if coder.path is None else None, 19.4)
        assert np.allclose(coder.quantiser.bins.detach(), expected, atol=1e-4)
        assert coder.quantiser.temperature.item() == pytest.approx(19.4 * 31 / (expected[-1] - expected[0]), rel=1e-4)


def test_a_transform_alone_has_no_network():
    coder = SpeechCoder(0, 16, start="lapped", path=LappedPath(32, 32, normalised=False))
    assert {name for name, _ in coder.named_parameters()} == {"quantiser.bins", "quantiser.temperature"}
    assert coder.encode(_noise(2, 3, 512)).shape == (2, 3, 256)
    assert coder(_noise(512))[0].shape == (512,)
    for start in ("he", "half_band"):
        with pytest.raises(ValueError, match="1 or more, or 0 beside a transform; found 0"):
            SpeechCoder(0, start=start)
    with pytest.raises(ValueError, match="found -1"):
        SpeechCoder(-1, start="lapped")
