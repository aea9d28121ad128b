"""The floors against scikit-learn, plain loops, and what a level may change: nothing."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid

from paper_code.timbre_loss import floors
from paper_code.timbre_loss.spectrograms import log_spectrogram


def _examples(count: int = 80, features: int = 26, apart: float = 0.5, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Training features of unequal spread, labels, and unseen features."""
    random = torch.Generator().manual_seed(seed)
    labels = (torch.rand(count, generator=random) > 0.4).long()
    spread = torch.logspace(-2, 2, features)
    train = (torch.randn(count, features, generator=random) + apart * labels[:, None]) * spread + 3
    unseen = torch.randn(40, features, generator=random) * spread + 3
    return train, labels, unseen


def _tone(hertz: float, seconds: float = 1.0) -> torch.Tensor:
    return 0.3 * torch.sin(2 * math.pi * hertz * torch.arange(round(16000 * seconds)) / 16000)


@pytest.mark.parametrize("ridge", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("apart", [0.0, 0.5, 20.0])  # the last: classes that a plane divides
def test_logistic_regression_is_that_of_scikit_learn(ridge, apart):
    train, labels, unseen = _examples(apart=apart)
    mean, spread = train.double().mean(0), train.double().std(0, correction=0)
    other = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=10_000)
    other.fit(((train - mean) / spread).numpy(), labels.numpy())
    expected = other.predict_proba(((unseen - mean) / spread).numpy())[:, 1]
    found = floors.probability(train, labels, unseen, ridge)
    assert found.numpy() == pytest.approx(expected, abs=1e-5)
    assert floors.logistic(train, labels, unseen, ridge).tolist() == (expected > 0.5).astype(int).tolist()


def test_a_feature_that_never_changes_and_a_strong_imbalance_do_no_harm():
    train, labels, unseen = _examples()
    train[:, 3] = 7.0
    labels[:] = 0
    labels[0] = 1
    assert floors.probability(train, labels, unseen).isfinite().all()


def test_nearest_mean_is_that_of_scikit_learn():
    train, labels, unseen = _examples()
    other = NearestCentroid().fit(train.numpy(), labels.numpy())
    assert floors.nearest_mean(train, labels, unseen).tolist() == other.predict(unseen.numpy()).tolist()


def test_mel_means_are_those_of_a_loop():
    """Triangles between 28 points that are evenly spaced in mel, on the power of each frame, then dB, then the mean."""
    wave = 0.1 * torch.randn(4000, generator=torch.Generator().manual_seed(1))
    power = 10 ** (log_spectrogram(wave).double() / 10)
    top = 2595 * math.log10(1 + 8000 / 700)
    points = [700 * (10 ** (top * i / 27 / 2595) - 1) for i in range(28)]
    bands = []
    for low, middle, high in zip(points, points[1:], points[2:], strict=False):
        total = torch.zeros(power.shape[-1], dtype=torch.float64)
        for i in range(257):
            hertz = 31.25 * i
            total += max(0.0, min((hertz - low) / (middle - low), (high - hertz) / (high - middle))) * power[i]
        bands.append(10 * torch.log10(total + 1e-10).mean())
    expected = torch.stack(bands) - torch.stack(bands).mean()
    assert torch.allclose(floors.mel_means(wave).double(), expected, atol=1e-3)


@pytest.mark.parametrize(("features", "count"), [(floors.mel_means, 26), (floors.long_term_spectra, 257)])
def test_features_have_no_level_and_free_leading_axes(features, count):
    waves = 0.1 * torch.randn(2, 3, 8000, generator=torch.Generator().manual_seed(0))
    found = features(waves)
    assert found.shape == (2, 3, count)
    assert torch.allclose(features(10 * waves), found, atol=0.02)
    assert found.mean(-1).abs().max() < 1e-4
    assert torch.allclose(features(waves[1, 2]), found[1, 2], atol=1e-4)
    assert features(torch.zeros(8000)).isfinite().all()


def test_a_tone_lies_in_its_band_and_bin():
    assert int(floors.long_term_spectra(_tone(1000.0)).argmax()) == 32
    low, high = (int(floors.mel_means(_tone(hertz)).argmax()) for hertz in (300.0, 3000.0))
    assert low < high


def test_floors_tell_two_sounds_apart_and_nothing_from_nothing():
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(60, 4000, generator=random)
    labels = torch.arange(60) % 2
    duller = torch.where(labels[:, None] == 1, (noise + noise.roll(1, -1)) / 2, noise)
    for features, told in ((floors.long_term_spectra, floors.nearest_mean), (floors.mel_means, floors.logistic)):
        right = told(features(duller[:40]), labels[:40], features(duller[40:])) == labels[40:]
        assert right.all()
        chance = told(features(noise[:40]), labels[:40], features(noise[40:])) == labels[40:]
        assert 2 < int(chance.sum()) < 18


@pytest.mark.parametrize("told", [floors.nearest_mean, floors.logistic])
def test_examples_that_are_none_are_refused(told):
    train, labels, unseen = _examples()
    with pytest.raises(ValueError, match=r"labels are 0 and 1, and both must be there; found \[1\]"):
        told(train, torch.ones_like(labels), unseen)
    with pytest.raises(ValueError, match=r"a label for each clip; found \(80, 26\) and \(79,\)"):
        told(train, labels[1:], unseen)
    with pytest.raises(ValueError, match="ridge must be positive"):
        floors.logistic(train, labels, unseen, ridge=0.0)
