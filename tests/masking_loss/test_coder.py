"""The coder's network: its size, its blocks against a plain computation, and what it refuses."""

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder import initialisation
from paper_code.masking_loss.coder.coder import (
    Block,
    Interleave,
    Layer,
    SpeechCoder,
    change_block,
    down_block,
    up_block,
)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _small(width: int = 3, seed: int = 0, **options: object) -> SpeechCoder:
    torch.manual_seed(seed)
    return SpeechCoder(width, **options)


def test_the_papers_coder_has_1558847_weights():
    coder = SpeechCoder()
    assert _count(coder) == 1_558_847
    assert _count(coder.encoder) + _count(coder.quantiser) == 742_448
    assert _count(coder.decoder) == 816_399


def test_known_weights_give_what_they_gave_before_samples_could_be_folded():
    """The numbers are those of the version that knew neither folding nor a transform."""
    coder = SpeechCoder(3, 8)
    with torch.no_grad():
        for half in (coder.encoder, coder.decoder):
            for number, (_, values) in enumerate(sorted(half.named_parameters())):
                place = torch.arange(values.numel(), dtype=torch.float64)
                values.copy_((0.25 * torch.cos(0.7 * place + number)).reshape(values.shape))
        time = torch.arange(1024, dtype=torch.float64)
        codes = coder.encode(0.1 * torch.sin(0.002 * time**1.3).float().reshape(2, 512))
        frames = coder.decode(codes)
    expected = [1.0936294, 3.5580900, 0.1740545, 0.1834133, 1.5566546, 3.5535569]
    assert codes[1, ::50].tolist() == pytest.approx(expected, rel=1e-4)
    expected = [101.517883, 290.257111, 37.9969788, 9.77128887, 54.3607788, 170.559906]
    assert frames[1, ::90].tolist() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("fold", [1, 2, 16, 64])
