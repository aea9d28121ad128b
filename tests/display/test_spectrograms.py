"""Spectrograms: absolute scale, axes and the quick picture, against closed-form signals."""

import io
import time

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from paper_code.audio.clips import AudioError, Clip
from paper_code.display import spectrograms, style
from paper_code.display.spectrograms import picture, spectrogram


def sine(frequency: float, amplitude: float = 1.0, rate: int = 16_000, seconds: float = 1.0) -> Clip:
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return Clip(torch.tensor(wave, dtype=torch.float32), rate, "sine")


def inner(values: np.ndarray) -> np.ndarray:
    """Frames that do not reach beyond the clip."""
    return values[:, 4:-4]


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100])
def test_a_full_scale_sine_reads_zero(rate: int) -> None:
    window = round(0.032 * rate)
    bins = 2 ** int(np.ceil(np.log2(window)))
    values = inner(spectrogram(sine(bins // 8 * rate / bins, rate=rate)))
    assert values.max(axis=0) == pytest.approx(0, abs=0.02)
    assert (values.argmax(axis=0) == bins // 8).all()


@pytest.mark.parametrize("amplitude", [0.1, 0.01])
def test_the_scale_is_decibels(amplitude: float) -> None:
    assert inner(spectrogram(sine(1000, amplitude))).max() == pytest.approx(20 * np.log10(amplitude), abs=0.05)


def test_between_two_bins_a_sine_loses_little() -> None:
    assert inner(spectrogram(sine(1015.625))).max() > -1.5


def test_silence_is_the_floor_and_a_click_stands_at_its_time() -> None:
    wave = torch.zeros(16_000)
    assert (spectrogram(Clip(wave, 16_000, "silence")) == -80).all()
    wave[8_000] = 1
    loudest = spectrogram(Clip(wave, 16_000, "click")).max(axis=0).argmax()
    assert loudest * 128 == pytest.approx(8_000, abs=64)


def test_frames_cover_the_clip() -> None:
    values = spectrogram(sine(500), hop_length=100)
    assert values.shape == (257, 161)
    assert values.dtype == np.float32
    assert spectrogram(sine(500, seconds=0.001)).shape[0] == 257  # shorter than the window


@pytest.mark.parametrize("wave", [torch.zeros(0), torch.tensor([0.0, float("nan")])])
def test_no_picture_of_nothing(wave: torch.Tensor) -> None:
    with pytest.raises(AudioError, match="'Broken'"):
        spectrogram(Clip(wave, 8_000, "Broken"))


def decoded(content: bytes) -> np.ndarray:
    """A picture as dB [height, width], lowest frequency first."""
    image = Image.open(io.BytesIO(content))
    shades = np.asarray(image)[::-1].astype(float)
    colours = np.array(image.getpalette()[: 3 * spectrograms.SHADES]).reshape(-1, 3)
    expected = matplotlib.colormaps[style.SPECTRUM_MAP](np.linspace(0, 1, spectrograms.SHADES))[:, :3]
    assert np.abs(colours / 255 - expected).max() < 0.003
    return shades / (spectrograms.SHADES - 1) * 80 - 80


def test_the_picture_shows_level_frequency_and_time() -> None:
    tone = sine(4000, 0.1)
    tone.waveform[8_000:] = 0
    values = decoded(picture(tone, size=(200, 100)))
    assert values.shape == (100, 200)
    assert values[:, 50].argmax() in (49, 50)  # 4 of 8 kHz
    assert values[:, 50].max() == pytest.approx(-20, abs=80 / 63)
    assert (values[:, 110:] == -80).all()
    assert (values[:40, 50] < -60).all()


def test_the_frequency_axis_can_be_cut_or_extended() -> None:
    cut = decoded(picture(sine(1000), max_frequency=2000, size=(100, 100)))
    assert cut[:, 50].argmax() in (49, 50)
    beyond = decoded(picture(sine(1000), max_frequency=16_000, size=(100, 160)))
    assert beyond[:, 50].argmax() in (9, 10)
    assert (beyond[82:] == -80).all()


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.743, 20.0])
def test_any_length_fills_the_picture(seconds: float) -> None:
    values = decoded(picture(sine(2000, seconds=seconds)))
    assert values.shape == spectrograms.PICTURE_PIXELS[::-1]
    assert (values.max(axis=0) > -30)[10:-10].all()


def test_pictures_are_quick_small_and_the_same_each_time() -> None:
    wave = 0.2 * torch.randn(8 * 16_000, generator=torch.Generator().manual_seed(0))
    noise = Clip(wave, 16_000, "noise")  # the worst case for a PNG
    content = picture(noise)
    assert len(content) < 25_000
    assert picture(noise) == content
    began = time.process_time()
    for _ in range(10):
        picture(noise)
    assert (time.process_time() - began) / 10 < 0.03


def test_drawn_on_the_books_scale() -> None:
    axes = Figure().subplots()
    image = spectrograms.draw(axes, sine(1000))
    assert image.get_clim() == (-80, 0)
    assert image.get_cmap().name == style.SPECTRUM_MAP
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (0, 8))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("seconds", "kHz")
    left, right, bottom, top = image.get_extent()
    rows, columns = image.get_array().shape
    row = image.get_array()[:, columns // 2].argmax()
    assert bottom + (row + 0.5) * (top - bottom) / rows == pytest.approx(1.0, abs=0.016)
    assert left + 0.5 * (right - left) / columns == pytest.approx(0, abs=1e-9)


def test_a_difference_is_red_where_there_is_more() -> None:
    axes = Figure().subplots()
    image = spectrograms.draw_difference(axes, sine(1000, 1.0), sine(1000, 0.1))
    assert image.get_clim() == (-40, 40)
    assert image.get_array()[32, 20] == pytest.approx(20, abs=0.1)
    red, _, blue, _ = image.to_rgba(np.array([20.0]))[0]
    assert red > blue
    middle = image.to_rgba(np.array([0.0]))[0][:3]
    assert np.mean(middle) == pytest.approx(1.0, abs=0.1)


def test_a_difference_needs_two_of_a_kind() -> None:
    with pytest.raises(AudioError, match="one rate and length"):
        spectrograms.draw_difference(Figure().subplots(), sine(1000), sine(1000, seconds=0.5))
