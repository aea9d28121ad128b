"""Speech files through the released coders, from the command line:

python -m paper_code.masking_loss.code_speech encode in.wav out.pmlc --loss masking --rate 20
python -m paper_code.masking_loss.code_speech decode out.pmlc out.wav
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from paper_code.audio.clips import AudioError
from paper_code.audio.places import expanded, is_file
from paper_code.audio.terminal import ended
from paper_code.lab.errors import LabError
from paper_code.masking_loss.coder import bitstream, container, weights
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.container import Contents, WrongCoder
from paper_code.masking_loss.coder.framing import frames_needed
from paper_code.masking_loss.configs import LOSSES, RATES
from paper_code.masking_loss.speech_files import read_speech, write_wav


def encode(source: Path, target: Path, loss: str, rate: float, progress: bool = True) -> str:
    """Write the coded file of a sound file; returns what was done, for people.

    The sound is read twice, for its peak and to be coded, and never held: an hour takes as little memory as a minute.
    loss, rate (kb/s): of the released coder. Raises AudioError, ConfigError, WeightsError, OutputError, LabError.
    """
    _require_two(source, target)
    coder, begun = weights.load_coder(loss, rate), time.perf_counter()
    speech = read_speech(source, lambda pieces: _counted(pieces, None, "sample", "reading", progress))
    symbols = bitstream.symbol_parts(coder, speech.pieces(), speech.level)
    counted = _counted(symbols, frames_needed(speech.samples), "frame", "encoding", progress)
    data = bitstream.pack_parts(coder, counted, speech.samples, speech.level)
    container.write(target, data)
    spent = f"{len(data)} bytes for {speech.seconds:.2f} s, {container.kilobits(data, speech.samples):.2f} kb/s"
    steps = [f"{source.name}: {step}" for step in speech.steps]
    told = f"{target.name}: {spent} ({_called(loss, rate)})"
    return "\n".join([*steps, told, _pace("coded", speech.seconds, begun)])


def decode(source: Path, target: Path, progress: bool = True) -> str:
    """Write the sound of a coded file as WAV (32-bit float, 16 kHz); returns what was done, for people.

    The file is checked to its last byte before any of it is decoded, and its sound is never held.
    Raises BitstreamError for a file that is damaged or of no released coder, WeightsError, OutputError, LabError.
    """
    _require_two(source, target)
    if target.suffix.lower() != ".wav":
        raise LabError(f"decoded speech is written as WAV: give a name that ends in .wav, not {target.name}.")
    begun = time.perf_counter()
    loss, rate, coder, contents = _with_its_coder(container.read(source))
    samples, level = contents.samples, contents.level
    counted = _counted(bitstream.unpack_parts(coder, contents), frames_needed(samples), "frame", "decoding", progress)
    write_wav(target, bitstream.waveform_parts(coder, counted, samples, level), samples)
    told = f"{target.name}: {contents.seconds:.2f} s at {SAMPLE_RATE} Hz ({_called(loss, rate)})"
    return f"{told}\n{_pace('decoded', contents.seconds, begun)}"


def _with_its_coder(data: bytes) -> tuple[str, float, SpeechCoder, Contents]:
    """The released coder that a file was made by, and what is in it: its header tells that coder from all others."""
    for loss, rate, coder in weights.coders():
        with suppress(WrongCoder):
            return loss, rate, coder, bitstream.opened(coder, data)
    raise WrongCoder("the file was made by none of the released coders: decode it with the release that coded it.")


def _called(loss: str, rate: float) -> str:
    """The rate of a coder is the mean over the speech it learned from: a single sound may cost more or less."""
    return f"coder: {loss}, trained for {rate:g} kb/s on average"


def _pace(done: str, seconds: float, begun: float) -> str:
    """The real-time factor in words. begun: on the clock of `time.perf_counter`."""
    spent = time.perf_counter() - begun
    return f"{done} {seconds:.2f} s in {spent:.2f} s, {seconds / spent:.1f} times as fast as real time"


def _require_two(source: Path, target: Path) -> None:
    if is_file(target) and is_file(source) and source.samefile(target):
        raise LabError(f"{source} would be replaced by what is made of it: give two names.")


def _counted(parts: Iterable[Tensor], total: int | None, unit: str, label: str, progress: bool) -> Iterator[Tensor]:
    """The same parts, under a progress bar that counts their rows; with a total where it is known."""
    with tqdm(total=total, unit=unit, unit_scale=total is None, desc=label, disable=not progress) as bar:
        for part in parts:
            yield part
            bar.update(len(part))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 130 interrupted."""
    words = _parser().parse_args(arguments)
    try:
        if words.command == "encode":
            print(encode(words.source, words.target, words.loss, words.rate, not words.quiet))
        else:
            print(decode(words.source, words.target, not words.quiet))
    except (LabError, AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_code.masking_loss.code_speech",
        description="Code speech with the released coders. They learned from read English speech at 16 kHz: music and "
        "noise come back worse.",
    )
    parts = parser.add_subparsers(dest="command", required=True)
    encoding = parts.add_parser("encode", help="a sound file into a coded file")
    encoding.add_argument("source", type=expanded, help="any sound file; other rates and channels are converted")
    encoding.add_argument("target", type=expanded, help="the coded file to write")
    encoding.add_argument("--loss", default="masking", help=f"{', '.join(LOSSES)} (default masking)")
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    encoding.add_argument("--rate", type=float, default=20.0, metavar="KBPS", help=f"{rates} kb/s (default 20)")
    decoding = parts.add_parser("decode", help="a coded file into a WAV file")
    decoding.add_argument("source", type=expanded, help="a file written by encode")
    decoding.add_argument("target", type=expanded, help="the WAV file to write")
    for part in (encoding, decoding):
        part.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half written goes then too
    sys.exit(ended(main))
