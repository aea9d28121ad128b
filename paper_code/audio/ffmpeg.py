"""The ffmpeg program that imageio-ffmpeg carries: where it is, and what it answers."""

import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

from paper_code.audio.errors import AudioError

INSTALL = "pip install imageio-ffmpeg==0.6.0"
PATIENCE = 120  # s that ffmpeg may take for a short sound, and for a part of a long one
PIECE = 2**21  # bytes


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


def run(program: Path, arguments: list[str], content: bytes = b"") -> bytes:
    """What ffmpeg writes when it is fed `content`; raises CodecError with its own words where it fails."""
    seconds = PATIENCE + len(content) / 16000
    try:
        done = subprocess.run(
            _command(program, arguments), input=content, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CodecError(f"{program} did not end within {seconds:.0f} s and was stopped.") from error
    except OSError as error:
        raise _not_run(program, error) from error
    _refuse_failure(program, done.returncode, bool(done.stdout), done.stderr)
    return done.stdout


def streamed(program: Path, arguments: list[str]) -> Iterator[bytes]:
    """What ffmpeg writes, PIECE bytes at a time; ffmpeg waits until they are taken.

    Raises CodecError with its own words where it fails, which may be after all that it wrote.
    """
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                _command(program, arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words
            )
        except OSError as error:
            raise _not_run(program, error) from error
        with process:
            try:
                wrote = yield from _pieces(program, process)
            finally:
                process.kill()  # where nobody reads on; of a process that ended it takes no notice
        words.seek(0)
        _refuse_failure(program, process.returncode, wrote, words.read())


def _pieces(program: Path, process: subprocess.Popen[bytes]) -> Generator[bytes, None, bool]:
    """Gives back whether anything came."""
    wrote, late = False, threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    while True:
        watch = threading.Timer(PATIENCE, stop)
        watch.start()
        try:
            piece = process.stdout.read(PIECE)
            if not piece:
                process.wait()
        finally:
            watch.cancel()
        if late.is_set():
            raise CodecError(f"{program} wrote nothing for {PATIENCE} s and was stopped.")
        if not piece:
            return wrote
        wrote = True
        yield piece


def _command(program: Path, arguments: list[str]) -> list[str]:
    return [str(program), "-hide_banner", "-loglevel", "error", "-nostats", "-threads", "1", *arguments]


def _not_run(program: Path, error: OSError) -> CodecError:
    return CodecError(f"{program} cannot be run ({error.strerror or error}): {INSTALL}")


def _refuse_failure(program: Path, code: int, wrote: bool, said: bytes) -> None:
    if code != 0 or not wrote:
        words = " | ".join(said.decode(errors="replace").strip().splitlines()[-3:]) or "it said nothing"
        raise CodecError(f"{program} failed with exit code {code}: {words}. The tested one: {INSTALL}")