def test_neighbouring_samples_are_channels_and_a_code_belongs_to_a_block_and_its_lines(fold):
    """Four blocks; the network's places within a block are a part of its lines for every channel."""
    coder, frames, codes = _small(fold=fold, residual_gain=0.1), _noise(2, 512), _noise(2, 256, seed=1)
    assert coder.encoder[0].residual[0][0].in_channels == coder.decoder[-1].residual[-1][0].out_channels == fold
    folded = torch.stack([frames[:, channel::fold] for channel in range(fold)], 1)
    with torch.no_grad():
        inner = coder.encoder(folded.unsqueeze(2)).squeeze(2)
        found, part = coder.encode(frames), 64 // fold
        placed = torch.zeros(2, fold, 256 // fold)
        for block, channel in np.ndindex(4, fold):
            places = slice(64 * block + part * channel, 64 * block + part * (channel + 1))
            assert torch.equal(found[:, places], inner[:, channel, part * block : part * (block + 1)])
            placed[:, channel, part * block : part * (block + 1)] = codes[:, places]
        outer = coder.decoder(placed.unsqueeze(2)).squeeze(2)
        for channel in range(fold):
            assert torch.allclose(coder.decode(codes)[:, channel::fold], outer[:, channel], atol=1e-6)


@pytest.mark.parametrize("fold", [0, -1, 3, 12, 128])
def test_samples_that_cannot_be_folded_are_refused(fold):
    with pytest.raises(ValueError, match=f"fold is a power of 2 up to 64; found {fold}"):
        SpeechCoder(2, fold=fold)


def test_frames_become_256_numbers_and_frames_again():
    coder = _small()
    codes = coder.encode(_noise(2, 3, 512))
    assert codes.shape == (2, 3, 256)
    assert coder.decode(codes).shape == (2, 3, 512)
    found, assignment = coder(_noise(512))
    assert found.shape == (512,)
    assert assignment is None
    coder.quantiser.start(codes)
    assert coder(_noise(2, 512))[1].shape == (2, 256, 32)


def _plain_convolution(signal: np.ndarray, layer: Layer, dilation: int, stride: int) -> np.ndarray:
    """Zeros beyond the ends, nine taps around each (second) sample, then a PReLU with a slope a channel."""
    weight, bias = layer[0].weight.detach().double().numpy()[:, :, 0], layer[0].bias.detach().double().numpy()
    slope, time = layer[1].weight.detach().double().numpy(), signal.shape[-1]
    padded = np.pad(signal, ((0, 0), (4 * dilation, 4 * dilation)))
    found = np.array(
        [[(weight[o] * padded[:, t : t + 8 * dilation + 1 : dilation]).sum() + bias[o] for t in range(0, time, stride)]
         for o in range(len(weight))]
    )  # fmt: skip
    return np.where(found > 0, found, slope[:, None] * found)


def _like_trained(layer: Layer) -> Layer:
    layer[0].bias.data.normal_()
    layer[1].weight.data.uniform_(-0.5, 0.8)
    return layer


@pytest.mark.parametrize(("dilation", "stride"), [(1, 1), (4, 1), (8, 1), (1, 2)])
def test_a_layer_is_a_convolution_and_a_slope_for_each_channel(dilation, stride):
    torch.manual_seed(1)
    layer, signal = _like_trained(Layer(2, 3, dilation, stride)), _noise(1, 2, 1, 40)
    expected = _plain_convolution(signal[0, :, 0].double().numpy(), layer, dilation, stride)
    assert np.allclose(layer(signal)[0, :, 0].detach().numpy(), expected, atol=1e-5)


def test_blocks_add_shortcut_and_residual_and_nothing_after():
    torch.manual_seed(2)
    signal = _noise(1, 4, 1, 32)
    for block, shape in ((change_block(4, 2), (2, 32)), (down_block(4), (4, 16)), (up_block(4), (4, 64))):
        found = block(signal)
        assert found.shape == (1, shape[0], 1, shape[1])
        assert torch.equal(found, block.shortcut(signal) + block.residual(signal))
    plain = Block([Layer(4, 4, 2), Layer(4, 4, 2)])
    assert torch.equal(plain(signal), signal + plain.residual(signal))


def test_interleaving_puts_the_second_half_of_the_channels_between_the_first():
    signal = torch.arange(12.0).reshape(1, 4, 1, 3)
    found = Interleave()(signal)
    assert found[0, 0, 0].tolist() == [0, 6, 1, 7, 2, 8]
    assert found[0, 1, 0].tolist() == [3, 9, 4, 10, 5, 11]
    assert torch.equal(Interleave()(signal.contiguous(memory_format=torch.channels_last)), found)


def test_weights_start_as_he_drew_them():
    torch.manual_seed(0)
    layer = Layer(64, 64)
    assert layer[0].weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not layer[0].bias.any()
    assert (layer[1].weight == 0.3).all()


def test_a_residual_gain_of_nought_leaves_the_shortcuts():
    coder = _small(residual_gain=0.0)
    signal = _noise(1, 3, 1, 64)
    for block in coder.encoder[1:5]:
        assert torch.equal(block(signal), signal)
    assert _small().encoder[1](signal).sub(signal).abs().max() > 0.1


@pytest.mark.parametrize(("width", "gain"), [(2, 1.0), (5, 0.3)])
def test_the_half_band_start_is_a_linear_filter_whatever_the_other_channels(width, gain):
    """Every second sample after nine taps, and from those the even and the odd samples again."""
    coder = _small(width, residual_gain=gain, start="half_band")
    signal = _noise(512).double().numpy()
    padded = np.pad(signal, 4)
    kept = np.array([(initialisation.DOWN[0].numpy() * padded[2 * t : 2 * t + 9]).sum() for t in range(256)])
    around = np.pad(kept, 4)
    expected = [(taps.numpy() * around[t : t + 9]).sum() for t in range(256) for taps in initialisation.UP]
    with torch.no_grad():
        codes = coder.encode(torch.from_numpy(signal).float())
    assert np.allclose(codes, kept, atol=1e-5)
    assert np.allclose(coder.unquantised(torch.from_numpy(signal).float()), expected, atol=1e-5)


def test_the_half_band_start_keeps_what_lies_below_3_khz():
    coder, time = _small(start="half_band"), np.arange(512) / 16000
    for hertz, least in ((300, 16), (1000, 16), (2500, 13)):
        tone = torch.from_numpy(np.sin(2 * np.pi * hertz * time)).float()
        inner = slice(32, -32)
        error = coder.unquantised(tone) - tone
        ratio = 10 * torch.log10(tone[inner].square().sum() / error[inner].square().sum())
        assert ratio.item() > least, hertz


def test_the_half_band_start_needs_a_pair_of_channels():
    with pytest.raises(ValueError, match="2 channels or more; found 1"):
        SpeechCoder(1, start="half_band")
    with pytest.raises(ValueError, match="start is one of 'he', 'half_band', 'lapped'"):
        SpeechCoder(2, start="identity")


def test_frames_do_not_see_each_other():
    coder, frames = _small(residual_gain=0.1), 0.1 * _noise(4, 512)
    alone = torch.stack([coder.decode(coder.encode(frame)) for frame in frames])
    assert torch.allclose(coder(frames)[0], alone, atol=1e-5)


def test_symbols_are_those_of_the_nearest_bins_for_any_number_of_frames():
    coder = _small(residual_gain=0.1)
    frames = 0.1 * _noise(2, 70, 512)
    with torch.no_grad():
        codes = coder.encode(frames)
    coder.quantiser.start(codes)
    symbols = coder.symbols(frames)
    assert symbols.shape == (2, 70, 256)
    distance = (codes[..., None] - coder.quantiser.bins).abs()
    chosen = distance.gather(-1, symbols[..., None]).squeeze(-1)
    assert (chosen - distance.amin(-1)).max() < 1e-5
    found = coder.synthesise(symbols)
    assert torch.allclose(found, coder.decode(coder.quantiser.values(symbols)), atol=1e-4)
    assert torch.equal(found, coder.synthesise(symbols))
    assert torch.allclose(coder.unquantised(frames), coder.decode(codes), atol=1e-4)


def test_gradients_are_finite_at_silence_and_reach_every_weight():
    coder = _small()
    found, _ = coder(torch.zeros(2, 512))
    assert found.isfinite().all()
    found.sum().backward()
    coder.zero_grad()
    coder.quantiser.start(coder.encode(_noise(4, 512)))
    coder(_noise(4, 512))[0].square().mean().backward()
    assert all(p.grad.isfinite().all() for p in coder.parameters())
    assert all(p.grad.any() for p in coder.parameters())


def test_under_autocast_bins_keep_their_digits():
    coder = _small(residual_gain=0.1)
    coder.quantiser.start(coder.encode(_noise(4, 512)))
    coder.quantiser.temperature.data.fill_(1e6)
    with torch.autocast("cpu", torch.bfloat16):
        values, assignment = coder.quantiser(coder.encode(_noise(4, 512)))
    assert values.dtype == assignment.dtype == torch.float32
    assert (values[..., None] - coder.quantiser.bins).abs().amin(-1).max() < 1e-3


@pytest.mark.parametrize("start", ["he", "lapped"])
@pytest.mark.parametrize("shape", [(), (511,), (3, 513), (2, 0)])
def test_other_frames_and_codes_are_refused(shape, start):
    coder = _small(start=start)
    with pytest.raises(ValueError, match=r"Wanted frames \[\.\.\., 512\]"):
        coder.encode(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"Wanted codes \[\.\.\., 256\]"):
        coder.decode(torch.zeros(shape))
