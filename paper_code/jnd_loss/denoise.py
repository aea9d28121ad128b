"""Speech without its noise, from the command line:

python -m paper_code.jnd_loss.denoise noisy.wav out.wav --method germain
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor
from tqdm import tqdm

from paper_code.audio.clips import AudioError
from paper_code.audio.places import expanded
from paper_code.audio.terminal import ended
from paper_code.jnd_loss.denoiser import SAMPLE_RATE
from paper_code.jnd_loss.enhancement import blocks, methods, spectral
from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic, writing

SHORTEST = 0.1  # s
KINDS = {".wav": "FLOAT", ".flac": "PCM_24"}  # what is written, by the end of the name
READ_AT_ONCE = 2**20  # samples


@dataclass(frozen=True)
class Source:
    """A sound file that is read in parts. samples: of each channel.   sample_rate: Hz."""

    path: Path
    samples: int
    sample_rate: int
    channels: int

    def channel(self, number: int) -> blocks.Reader:
        """A reader of one channel."""

        def read(first: int, last: int) -> Tensor:
            with soundfile.SoundFile(self.path) as file:
                file.seek(first)
                part = file.read(last - first, dtype="float32", always_2d=True)
            return torch.from_numpy(np.ascontiguousarray(part[:, number]))

        return read


def opened(path: Path) -> Source:
    """A sound file, looked through once, part by part.

    Raises AudioError where it is missing, a folder, no sound, damaged, not finite, silent or too short.
    """
    if not path.is_file():
        raise AudioError(f"there is no sound file {path}: check the name.")
    try:
        with soundfile.SoundFile(path) as file:
            promised, rate, channels = file.frames, file.samplerate, file.channels
            loudest, length = _looked_through(file, path)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path} cannot be read as sound ({error.error_string}): it is not audio, or it is damaged. Wanted WAV, FLAC, "
            "Ogg, MP3 or AIFF."
        ) from error
    if length < promised and path.suffix.lower() != ".mp3":
        raise AudioError(f"{path} is truncated: {promised} samples are promised, {length} are there. Fetch it again.")
    if length < SHORTEST * rate:
        raise AudioError(f"{path} is too short: {length / rate:.3f} s; wanted {SHORTEST:g} s or more.")
    if loudest == 0:
        raise AudioError(f"{path} is silent: {length} samples, all 0. There is no speech in it.")
    return Source(path, length, rate, channels)


def _looked_through(file: soundfile.SoundFile, path: Path) -> tuple[float, int]:
    """The largest magnitude, and how many samples there are."""
    loudest, length = 0.0, 0
    while len(part := file.read(READ_AT_ONCE, dtype="float32", always_2d=True)):
        if not np.isfinite(part).all():
            raise AudioError(f"{path} holds samples that are NaN or infinite. Export the sound again.")
        loudest, length = max(loudest, float(np.abs(part).max())), length + len(part)
    return loudest, length


def pieces(source: Source, method: str, channel: int = 0) -> Iterator[Tensor]:
    """A channel of a file without its noise, at 16 kHz, piece by piece [time]. Raises ValueError, WeightsError."""
    read = source.channel(channel)
    if method in spectral.GAINS:
        return blocks.by_gain(method, read, source.samples, source.sample_rate)
    return blocks.by_network(methods.method(method), read, source.samples, source.sample_rate)


def denoise(path: Path, target: Path, method: str, force: bool = False, progress: bool = True) -> str:
    """Write a file's speech without its noise, each channel by itself, at 16 kHz; returns what was done, for people.

    target: .wav (32-bit float) or .flac (24 bits).   method: one of methods.COMMANDS.   force: replace what is there.
    Memory does not grow with the length. Raises AudioError, LabError, WeightsError, OutputError.
    """
    _require_target(path, target, force)
    source = opened(path)
    total = blocks.output_length(source.samples, source.sample_rate)
    clipped = 0
    with ExitStack() as stack:
        temporary = stack.enter_context(atomic(target))
        stack.enter_context(writing(target))
        file = stack.enter_context(
            soundfile.SoundFile(temporary, "w", SAMPLE_RATE, source.channels, KINDS[target.suffix.lower()])
        )
        bar = stack.enter_context(tqdm(total=total, unit="sample", unit_scale=True, disable=not progress))
        for parts in zip(*(pieces(source, method, channel) for channel in range(source.channels)), strict=True):
            samples = torch.stack(parts, -1).numpy()
            clipped += int((np.abs(samples) > 1).sum()) if target.suffix.lower() == ".flac" else 0
            file.write(np.clip(samples, -1, 1) if target.suffix.lower() == ".flac" else samples)
            bar.update(len(samples))
    return _told(source, target, method, total, clipped)


def _told(source: Source, target: Path, method: str, total: int, clipped: int) -> str:
    channels = f", {source.channels} channels, each by itself" if source.channels > 1 else ""
    rate = f", brought from {source.sample_rate} to {SAMPLE_RATE} Hz" if source.sample_rate != SAMPLE_RATE else ""
    over = f" {clipped} samples were over full scale and were clipped: write .wav to keep them." if clipped else ""
    return f"{target.name}: {total / SAMPLE_RATE:.2f} s{channels}{rate} ({methods.TITLES[method]}).{over}"


def _require_target(path: Path, target: Path, force: bool) -> None:
    if path.resolve() == target.resolve():
        raise LabError(f"{path} would be replaced by what is made of it: give two names.")
    if target.suffix.lower() not in KINDS:
        raise LabError(f"speech is written as {' or '.join(KINDS)}: found the name {target.name}.")
    if target.exists() and not force:
        raise LabError(f"{target} is there already: give another name, or --force to replace it.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 130 interrupted."""
    words = _parser().parse_args(arguments)
    try:
        print(denoise(words.source, words.target, words.method, words.force, not words.quiet))
    except (LabError, AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_code.jnd_loss.denoise",
        description="Speech without its noise, at 16 kHz. The networks learned from read English speech.",
    )
    parser.add_argument("source", type=expanded, help="a sound file of any rate and number of channels")
    parser.add_argument("target", type=expanded, help=f"the file to write, {' or '.join(KINDS)}")
    named = "; ".join(f"{name}: {methods.TITLES[name]}" for name in methods.COMMANDS)
    parser.add_argument("--method", choices=methods.COMMANDS, default="manocha", help=f"{named} (default manocha)")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


if __name__ == "__main__":
    sys.exit(ended(main))
