"""The ffmpeg program that imageio-ffmpeg carries: where it is, and what it answers."""

import subprocess
from pathlib import Path

from paper_code.audio.errors import AudioError

INSTALL = "pip install imageio-ffmpeg==0.6.0"
PATIENCE = 120  # s that ffmpeg may take for a short sound


class CodecError(AudioError):
    """A codec that cannot do what was asked; the message says what it can do, or what is missing."""


def program() -> Path:
    """The ffmpeg program of imageio-ffmpeg; raises CodecError where there is none."""
    try:
        import imageio_ffmpeg  # here and not above: a machine that only trains needs no encoder
    except ImportError as error:
        raise CodecError(f"real codecs need the ffmpeg of imageio-ffmpeg, which is missing: {INSTALL}") from error
    try:
        found = Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise CodecError(f"imageio-ffmpeg brought no ffmpeg for this machine ({error}): {INSTALL}") from error
    if not found.is_file():
        raise CodecError(f"there is no ffmpeg at {found}: {INSTALL}, or correct IMAGEIO_FFMPEG_EXE.")
    return found


def run(program: Path, arguments: list[str], content: bytes = b"", patience: float = 0.0) -> bytes:
    """What ffmpeg writes when it is fed `content`; raises CodecError with its own words where it fails.

    patience: s it may take beyond PATIENCE and what `content` needs.
    """
    command = [str(program), "-hide_banner", "-loglevel", "error", "-nostats", "-threads", "1", *arguments]
    seconds = PATIENCE + patience + len(content) / 16000
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise CodecError(f"{program} did not end within {seconds:.0f} s and was stopped.") from error
    except OSError as error:
        raise CodecError(f"{program} cannot be run ({error.strerror or error}): {INSTALL}") from error
    if done.returncode != 0 or not done.stdout:
        words = " | ".join(done.stderr.decode(errors="replace").strip().splitlines()[-3:]) or "it said nothing"
        raise CodecError(f"{program} failed with exit code {done.returncode}: {words}. The tested one: {INSTALL}")
    return done.stdout
