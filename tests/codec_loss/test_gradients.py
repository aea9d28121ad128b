"""Where each loss pulls: shares of a signal's energy by the level of the cells it falls into."""

import numpy as np
import pytest
import torch

from paper_code.codec_loss import coding, experiment, gradients, stimuli
from paper_code.codec_loss.building import autoencoder
from paper_code.codec_loss.configs import FAIR
from paper_code.codec_loss.networks import PATCH, coded, complex_spectrogram, magnitude_spectrogram


def _tones(*parts: tuple[float, float]) -> torch.Tensor:
    """A sum of tones (Hz, dB re full scale), [1, PATCH]."""
    seconds = torch.arange(PATCH) / stimuli.SAMPLE_RATE
    return sum(10 ** (level / 20) * torch.sin(2 * torch.pi * hertz * seconds) for hertz, level in parts)[None]


@pytest.mark.parametrize(("hertz", "found"), [(1000.0, 0), (2000.0, 1), (3000.0, 2), (6000.0, 4)])
def test_a_tone_falls_into_the_cells_of_its_frequency(hertz, found):
    """Cells at 0, -30 and -50 dB, and nothing at 6 kHz: what falls there pulls at silence."""
    sound = _tones((1000.0, -6.0), (2000.0, -36.0), (3000.0, -56.0))
    shares = gradients.shares(_tones((hertz, -20.0)), sound)
    assert shares.shape == (5,)
    assert shares.sum().item() == pytest.approx(1)
    assert shares[found].item() > 0.5
    assert shares.argmax().item() == found


def test_shares_are_those_of_a_slow_loop():
    signal, sound = torch.randn(2, 2, 4096, generator=torch.Generator().manual_seed(0))
    energy, cells = complex_spectrogram(signal).abs().square().numpy(), magnitude_spectrogram(sound).numpy()
    wanted = np.zeros((2, 3))
    for i in range(2):
        for place in np.ndindex(cells[i].shape):
            under = 20 * np.log10(cells[i].max() / cells[i][place])
            wanted[i, 0 if under < 15 else 1 if under < 30 else 2] += energy[i][place]
    wanted /= wanted.sum(1, keepdims=True)
    found = gradients.shares(signal, sound, (0.0, 15.0, 30.0))
    assert found.numpy() == pytest.approx(wanted.mean(0), abs=1e-4)


def test_level_and_gain_do_not_matter():
    signal, sound = torch.randn(2, 1, 4096, generator=torch.Generator().manual_seed(1))
    found = gradients.shares(signal, sound)
    assert gradients.shares(0.01 * signal, 0.1 * sound).numpy() == pytest.approx(found.numpy(), abs=1e-5)


@pytest.mark.parametrize("model", "ab")
def test_a_loss_pulls_somewhere(model):
    config = experiment.experiments("smoke", 0)[f"model_{model}"]
    shares = gradients.by_level(config, _tones((500.0, -12.0), (1500.0, -40.0)))
    assert shares.sum().item() == pytest.approx(1)
    assert (shares >= 0).all()


def test_the_pull_of_plain_l1_is_the_sign_of_the_error():
    config, sounds = experiment.experiments("smoke", 0)["model_a"], _tones((500.0, -12.0), (1500.0, -40.0))
    error = coded(autoencoder(config), sounds) - sounds
    assert torch.allclose(gradients.pull(config, sounds), error.sign() / error.numel())


def test_the_terms_of_the_fair_model_pull_alike_and_those_of_model_c_do_not():
    """The norm of each term's gradient, each alone, on the pairs that the loss was weighed on."""
    sounds = _tones((500.0, -12.0), (1500.0, -40.0))
    norms = {}
    for model in ("c", FAIR):
        config = experiment.experiments("smoke", 0)[f"model_{model}"]
        loss, output = coding.make_loss(config), coded(autoencoder(config), sounds)
        coding.calibrate(loss, model, output, sounds)
        norms[model] = []
        for term in loss.TERMS:
            alone = type(loss)(loss.network, terms=(term,))
            alone.load_state_dict(loss.state_dict())
            leaf = output.clone().requires_grad_()
            norms[model].append(torch.autograd.grad(alone(leaf, sounds), leaf)[0].norm().item())
    assert norms[FAIR] == pytest.approx([norms[FAIR][0]] * 3, rel=1e-3)
    assert max(norms["c"]) > 2 * min(norms["c"])
