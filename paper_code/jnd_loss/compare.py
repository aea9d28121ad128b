"""How far apart two sound files are for the JND metrics, the released and our own, from the command line:

python -m paper_code.jnd_loss.compare ref.wav test.wav
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from paper_code.audio import clips, perturbations
from paper_code.audio.clips import AudioError, Clip
from paper_code.audio.delay import delay, without_delay
from paper_code.audio.places import expanded
from paper_code.audio.terminal import ended
from paper_code.jnd_loss import listening_test
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED, Anchor
from paper_code.jnd_loss.measures import Measure, own, released
from paper_code.lab.errors import LabError

SHORTEST = 8193  # samples: in shorter ones the last layers are one frame long and tell nothing
MOST_LONGER = 1.5  # times the other: what differs by more is not one sound twice
NEAR = 1.5  # times: a condition of the listening test that is farther off is not named
HOPELESS = 0.9  # of the distance of another sentence, above which a distance is no better than that
LEVEL_TOLD = 0.5  # dB
STEP = 5.0  # dB
LADDER = tuple(
    80.0 - STEP * k for k in range(17)
)  # dB SNR, from weak noise to strong, where an equal one is looked for
HALVINGS = 4  # of a step: to 0.3 dB


@dataclass(frozen=True)
class Reading:
    """What one metric says. distance: from the reference.

    snr: dB of the weakest white noise on the reference that is as far; 80 where that is farther already, None where
    no noise from 80 to 0 dB is as far.
    nearest: the condition of the real listening test with the most similar distance, None where none is within a
    factor of 1.5 or the test's scores are not kept here.
    unrelated: the distance that another speaker's sentence has from such a reference; None where it is not known.
    """

    title: str
    distance: float
    snr: float | None
    nearest: Anchor | None = None
    unrelated: float | None = None


def read_pair(reference: Path, test: Path, align: bool = False) -> tuple[Clip, Clip, list[str]]:
    """Two sound files made comparable, and what was done, in words.

    They get the lower of their rates, and the shorter one silence at its end: most codecs drop the end, and the authors'
    silence at the front would shift all of it.   align: take the delay of the test out.
    Raises AudioError where one is missing, no sound, damaged, silent or too short, and where one is more than 1.5 times
    as long as the other.
    """
    pair = [clips.require_signal(clips.read(path)) for path in (reference, test)]
    told = [f"{clip.title}: {step}" for clip in pair for step in clip.recipe["steps"]]
    if len({clip.sample_rate for clip in pair}) > 1:
        rate = min(clip.sample_rate for clip in pair)
        told.append(f"rates differ ({pair[0].sample_rate} and {pair[1].sample_rate} Hz): compared at {rate} Hz")
        pair = [clips.resample(clip, rate) for clip in pair]
    ours, theirs = _of_one_length(*pair, told)
    return ours, _told_of_delay(ours, theirs, align, told), told


def readings(
    measures: Mapping[str, Measure],
    reference: Clip,
    test: Clip,
    anchors: Mapping[str, Sequence[Anchor]] | None = None,
    unrelated: Mapping[str, float] | None = None,
) -> list[Reading]:
    """What each metric says of a pair of clips of one rate and length.

    anchors: measure -> conditions of the listening test, to compare with.   unrelated: measure -> the distance of another
    speaker's sentence. Raises AudioError for what is too short.
    """
    return [
        _reading(measure, reference, test, (anchors or {}).get(name, ()), (unrelated or {}).get(name))
        for name, measure in measures.items()
    ]


def in_words(reading: Reading) -> str:
    """One metric's distance with what it means, in one or two lines."""
    line = f"{reading.title}: {reading.distance:.4g}"
    if reading.distance == 0:
        return f"{line}, no difference at all"
    line = f"{line}, {_noise_in_words(reading.snr)}"
    if reading.unrelated is not None and reading.distance >= HOPELESS * reading.unrelated:
        return f"{line};\n    another speaker's sentence is no farther ({reading.unrelated:.3g}): it tells nothing here"
    if reading.nearest is None:
        return line
    known = reading.nearest
    return (
        f"{line};\n    about as far as {known.condition} from its reference in a real listening test "
        f"({known.distance:.3g}), rated {known.rating:.0f} of 100"
    )


def _noise_in_words(snr: float | None) -> str:
    if snr is None:
        return f"farther than white noise of any strength down to {LADDER[-1]:g} dB SNR"
    if snr == LADDER[0]:
        return f"nearer than white noise at {snr:g} dB SNR"
    return f"as far as white noise at {snr:.0f} dB SNR on this reference"


