"""The live cell of the timbre-loss chapter: how strong a learned mask must be before the network is fooled.

Chapter: timbre_loss
"""

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.figures import Drawing, show
from paper_code.display.live import Choice, Live, Range, live
from paper_code.display.markup import Shown
from paper_code.display.style import PanelFigure, Theme
from paper_code.display.tables import Column, Table, table
from paper_code.timbre_loss import masks, stimuli
from paper_code.timbre_loss.loss import TimbreLoss
from paper_code.timbre_loss.page import TOP
from paper_code.timbre_loss.spectrograms import log_spectrogram, masked
from paper_code.timbre_loss.study import MASKS, Sound, Study

CLIPS = 2
STRENGTHS = (-1.0, 2.0)
POINTS = 13  # of the curve
TITLE = "How strong must a mask be?"


def strength(study: Study) -> Shown | Live:
    """Controls: phrase, mask, its strength, the class that the loss asks for. Shows a player, a curve and a table."""
    phrases = {f"phrase {clip + 1}": clip for clip in range(CLIPS)}
    names, classes = {called: name for name, called in MASKS.items()}, stimuli.TITLES["cellos"]
    controls = {
        "clip": Choice("phrase of cello B", phrases, "phrase 1"),
        "mask": Choice("mask", names, MASKS["rectangles"]),
        "factor": Range("strength (1: as learned)", *STRENGTHS, 1.0, 0.1),
        "target": Choice("target of the loss", dict(zip(classes, range(2), strict=True)), classes[0]),
    }
    sounds = lru_cache(lambda clip: study.sounds("cellos", clip))

    def compute(clip: int, mask: str, factor: float, target: int) -> list[Shown]:
        return at_strength(sounds(clip), study.heard_mask("cellos", mask, clip), MASKS[mask], factor, target)

    return live(controls, compute, TITLE)


def at_strength(sounds: Mapping[str, Sound], mask: Tensor, name: str, factor: float, target: int) -> list[Shown]:
    """A phrase, the same under a mask [257, 298] in dB times a factor, and its target; scores and the loss.

    sounds: of Study.sounds, the input and the target first.   target: 0 or 1, the class that the loss asks for.
    """
    (source, given), (other, wanted) = list(sounds.items())[:2]
    if not isinstance(given, Clip):
        return [players.compare({source: given, other: wanted}, TITLE)]
    changed = f"{name}, times {factor:.1f}"
    heard = {source: given, changed: given.with_waveform(masked(given.waveform, factor * mask), changed), other: wanted}
    roles = dict(zip(heard, ("plain", "document", "reference"), strict=True))
    player = players.compare(heard, TITLE, LISTEN, roles=roles, max_frequency=TOP)
    loss = TimbreLoss.pretrained(target=target, alpha=masks.Recipe().alpha, beta=masks.Recipe().beta)
    return [player, _curve(loss, given.waveform, mask, factor), _table(loss, heard)]


LISTEN = "Does it come nearer to the other cello, or does only the score fall? Below 0 the mask is turned around."


@torch.no_grad()
def scores(loss: TimbreLoss, waveform: Tensor, mask: Tensor, factors: Tensor) -> Tensor:
    """Scores [factor] of a phrase [time] whose log spectrogram is raised by a mask [257, 298] in dB times each factor."""
    return loss.network(log_spectrogram(waveform)[None] + factors[:, None, None] * mask)


def _curve(loss: TimbreLoss, waveform: Tensor, mask: Tensor, factor: float) -> Drawing:
    factors = torch.linspace(*STRENGTHS, POINTS)
    curve = scores(loss, waveform, mask, factors)
    here = float(scores(loss, waveform, mask, torch.tensor([factor]))[0])
    first, second = stimuli.TITLES["cellos"]

    def draw(theme: Theme) -> PanelFigure:
        figure, (axes,) = theme.figure(height=2.6)
        axes.plot(factors.numpy(), curve.numpy(), **theme.line("document"))
        axes.plot([factor], [here], "o", color=theme.ink, markersize=8)
        axes.set(xlabel="strength of the mask", ylabel="score", ylim=(-0.02, 1.02), xlim=STRENGTHS)
        return figure

    caption = f"The released network's score against the strength: 0 for {first}, 1 for {second}. The dot: {here:.2f}."
    return show(draw, caption, f"A curve of the score over strengths; {here:.2f} at {factor:.1f}.")


def _table(loss: TimbreLoss, heard: Mapping[str, Clip]) -> Table:
    given, wanted = next(iter(heard.values())).waveform, stimuli.TITLES["cellos"][loss.target]
    with torch.no_grad():
        rows = [[name, float(loss.score(c.waveform)), float(loss(c.waveform, given))] for name, c in heard.items()]
    columns = [Column("sound"), Column("score", format=".2f"), Column("loss", format=".2f")]
    caption = (
        f"Score of each sound as it is heard, and the paper's objective towards {wanted}: the score, plus what the change "
        "of the input costs."
    )
    return table(columns, rows, caption)
