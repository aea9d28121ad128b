"""The samples of a sound file, block after block, whole and finite: by libsndfile, and by ffmpeg where that cannot."""

import mmap
import re
import struct
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from paper_code.audio import ffmpeg, mp3_frames
from paper_code.audio.errors import AudioError
from paper_code.audio.ffmpeg import CodecError
from paper_code.audio.places import is_file, is_folder

# Streaming writers put a size near 2 or 4 GiB into a header they cannot go back to.
UNKNOWN_SIZE = 0x7FFFF000
BLOCK = 2**18  # samples of each channel that are read at once
AU = struct.Struct(">4s5I")  # mark, start of the samples, their bytes, kind, sample rate, channels
MOST_SAMPLES_A_BYTE = 5000  # silence in FLAC or Vorbis; what promises more has a damaged header
LARGEST_PAGE = 27 + 255 + 255 * 255  # bytes of Ogg
# What libsndfile's log says of a file that is shorter than its header promises; it tells its caller nothing.
CUT = re.compile(
    r"(?:^ *(?:data|SSND|BODY)\s*:|^riff :|Data Size\s*:|Data length|truncated\.) *(\d+) (?:\(?should be|<-->) (\d+)\)?",
    re.MULTILINE,
)
CUT_RF64 = re.compile(r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)")
# Beginnings of files that libsndfile does not know -> where they stand, and ffmpeg's reader for them.
OTHERS = {
    b"ftyp": (4, "mov"),  # m4a, mp4, 3gp
    b"\x1a\x45\xdf\xa3": (0, "matroska"),  # webm, mka
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": (0, "asf"),  # wma
    b"#!AMR": (0, "amr"),
    b"wvpk": (0, "wv"),
    b"MAC ": (0, "ape"),
    b"\xff\xf1": (0, "aac"),
    b"\xff\xf9": (0, "aac"),
}

Samples = tuple[NDArray[np.float32], int]  # [time, channels], Hz
Reading = Generator[Samples, None, int]  # gives back how many samples of each channel there were


class _Forward(soundfile.SoundFile):
    """A file that is read from its beginning to its end.

    Of one that is seekable, soundfile seeks the position after each block, and an MP3 decoder starts anew there: it
    lacks what the frames before had lent, and a fault is heard.
    """

    def seekable(self) -> bool:
        return False

    def require_reach(self, samples: int) -> None:
        """Raises LibsndfileError where so many samples are not there: of some kinds (SDS) only seeking tells."""
        if super().seekable():
            self.seek(samples)


def blocks(path: Path) -> Iterator[Samples]:
    """Samples [time, channels] of a sound file of any length, block after block, and its sample rate (Hz).

    Raises AudioError if the file is missing, a folder or not audio; and where the last block was read, if it is
    truncated, empty, or holds NaN or infinity (with the first of which no more blocks come).
    """
    _require_file(path)
    total, bad = 0, 0
    for block, sample_rate in _decoded(path):
        total += len(block)
        bad += int(np.count_nonzero(~np.isfinite(block)))
        if len(block) and not bad:
            yield block, sample_rate
    if not total:
        raise AudioError(f"{path} holds 0 samples. Choose a file with sound in it.")
    if bad:
        raise AudioError(f"{path} holds {bad} samples that are NaN or infinite. Export the sound again.")


def _require_file(path: Path) -> None:
    if is_folder(path):
        raise AudioError(f"wanted a sound file, found a folder: {path}. Name one file in it.")
    if not is_file(path):
        raise AudioError(f"there is no file {path}. Check the name; relative names start at {Path.cwd()}.")


def _decoded(path: Path) -> Iterator[Samples]:
    other = _other_reader(path)
    if other:
        yield from _by_ffmpeg(path, other, strict=True)
        return
    try:
        with _Forward(path) as file:
            _refuse_impossible(path, file.frames)
            yield from _mp3(path, file) if file.format == "MP3" else _others(path, file)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} cannot be read as sound ({error.error_string}): it is not audio, or it is damaged. "
            "Wanted WAV, FLAC, Ogg, MP3, M4A or AIFF; fetch the file again or convert it to WAV."
        ) from error


def _by_libsndfile(file: _Forward) -> Reading:
    promised, read = file.frames, 0
    while read < promised:  # some kinds cannot tell what is left
        block = file.read(min(BLOCK, promised - read), dtype="float32", always_2d=True)
        if not len(block):
            break
        read += len(block)
        yield block, file.samplerate
    file.require_reach(read)
    return read


def _other_reader(path: Path) -> str | None:
    head = _part(path, 0, 16)
    return next((reader for mark, (at, reader) in OTHERS.items() if head[at:].startswith(mark)), None)