def _reading(
    measure: Measure, reference: Clip, test: Clip, anchors: Sequence[Anchor], unrelated: float | None
) -> Reading:
    rate = measure.sample_rate or reference.sample_rate
    ours, theirs = (clips.resample(clip, rate) for clip in (test, reference))
    if len(theirs.waveform) < SHORTEST:
        raise AudioError(
            f"the JND metrics need {SHORTEST / rate:.2f} s or more; '{reference.title}' has {reference.seconds:.2f} s"
        )
    distance = measure.of(ours, theirs)
    return Reading(
        measure.title, distance, _equal_noise(measure, theirs, distance), _nearest(distance, anchors), unrelated
    )


def _nearest(distance: float, anchors: Sequence[Anchor]) -> Anchor | None:
    """The condition whose distance is nearest in ratio, if that is within a factor of NEAR."""
    ratios = {max(known.distance / distance, distance / known.distance): known for known in anchors if distance > 0}
    return ratios[min(ratios)] if ratios and min(ratios) <= NEAR else None


def _equal_noise(measure: Measure, reference: Clip, distance: float) -> float | None:
    """The largest SNR (dB) at which white noise is as far from a reference, from the side of weak noise.

    A distance need not grow with the noise: that of the released metrics falls again where it is strong.
    """
    noise = perturbations.white_noise(reference.waveform, torch.Generator().manual_seed(0))

    def farther(decibels: float) -> bool:
        noisy = perturbations.add_noise(reference.waveform, noise, decibels)
        return measure.of(reference.with_waveform(noisy, "white noise added"), reference) > distance

    low = next((decibels for decibels in LADDER if farther(decibels)), None)
    if low is None or low == LADDER[0]:
        return low
    high = low + STEP
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if farther(middle) else (low, middle)
    return low


def _of_one_length(reference: Clip, test: Clip, told: list[str]) -> tuple[Clip, Clip]:
    lengths = [len(clip.waveform) for clip in (reference, test)]
    if max(lengths) > MOST_LONGER * min(lengths):
        raise AudioError(
            f"'{reference.title}' has {reference.seconds:.2f} s and '{test.title}' {test.seconds:.2f} s: wanted one sound "
            "twice. Cut them to the same stretch first."
        )
    if lengths[0] == lengths[1]:
        return reference, test
    shorter = reference if lengths[0] < lengths[1] else test
    missing = abs(lengths[0] - lengths[1])
    told.append(f"{shorter.title}: {missing / shorter.sample_rate:.3f} s of silence added at its end, to equal lengths")
    padded = shorter.with_waveform(functional.pad(shorter.waveform, (0, missing)), f"{missing} zeros added at the end")
    return (padded, test) if shorter is reference else (reference, padded)


def _told_of_delay(reference: Clip, test: Clip, align: bool, told: list[str]) -> Clip:
    """The test, without its delay if asked; what differs that a reader should know is told."""
    samples = delay(test.waveform, reference.waveform, reference.sample_rate)
    if samples:
        when = f"{abs(samples) / reference.sample_rate * 1000:.1f} ms {'later' if samples > 0 else 'earlier'}"
        told.append(f"{test.title} comes {when}: {'taken out' if align else '--align would take that out'}")
    if align and samples:
        test = test.with_waveform(without_delay(test.waveform, samples), f"moved {samples} samples earlier")
    level = 10 * math.log10(float(test.waveform.square().mean() / reference.waveform.square().mean()))
    if abs(level) > LEVEL_TOLD:
        how = "louder" if level > 0 else "softer"
        told.append(
            f"{test.title} is {abs(level):.1f} dB {how}: the paper's metrics do not hear that, fit for use does"
        )
    return test


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 130 interrupted."""
    words = _parser().parse_args(arguments)
    try:
        reference, test, told = read_pair(words.reference, words.test, words.align)
        known = listening_test.anchors(way=ALIGNED if words.align else AS_RATED)
        unrelated = listening_test.distance_of_another_sentence()
        said = [in_words(reading) for reading in readings({**released(), **own()}, reference, test, known, unrelated)]
    except (LabError, AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{words.test.name} against {words.reference.name}, {reference.seconds:.2f} s")
    print("\n".join([*(f"note: {line}" for line in told), *said]))
    print(
        "More is farther, 0 is the same. The metrics learned from what people can just hear, on speech; scales differ."
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_code.jnd_loss.compare",
        description="How far a sound is from its reference for JND metrics (Manocha et al. 2020), and one of our own.",
    )
    parser.add_argument("reference", type=expanded, help="a sound file")
    parser.add_argument("test", type=expanded, help="the same sound, changed")
    parser.add_argument("--align", action="store_true", help="take the delay of the test out first")
    return parser


if __name__ == "__main__":
    sys.exit(ended(main))
