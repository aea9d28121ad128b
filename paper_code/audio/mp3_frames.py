"""How long an MP3 file is by its frames: what its header says is wrong where the bit rate varies and nobody counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

# kb/s by index, of layer III: MPEG 1, and MPEG 2 and 2.5.
RATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz, by version
COUNTED = (b"Xing", b"Info", b"VBRI")  # what a first frame holds that says how many follow


@dataclass(frozen=True)
class Frames:
    """The frames of a file. samples: of each channel.   counted: the first says how many follow.

    missing: bytes of the last frame that are not there.
    """

    samples: int
    counted: bool
    missing: int


@dataclass(frozen=True)
class _Frame:
    start: int
    length: int
    samples: int


def frames(content: bytes | mmap) -> Frames | None:
    """The frames of layer III in a file's bytes, None where there are none."""
    first = last = None
    samples = 0
    for last in _frames(content):
        first = first or last
        samples += last.samples
    if first is None:
        return None
    head = content[first.start : first.start + min(first.length, 200)]
    missing = max(0, last.start + last.length - len(content))
    return Frames(samples, any(mark in head for mark in COUNTED), missing)


def _frames(content: bytes | mmap) -> Iterator[_Frame]:
    """Frame after frame; between them what is none (tags, damage) is passed over up to two that follow each other."""
    at, in_step = _after_tag(content), False
    while 0 <= at < len(content) - 3:
        frame = _frame(content, at)
        if frame and (in_step or _frame(content, at + frame.length)):
            yield frame
            at, in_step = at + frame.length, True
        elif content[at : at + 3] == b"TAG" or content[at : at + 8] == b"APETAGEX":
            return
        else:
            at, in_step = content.find(b"\xff", at + 1), False


def _after_tag(content: bytes | mmap) -> int:
    """Where an ID3 tag at the beginning ends."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size


def _frame(content: bytes | mmap, at: int) -> _Frame | None:
    """The frame whose header stands there, if one does."""
    head = int.from_bytes(content[at : at + 4], "big")
    version, layer, rate, hertz = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or rate in (0, 15) or hertz == 3:
        return None
    samples = 1152 if version == 3 else 576
    length = samples // 8 * 1000 * RATES[version == 3][rate] // SAMPLE_RATES[version][hertz] + (head >> 9 & 1)
    return _Frame(at, length, samples)
