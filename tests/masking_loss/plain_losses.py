"""The losses of the chapter one frame and one band at a time, in float64, from their formulas."""

import math

import numpy as np

from paper_code.masking_loss.pmsqe_bands import BANDS, NARROWBAND


def cut(signal: np.ndarray, length: int, hop: int) -> list[np.ndarray]:
    """Frames; the last is filled up with zeros."""
    count = math.ceil((len(signal) - length) / hop) + 1
    filled = np.concatenate([signal, np.zeros(length + hop)])
    return [filled[hop * number : hop * number + length] for number in range(count)]


def triangles(bands: int) -> np.ndarray:
    """Mel filters [band, line] for 257 lines at 16 kHz."""
    top = 1127.01048 * math.log(1 + 8000 / 700)
    corners = []
    for number in range(bands + 2):
        hertz = 700 * (math.exp(number * top / (bands + 1) / 1127.01048) - 1)
        corners.append(257 if number == bands + 1 else math.floor(257 * hertz / 8000))
    filters = np.zeros((bands, 257))
    for band in range(bands):
        low, middle, high = corners[band : band + 3]
        for line in range(low, middle):
            filters[band, line] = (line - low) / (middle - low)
        for line in range(middle, high):
            filters[band, line] = (high - line) / (high - middle)
    return filters


def masking_loss(estimate, reference, thresholds, bands=(16, 32, 64), gamma=0.8) -> float:
    """Byun et al. 2021, Eq. 1 to 6, for given thresholds [frame, line] as powers; Hann frames of 512, hop 256."""
    hann = np.array([1 - math.cos(2 * math.pi * n / 512) for n in range(512)])  # twice the window: gain 1
    scale = math.sqrt(10**9.0302) / 512
    total = 0.0
    frames = list(zip(cut(estimate, 512, 256), cut(reference, 512, 256), thresholds, strict=True))
    for degraded, original, threshold in frames:
        x, y = (scale * np.fft.rfft(hann * frame) for frame in (original, degraded))
        step = np.sqrt(6 * threshold)
        entropy = np.log2(2 * np.abs(x.real) / step + 1) + np.log2(2 * np.abs(x.imag) / step + 1)
        for count in bands:
            filters = triangles(count)
            importance = [float(row @ entropy) for row in filters]
            for row, share in zip(filters, importance, strict=True):
                weight = (share / max(importance)) ** gamma if max(importance) > 0 else 1.0
                noise = 10 * math.log10(float(row @ np.abs(y - x) ** 2) + 1e-7)
                hidden = 10 * math.log10(float(row @ threshold) + 1e-7)
                total += weight * max(noise - hidden, 0.0) / len(bands)
    return total / len(frames)


def log_mel_loss(estimate, reference, bands) -> float:
    """Root-mean-square difference of log mel spectra of frames of 512, hop 480."""
    total = 0.0
    frames = list(zip(cut(estimate, 512, 480), cut(reference, 512, 480), strict=True))
    for pair in frames:
        powers = [np.abs(np.fft.rfft(frame)) ** 2 / 512 for frame in pair]
        for count in bands:
            logs = [np.log(triangles(count) @ power + 1e-7) for power in powers]
            total += math.sqrt(np.mean((logs[0] - logs[1]) ** 2)) / len(bands)
    return total / len(frames)


def pmsqe(estimate, reference, sample_rate=16000, square=True) -> float:
    """PMSQE, of power spectra; square=False makes the usual mistake and takes magnitudes."""
    length, bands, scale = (512, BANDS, 6.910853e-6) if sample_rate == 16000 else (256, NARROWBAND, 2.764344e-5)
    window = np.array([math.sin(math.pi * n / length) for n in range(length)])
    pair = []
    for signal in (estimate, reference):
        spectra = np.array([np.abs(np.fft.rfft(window * frame)) for frame in cut(signal, length, length // 2)])
        spectra = spectra**2 if square else spectra
        lines = 0.4 * spectra[:, 11] + spectra[:, 12:104].sum(1) + 0.5 * spectra[:, 104]
        level = 2 * (length + 2) / length**2 * lines.mean() / (length // 2 + 1)
        spectra = spectra * 1e7 / level
        pair.append(np.array([[scale * b.weight * row[b.first : b.last + 1].sum() for b in bands] for row in spectra]))
    return _disturbance(*pair, bands)


def _disturbance(degraded: np.ndarray, original: np.ndarray, bands) -> float:
    threshold = np.array([band.threshold for band in bands])
    active = [t for t, row in enumerate(original) if row[row > 100 * threshold].sum() >= 1e7]
    for number, band in enumerate(bands):
        speech = [t for t in active if original[t, number] >= 100 * band.threshold]
        ratio = (original[speech, number].sum() + 1000) / (degraded[speech, number].sum() + 1000)
        degraded[:, number] *= min(max(ratio, 0.01), 100)
    total = 0.0
    for row, wanted in zip(degraded, original, strict=True):
        audible = wanted[wanted > threshold].sum()
        gain = (audible + 5e3) / (row[row > threshold].sum() + 5e3)
        row = row * min(max(gain, 3e-4), 5)
        squares = sums = 0.0
        for power, target, band in zip(row, wanted, bands, strict=True):
            loud, aim = _loudness(power, band), _loudness(target, band)
            difference = max(abs(loud - aim) - 0.25 * min(loud, aim), 1e-8)
            factor = ((power + 50) / (target + 50)) ** 1.2
            squares += (difference * band.width) ** 2 + 1e-8
            sums += (0.0 if factor < 3 else min(factor, 12)) * difference * band.width
        weight = ((audible + 1e5) / 1e7) ** 0.04
        symmetric = math.sqrt(squares * sum(band.width for band in bands)) / weight
        total += 0.1 * min(symmetric, 45) + 0.0309 * min(sums / weight, 45)
    return total / len(original)


def _loudness(power: float, band) -> float:
    if power < band.threshold:
        return 0.0
    scale = 0.1866055 * (band.threshold / 0.5) ** band.exponent
    return scale * ((0.5 + 0.5 * power / band.threshold) ** band.exponent - 1)
