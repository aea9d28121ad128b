"""The live cell of the Bark-loss chapter: a sound, a change, and what each loss makes of it.

Chapter: bark_loss
"""

from functools import lru_cache

from paper_code.audio.clips import Clip
from paper_code.bark_loss import sensitivity, stimuli
from paper_code.bark_loss.figures import TOP
from paper_code.bark_loss.loss import BarkLoss
from paper_code.bark_loss.study import Study
from paper_code.display import players
from paper_code.display.live import Choice, Live, Range, live
from paper_code.display.markup import Shown
from paper_code.display.players import Missing
from paper_code.display.tables import Column, Table, table

BANDS = (64, 128, 256, 512, 1024)
ADDED = "noise above 2000 Hz"
TITLE = "How far is a changed sound from the original?"


def hears(study: Study) -> Shown | Live:
    """Controls: the sound, the change, the level of added noise, the number of bands. Shows a player and a table."""
    names = list(sensitivity.changes(stimuli.clip("speech", synthetic=True)))
    sounds = {stimuli.STIMULI[name].title: name for name in study.originals}
    controls = {
        "sound": Choice("sound", sounds, next(iter(sounds))),
        "change": Choice("change", dict(zip(names, names, strict=True)), ADDED),
        "snr": Range("SNR of added noise", 0, 40, round(sensitivity.SNR), unit="dB"),
        "bands": Choice("bands of the filter bank", {str(number): number for number in BANDS}, "512"),
    }
    return live(controls, lambda sound, **setting: changed(study.originals[sound], **setting), TITLE)


def changed(original: Clip | Missing, change: str, snr: float, bands: int) -> list[Shown]:
    """A player of a sound and the same changed, and the distance that each variant of the loss sees.

    change: of `sensitivity.changes`.   snr: dB, of the noises that are added.
    """
    if isinstance(original, Missing):
        return [players.compare({"Original": original}, TITLE)]
    waveform = sensitivity.changes(original, snr)[change]
    sounds = {"Original": original, "Changed": original.with_waveform(waveform, change)}
    roles = {"Original": "reference", "Changed": "plain"}
    player = players.compare(
        sounds, f"{original.title}: {change}", match_loudness=False, roles=roles, max_frequency=TOP
    )
    return [player, _distances(sensitivity.distances(_losses(bands), waveform, original), change, bands)]


def _distances(found: dict[str, float], change: str, bands: int) -> Table:
    columns = [Column("loss"), Column("distance", format=".4f")]
    caption = (
        f"Loss plus one after the change “{change}”, with {bands} bands: 0 for the sound itself, 1 for silence. Which of "
        "them hears the change as you do?"
    )
    return table(columns, list(map(list, found.items())), caption)


@lru_cache(maxsize=2)  # a loss keeps its filters' spectra, some 30 MB
def _losses(bands: int) -> dict[str, BarkLoss]:
    return sensitivity.variants(bands)
