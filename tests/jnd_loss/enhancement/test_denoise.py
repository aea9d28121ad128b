"""Long sounds in blocks, and the command line with good and bad files."""

import numpy as np
import pytest
import soundfile
import torch

from paper_code.audio import clips
from paper_code.jnd_loss import denoise as command
from paper_code.jnd_loss.denoiser import Denoiser
from paper_code.jnd_loss.enhancement import blocks, methods, spectral


def _sound(seconds, rate=16000, channels=1):
    generator = np.random.default_rng(0)
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.2 * np.sin(2 * np.pi * 220 * time) * (np.sin(2 * np.pi * 1.5 * time) > 0)
    noise = 0.03 * generator.standard_normal((len(time), channels))
    return (tone[:, None] + noise).astype(np.float32)


def _written(path, samples, rate=16000):
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def _in_blocks(method, sound, rate=16000, block=2):
    def read(first, last):
        return sound[first:last]

    by = blocks.by_gain if isinstance(method, str) else blocks.by_network
    return torch.cat(list(by(method, read, len(sound), rate, block=block)))


@pytest.mark.parametrize("seconds", [0.3, 2.0, 5.17, 6.05])
def test_blocks_of_a_network_that_does_not_normalise_are_the_whole(seconds):
    torch.manual_seed(0)
    network = Denoiser(channels=3)
    sound = torch.from_numpy(_sound(seconds)[:, 0])
    with torch.no_grad():
        whole = network(sound)
    assert torch.allclose(_in_blocks(methods.of_network(network), sound), whole, atol=1e-6)


def test_blocks_of_a_network_that_normalises_are_near_the_whole():
    network = methods.network("germain")
    sound = torch.from_numpy(_sound(7.0)[:, 0])
    with torch.no_grad():
        whole = network(sound)
    apart = _in_blocks(methods.of_network(network), sound, block=5) - whole
    assert 0 < float(apart.norm() / whole.norm()) < 0.1


@pytest.mark.parametrize("method", spectral.GAINS)
@pytest.mark.parametrize("rate", [16000, 44100])
def test_blocks_of_a_gain_are_the_whole_at_any_rate(method, rate):
    sound = torch.from_numpy(_sound(5.3, rate)[:, 0])
    ours = clips.resample(clips.Clip(sound, rate, "all at once"), 16000).waveform
    whole = spectral.denoise(ours, method)
    found = _in_blocks(method, sound, rate)
    assert found.shape == whole.shape
    assert torch.allclose(found, whole, atol=2e-5)


@pytest.mark.parametrize("method", ["wiener", "logmmse"])
def test_a_stereo_file_at_another_rate_is_denoised_channel_by_channel(method, tmp_path, capsys):
    source = _written(tmp_path / "in.wav", _sound(2.5, 44100, 2), 44100)
    target = tmp_path / "out.flac"
    assert command.main([str(source), str(target), "--method", method, "--quiet"]) == 0
    found, rate = soundfile.read(target)
    assert (rate, found.shape) == (16000, (40000, 2))
    assert "2 channels" in capsys.readouterr().out
    quiet = slice(7000, 10000)  # between two tones
    before, _ = soundfile.read(source)
    assert np.square(found[quiet]).mean() < 0.3 * np.square(before[20000:26000]).mean()


def test_a_released_network_denoises_a_file(tmp_path):
    source, target = _written(tmp_path / "in.wav", _sound(1.0)), tmp_path / "out.wav"
    assert command.main([str(source), str(target), "--method", "germain", "--quiet"]) == 0
    found, rate = soundfile.read(target)
    wanted = methods.method("germain")(torch.from_numpy(_sound(1.0)[:, 0]))
    assert rate == 16000
    assert found == pytest.approx(wanted.numpy(), abs=1e-6)


def _failing(capsys, *words):
    assert command.main([*map(str, words), "--quiet"]) == 1
    return capsys.readouterr().err


def test_bad_files_are_refused_in_a_line(tmp_path, capsys):
    out = tmp_path / "out.wav"
    silent = _written(tmp_path / "silent.wav", np.zeros(16000, dtype=np.float32))
    short = _written(tmp_path / "short.wav", _sound(0.05))
    holes = _sound(1.0)
    holes[50] = np.nan
    broken = _written(tmp_path / "nan.wav", holes)
    text = tmp_path / "text.wav"
    text.write_text("no sound at all")
    for path, said in (
        (silent, "silent"),
        (short, "short"),
        (broken, "NaN"),
        (text, "not audio"),
        (tmp_path / "x", "no sound"),
    ):
        error = _failing(capsys, path, out)
        assert error.startswith("error: ")
        assert said in error
        assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nan.wav", "short.wav", "silent.wav", "text.wav"]


def test_nothing_is_overwritten_unless_asked(tmp_path, capsys):
    source, target = _written(tmp_path / "in.wav", _sound(1.0)), tmp_path / "out.wav"
    target.write_bytes(b"precious")
    assert "--force" in _failing(capsys, source, target, "--method", "wiener")
    assert target.read_bytes() == b"precious"
    assert "two names" in _failing(capsys, source, source, "--force")
    assert ".wav or .flac" in _failing(capsys, source, tmp_path / "out.mp3")
    assert command.main([str(source), str(target), "--method", "wiener", "--force", "--quiet"]) == 0
    assert soundfile.info(target).frames == 16000


def test_an_unknown_method_is_told_with_those_there_are(tmp_path, capsys):
    with pytest.raises(SystemExit):
        command.main([str(tmp_path / "a.wav"), str(tmp_path / "b.wav"), "--method", "magic"])
    said = capsys.readouterr().err
    assert all(name in said for name in methods.COMMANDS)
