"""Speech files through the released coders, from the command line:

python -m paper_code.masking_loss.code_speech encode in.wav out.pmlc --loss masking --rate 20
python -m paper_code.masking_loss.code_speech decode out.pmlc out.wav
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import soundfile
from torch import Tensor, nn
from tqdm import tqdm

from paper_code.audio import clips
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.places import expanded, is_file
from paper_code.audio.terminal import ended
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic
from paper_code.masking_loss import stimuli
from paper_code.masking_loss.coder import bitstream, weights
from paper_code.masking_loss.coder.bitstream import Coded, WrongCoder
from paper_code.masking_loss.coder.coder import SAMPLE_RATE, SpeechCoder
from paper_code.masking_loss.coder.framing import frames_needed
from paper_code.masking_loss.configs import LOSSES, RATES


def read_speech(path: Path | str) -> Clip:
    """A sound file as the coders take it: one channel at 16 kHz; what was done to it stands in the clip's recipe.

    Raises AudioError where it is missing, no sound, damaged, silent, not finite or shorter than a frame.
    """
    clip = clips.resample(clips.read(path), SAMPLE_RATE)
    stimuli.normalised(clip)  # refuses what the coders cannot take; the level stays, a coded file knows it
    return clip


def encode(source: Path, target: Path, loss: str, rate: float, progress: bool = True) -> str:
    """Write the coded file of a sound file; returns what was done, for people.

    loss, rate (kb/s): of the released coder. Raises AudioError, ConfigError, WeightsError, OutputError, LabError.
    """
    _require_two(source, target)
    coder, clip = weights.load_coder(loss, rate), read_speech(source)
    with _bar(coder.encoder, frames_needed(len(clip.waveform)), "encoding", progress):
        coded = bitstream.quantised(coder, clip.waveform)
    data = bitstream.pack(coder, coded)
    bitstream.write(target, data)
    steps = "".join(f"{source.name}: {step}\n" for step in clip.recipe["steps"])
    spent = f"{len(data)} bytes for {coded.seconds:.2f} s, {bitstream.kilobits(data, coded.samples):.2f} kb/s"
    return f"{steps}{target.name}: {spent} ({_called(loss, rate)})"


def decode(source: Path, target: Path, progress: bool = True) -> str:
    """Write the sound of a coded file as WAV (32-bit float, 16 kHz); returns what was done, for people.

    Raises BitstreamError for a file that is damaged or of no released coder, WeightsError, OutputError, LabError.
    """
    _require_two(source, target)
    if target.suffix.lower() != ".wav":
        raise LabError(f"decoded speech is written as WAV: give a name that ends in .wav, not {target.name}.")
    loss, rate, coder, coded = _with_its_coder(bitstream.read(source))
    with _bar(coder.decoder, len(coded.symbols), "decoding", progress):
        waveform = bitstream.synthesised(coder, coded)
    _write_wav(target, waveform)
    return f"{target.name}: {coded.seconds:.2f} s at {SAMPLE_RATE} Hz ({_called(loss, rate)})"


def _with_its_coder(data: bytes) -> tuple[str, float, SpeechCoder, Coded]:
    """The released coder that a file was made by, and the file's symbols: its header tells that coder from all others."""
    for loss, rate, coder in weights.coders():
        with suppress(WrongCoder):
            return loss, rate, coder, bitstream.unpack(coder, data)
    raise WrongCoder("the file was made by none of the released coders: decode it with the release that coded it.")


def _called(loss: str, rate: float) -> str:
    """The rate of a coder is the mean over the speech it learned from: a single sound may cost more or less."""
    return f"coder: {loss}, trained for {rate:g} kb/s on average"


def _require_two(source: Path, target: Path) -> None:
    if is_file(target) and is_file(source) and source.samefile(target):
        raise LabError(f"{source} would be replaced by what is made of it: give two names.")


def _write_wav(path: Path, waveform: Tensor) -> None:
    """Floats, since what a decoder gives may be a little over full scale, and would clip in whole numbers."""
    written = io.BytesIO()
    soundfile.write(written, waveform.numpy(), SAMPLE_RATE, format="WAV", subtype="FLOAT")
    with atomic(path) as temporary:
        temporary.write_bytes(written.getvalue())


@contextmanager
def _bar(network: nn.Module, frames: int, label: str, progress: bool) -> Iterator[None]:
    """A progress bar that counts the frames which go through a network."""
    with tqdm(total=frames, unit="frame", desc=label, disable=not progress) as bar:

        def count(_: nn.Module, given: tuple[Tensor], __: Tensor) -> None:  # what a hook returns would be the output
            bar.update(len(given[0]))

        hook = network.register_forward_hook(count)
        try:
            yield
        finally:
            hook.remove()


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
    sys.exit(ended(main))