def _refuse_impossible(path: Path, promised: int) -> None:
    if not 0 <= promised <= MOST_SAMPLES_A_BYTE * path.stat().st_size:
        raise AudioError(f"{path} is damaged: its header promises {promised} samples. Fetch or export the file again.")


def _mp3(path: Path, file: _Forward) -> Iterator[Samples]:
    """By libsndfile, or by ffmpeg where the bit rate varies and no header counts: there libsndfile guesses an end."""
    with path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
        counted = mp3_frames.frames(content)
    if counted and counted.missing:
        raise AudioError(f"{path} is truncated: its last frame lacks {counted.missing} bytes. Fetch the file again.")
    if counted is None or counted.counted:
        read = yield from _by_libsndfile(file)
        _refuse_short(path, read, 0.98 * file.frames, file.samplerate)  # a header counts padding too, or whole frames
        return
    slack = 2 * 1152 + 0.02 * counted.samples
    guessed_wrong = abs(file.frames - counted.samples) > slack
    read = yield from _by_ffmpeg(path, "mp3", strict=False) if guessed_wrong else _by_libsndfile(file)
    _refuse_short(path, read, counted.samples - slack, file.samplerate)


def _others(path: Path, file: _Forward) -> Iterator[Samples]:
    log = file.extra_info
    read = yield from _by_libsndfile(file)
    _refuse_truncated(path, read, file.frames, file.samplerate, log, file.format)


def _by_ffmpeg(path: Path, reader: str, strict: bool) -> Reading:
    """strict: whatever ffmpeg complains of counts as damage."""
    source = ["-protocol_whitelist", "file", "-f", reader, "-i", f"file:{path}"]
    target = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    try:
        return (yield from _from_au(ffmpeg.streamed(ffmpeg.program(), [*["-xerror"] * strict, *source, *target])))
    except CodecError as error:
        reason = str(error).replace(str(path), path.name)
        raise AudioError(
            f"{path} is {'an MP3 without a count of its frames' if reader == 'mp3' else f'of a kind ({reader})'} that "
            f"ffmpeg has to read, and it could not: {reason}. If the program is there, the file is damaged or truncated: "
            "fetch it again, or convert it to WAV."
        ) from error


def _from_au(stream: Iterator[bytes]) -> Reading:
    """The samples in a stream of Sun's AU, whose header says where they begin and how many channels they have."""
    content, read = next(stream, b""), 0
    if len(content) < AU.size:
        raise CodecError("it wrote no sound")
    _, start, _, _, sample_rate, channels = AU.unpack_from(content)
    content = content[start:]
    for more in chain(stream, [b""]):
        time = len(content) // (4 * channels)
        block = np.frombuffer(content, ">f4", time * channels).reshape(time, channels)
        read += time
        yield block.astype(np.float32), sample_rate
        content = content[4 * channels * time :] + more
    return read


def _refuse_truncated(path: Path, read: int, promised: int, sample_rate: int, log: str, kind: str) -> None:
    _refuse_short(path, read, promised, sample_rate)
    if cut := CUT_RF64.search(log):
        _refuse_short(path, int(cut[1]), int(cut[2]) if int(cut[2]) < 2**62 else 0, sample_rate)
    # libsndfile shortens a cut file without a word to its caller; only its log tells.
    cut = CUT.search(log)
    sizes = sorted(map(int, cut.groups())) if cut else []
    if cut and sizes[1] < UNKNOWN_SIZE and (sizes[0] == int(cut[2]) or "truncated" in cut[0]):
        raise AudioError(
            f"{path} is truncated: its header promises {sizes[1]} bytes of sound, {sizes[0]} are there. "
            "Fetch or export the file again."
        )
    if kind == "OGG" and not _has_last_page(path):
        raise AudioError(f"{path} is truncated: its last page is not there. Fetch or export the file again.")
    if kind == "NIST" and (told := re.search(rb"\nsample_count -i (\d+)\n", _part(path, 0, 1024))):
        _refuse_short(path, read, int(told[1]), sample_rate)


def _refuse_short(path: Path, read: int, promised: float, sample_rate: int) -> None:
    if read < promised:
        raise AudioError(
            f"{path} is truncated: its header promises {promised / sample_rate:.3f} s, "
            f"{read / sample_rate:.3f} s are there. Fetch or export the file again."
        )


def _has_last_page(path: Path) -> bool:
    """Whether an Ogg file ends in a whole page that is marked as the last of its stream."""
    content = _part(path, max(0, path.stat().st_size - LARGEST_PAGE), LARGEST_PAGE)
    at = content.rfind(b"OggS")
    if at < 0 or len(content) < at + 27:
        return False
    segments = content[at + 27 : at + 27 + content[at + 26]]
    return bool(content[at + 5] & 4) and len(content) >= at + 27 + len(segments) + sum(segments)


def _part(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
