"""The samples of a sound file, whole and finite: by libsndfile, and by ffmpeg where that cannot."""

import io
import re
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from paper_code.audio import ffmpeg, mp3_frames
from paper_code.audio.errors import AudioError
from paper_code.audio.ffmpeg import CodecError

# Streaming writers put a size near 2 or 4 GiB into a header they cannot go back to.
UNKNOWN_SIZE = 0x7FFFF000
MOST_SAMPLES_A_BYTE = 5000  # silence in FLAC or Vorbis; what promises more has a damaged header
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


def samples(path: Path) -> Samples:
    """Samples [time, channels] and sample rate (Hz) of a whole and finite sound file. Raises AudioError."""
    found, sample_rate = _decoded(path)
    if len(found) == 0:
        raise AudioError(f"{path} holds 0 samples. Choose a file with sound in it.")
    if not np.isfinite(found).all():
        bad = int(np.count_nonzero(~np.isfinite(found)))
        raise AudioError(f"{path} holds {bad} samples that are NaN or infinite. Export the sound again.")
    return found, sample_rate


def _decoded(path: Path) -> Samples:
    other = _other_reader(path)
    if other:
        return _by_ffmpeg(path, other, strict=True)
    try:
        with soundfile.SoundFile(path) as file:
            promised, sample_rate, log, kind = file.frames, file.samplerate, file.extra_info, file.format
            _refuse_impossible(path, promised)
            found = file.read(promised, dtype="float32", always_2d=True)  # some kinds cannot tell what is left
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} cannot be read as sound ({error.error_string}): it is not audio, or it is damaged. "
            "Wanted WAV, FLAC, Ogg, MP3, M4A or AIFF; fetch the file again or convert it to WAV."
        ) from error
    if kind == "MP3":
        return _checked_mp3(path, found, promised, sample_rate)
    _refuse_truncated(path, len(found), promised, sample_rate, log, kind)
    return found, sample_rate


def _other_reader(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(16)
    return next((reader for mark, (at, reader) in OTHERS.items() if head[at:].startswith(mark)), None)


def _refuse_impossible(path: Path, promised: int) -> None:
    if not 0 <= promised <= MOST_SAMPLES_A_BYTE * path.stat().st_size:
        raise AudioError(f"{path} is damaged: its header promises {promised} samples. Fetch or export the file again.")


def _checked_mp3(path: Path, found: NDArray[np.float32], promised: int, sample_rate: int) -> Samples:
    """What libsndfile read, or ffmpeg where the bit rate varies and no header counts: there libsndfile guesses an end."""
    counted = mp3_frames.frames(path.read_bytes())
    if counted and counted.missing:
        raise AudioError(f"{path} is truncated: its last frame lacks {counted.missing} bytes. Fetch the file again.")
    if counted is None or counted.counted:
        _refuse_short(path, len(found), 0.98 * promised, sample_rate)  # a header counts padding too, or whole frames
        return found, sample_rate
    slack = 2 * 1152 + 0.02 * counted.samples
    if abs(len(found) - counted.samples) > slack:
        found, sample_rate = _by_ffmpeg(path, "mp3", strict=False)
    _refuse_short(path, len(found), counted.samples - slack, sample_rate)
    return found, sample_rate


def _by_ffmpeg(path: Path, reader: str, strict: bool) -> Samples:
    """strict: whatever ffmpeg complains of counts as damage."""
    source = ["-protocol_whitelist", "file", "-f", reader, "-i", f"file:{path}"]
    target = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    patience = path.stat().st_size / 1e4
    try:
        written = ffmpeg.run(ffmpeg.program(), [*(["-xerror"] if strict else []), *source, *target], patience=patience)
        with soundfile.SoundFile(io.BytesIO(written)) as file:
            return file.read(file.frames, dtype="float32", always_2d=True), file.samplerate
    except (CodecError, soundfile.LibsndfileError) as error:
        reason = str(error).replace(str(path), path.name)
        raise AudioError(
            f"{path} is {'an MP3 without a count of its frames' if reader == 'mp3' else f'of a kind ({reader})'} that "
            f"ffmpeg has to read, and it could not: {reason}. If the program is there, the file is damaged or truncated: "
            "fetch it again, or convert it to WAV."
        ) from error


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
    if kind == "NIST" and (told := re.search(rb"\nsample_count -i (\d+)\n", path.read_bytes()[:1024])):
        _refuse_short(path, read, int(told[1]), sample_rate)


def _refuse_short(path: Path, read: int, promised: float, sample_rate: int) -> None:
    if read < promised:
        raise AudioError(
            f"{path} is truncated: its header promises {promised / sample_rate:.3f} s, "
            f"{read / sample_rate:.3f} s are there. Fetch or export the file again."
        )


def _has_last_page(path: Path) -> bool:
    """Whether an Ogg file ends in a whole page that is marked as the last of its stream."""
    content = path.read_bytes()
    at = content.rfind(b"OggS")
    if at < 0 or len(content) < at + 27:
        return False
    segments = content[at + 27 : at + 27 + content[at + 26]]
    return bool(content[at + 5] & 4) and len(content) >= at + 27 + len(segments) + sum(segments)
