"""The codecs there are: how ffmpeg makes each, the rates it really has, its delay, and how to count its bits.

The rates are those an encoder keeps: LAME and AMR-WB would go to the nearest of their tables, AAC to the most
that 6144 bits a frame allow, Opus under 12 kb/s to a narrower band that comes 2 samples late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MPEG_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MPEG_2_5 = (8, 16, 24, 32, 40, 48, 56, 64)
AMR_WB = (6.6, 8.85, 12.65, 14.25, 15.85, 18.25, 19.85, 23.05, 23.85)
OPUS = (12, 16, 24, 32, 48, 64, 96, 128)
ADTS_HEADER = 7  # bytes
OGG_HEADER = 27  # bytes before a page's table of segments


@dataclass(frozen=True)
class Kind:
    """One codec as ffmpeg makes it.

    rates: sample rate (Hz) -> bit rates (kb/s).   delay: samples the decoded stream is late.
    audio_bytes: stream -> bytes of its audio frames.   flush: samples of silence put after the input, because
    AMR-WB drops as much of the end as it is late, and ffmpeg's Vorbis up to 512 samples.
    """

    title: str
    encoder: str
    container: str
    demuxer: str
    rates: dict[int, tuple[float, ...]]
    delay: int
    audio_bytes: Callable[[bytes], int]
    flush: int = 0
    options: tuple[str, ...] = ()


def amr_bytes(stream: bytes) -> int:
    """Bytes of the stored AMR-WB frames, with the byte each starts with, without the file's first line."""
    return len(stream.removeprefix(b"#!AMR-WB\n"))


def adts_bytes(stream: bytes) -> int:
    """Bytes of the AAC frames without the ADTS header that each has in this container."""
    total = position = 0
    while position + ADTS_HEADER <= len(stream):
        length = (int.from_bytes(stream[position + 3 : position + 6], "big") >> 5) & 0x1FFF
        total += length - ADTS_HEADER
        position += max(length, ADTS_HEADER)
    return total


def opus_bytes(stream: bytes) -> int:
    """Bytes of the Opus packets after the two that describe the stream."""
    return sum(list(_ogg_packets(stream))[2:])


def vorbis_bytes(stream: bytes) -> int:
    """Bytes of the Vorbis packets after the three (some 3.5 kB) that describe the stream."""
    return sum(list(_ogg_packets(stream))[3:])


def _ogg_packets(stream: bytes) -> Iterator[int]:
    """The sizes (bytes) of the packets in an Ogg stream: runs of segments that end with one under 255."""
    position = size = 0
    while position + OGG_HEADER <= len(stream):
        start = position + OGG_HEADER
        segments = stream[start : start + stream[start - 1]]
        for segment in segments:
            size += segment
            if segment < 255:
                yield size
                size = 0
        position = start + len(segments) + sum(segments)


_MP3 = {
    **dict.fromkeys((8000, 11025, 12000), MPEG_2_5),
    **dict.fromkeys((16000, 22050, 24000), MPEG_2),
    **dict.fromkeys((32000, 44100, 48000), MPEG_1),
}
_AAC = {
    16000: (8, 12, 16, 24, 32, 48, 64),
    24000: (16, 24, 32, 48, 64, 96),
    32000: (24, 32, 48, 64, 96, 128),
    44100: (24, 32, 48, 64, 96, 128, 192),
    48000: (24, 32, 48, 64, 96, 128, 192),
}
_VORBIS = {
    16000: (24, 32, 40, 48, 64, 80, 96),
    **dict.fromkeys((32000, 44100, 48000), (32, 40, 48, 64, 96, 128)),
}

KINDS = {
    # Without its own header frame an MP3 stream can go through a pipe, and holds nothing but audio frames.
    "mp3": Kind(
        "MP3", "libmp3lame", "mp3", "mp3", _MP3, 1105, len, options=("-write_xing", "0", "-id3v2_version", "0")
    ),
    "amr_wb": Kind("AMR-WB", "libvo_amrwbenc", "amr", "amr", {16000: AMR_WB}, 95, amr_bytes, flush=95),
    "aac": Kind("AAC", "aac", "adts", "aac", _AAC, 1024, adts_bytes),
    "opus": Kind("Opus", "libopus", "ogg", "ogg", dict.fromkeys((16000, 24000, 48000), OPUS), 0, opus_bytes),
    "vorbis": Kind("Vorbis", "libvorbis", "ogg", "ogg", _VORBIS, 0, vorbis_bytes, flush=2048),
}
