"""The reader's own just noticeable differences: a test on the page that asks as the JND paper did.

The script (book/_static/jnd_test.js) chooses each question from the answers so far, by the likelihood grid of
paper_code.listeners.jnd.grid, which the page hands to it. It plays the prepared sound that is nearest to the question and
counts the strength that was played. Answers stay in the browser; paper_code.listeners.jnd.own_answers reads their file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_code.audio.clips import AudioError, Clip, write_flac
from paper_code.display.listening_test import unavailable
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.notebook_folder import notebook_folder
from paper_code.display.players import STATIC
from paper_code.display.sound_blocks import FOLDER, Missing, licence
from paper_code.listeners.design import digest
from paper_code.listeners.jnd import grid
from paper_code.listeners.jnd.own_answers import BLOCKS, FORMAT, QUESTIONS, SENTINELS

FILES = ("jnd_test.css", "jnd_test.js")


@dataclass(frozen=True, eq=False)
class Block:
    """A reference and a direction away from it.

    perturbation: its name in the lists.   title: in words.   reference: its levels.   strengths: of the prepared sounds,
    from 0, which is the reference, to 100.   clips: the sounds.   amounts: what each is, in words.
    thresholds: [listener], of the paper's.   whose: who these are, as "15 listeners to the same noise".
    """

    perturbation: str
    title: str
    reference: tuple[float, ...]
    strengths: tuple[float, ...]
    clips: tuple[Clip, ...]
    amounts: tuple[str, ...]
    thresholds: NDArray[np.float64]
    whose: str

    def __post_init__(self) -> None:
        counts = {len(self.strengths), len(self.clips), len(self.amounts)}
        if len(counts) > 1 or list(self.strengths) != sorted(set(self.strengths)):
            raise ValueError(f"{self.title}: wanted rising strengths, and a sound and an amount for each")
        if (self.strengths[0], self.strengths[-1]) != SENTINELS or np.setdiff1d(self.strengths, grid.THRESHOLDS).size:
            raise ValueError(f"{self.title}: strengths go from 0 to 100 in multiples of {grid.STEP:g}")
        if not len(self.thresholds) or not np.isfinite(self.thresholds).all():
            raise ValueError(f"{self.title}: wanted the thresholds of the paper's listeners, all finite")


@dataclass(frozen=True)
class Taught:
    """A teaching trial. block: its number.   step: number of its strength.   told: what is said after the answer."""

    block: int
    step: int
    told: str


@dataclass(frozen=True)
class JNDTest:
    """A test of three blocks. volume: loud and soft in turn.   beeps: count -> speech with so many beeps.

    taught: the teaching trials.   agreement: share of the paper's answers that agree with their own listener's threshold.
    """

    name: str
    blocks: tuple[Block, ...]
    volume: Clip
    beeps: Mapping[int, Clip]
    taught: tuple[Taught, ...]
    agreement: float

    def __post_init__(self) -> None:
        if len(self.blocks) != BLOCKS or len({block.perturbation for block in self.blocks}) < BLOCKS:
            raise ValueError(f"{self.name}: wanted {BLOCKS} blocks of different perturbations")
        if not self.beeps or not self.taught:
            raise ValueError(f"{self.name}: wanted a sound with beeps and a teaching trial at least")

    @property
    def id(self) -> str:
        """16 hexadecimal digits that change with any question or sound, and with the procedure."""
        procedure = [FORMAT, QUESTIONS, SENTINELS, grid.THRESHOLDS.tolist(), grid.SPREADS.tolist()]
        blocks = [
            [block.perturbation, block.reference, block.strengths, [digest(clip) for clip in block.clips]]
            for block in self.blocks
        ]
        beeps = {count: digest(clip) for count, clip in self.beeps.items()}
        text = json.dumps([procedure, blocks, beeps, [(each.block, each.step) for each in self.taught]])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class JNDPage(Shown):
    """The reader's own JND test; see jnd_test."""


def jnd_test(test: JNDTest | Sequence[Missing], title: str, caption: str = "") -> JNDPage:
    """A test that finds where the reader just hears three perturbations, beside the paper's listeners.

    test: or what is missing; then the page says how to get it and asks nothing.
    Sounds are written to sounds/ in the working folder as 16-bit FLAC, named by their content: they are always played
    from the beginning, so none needs the seeking that other listening tests keep WAV for.
    Raises AudioError on a sound that is silent or beyond full scale, or versions of unequal length; OSError.

    Paper: Manocha et al. 2020, sections 2.1 and 3.2.   Chapter: jnd_loss
    """
    if not isinstance(test, JNDTest):
        return _page(title, caption, unavailable(test), None, "sounds are missing")
    for block in test.blocks:
        _check(block)
    clips = [clip for block in test.blocks for clip in block.clips] + [test.volume, *test.beeps.values()]
    addresses = {id(clip): _stored(clip) for clip in clips}
    files = sorted(set(addresses.values()))  # by a hash: the order on the page tells nothing
    places = {sound: files.index(address) for sound, address in addresses.items()}
    content = json.dumps(_content(test, places), ensure_ascii=False, separators=(",", ":"))
    body = _no_script() + _audio(files) + _sources(clips)
    return _page(title, caption, body, content, f"{BLOCKS} blocks of {QUESTIONS} comparisons")


def activate() -> None:
    """Load the script and style in a live notebook, after listening_test.activate(), whose parts they use.

    The built book has its own copy and leaves this output away.
    """
    from IPython.display import HTML, display  # only in a notebook

    css, script = ((STATIC / name).read_text(encoding="utf-8") for name in FILES)
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def _check(block: Block) -> None:
    if len({(len(clip.waveform), clip.sample_rate) for clip in block.clips}) > 1:
        raise AudioError(f"{block.title}: the versions must be equally long and of one sample rate")
    if silent := [clip.title for clip in block.clips if not clip.waveform.any()]:
        raise AudioError(f"{block.title}: {silent[0]} is silent")


def _stored(clip: Clip) -> str:
    """Write the sound if it is not there; its address."""
    name = f"{digest(clip)}.flac"
    if not (path := notebook_folder() / FOLDER / name).exists():
        write_flac(path, clip.waveform, clip.sample_rate)
    return f"{FOLDER}/{name}"


def _content(test: JNDTest, places: Mapping[int, int]) -> dict[str, Any]:
    """The test as the script reads it."""
    return {
        "id": test.id,
        "name": test.name,
        "format": FORMAT,
        "questions": QUESTIONS,
        "sentinels": SENTINELS,
        "grid": {
            "thresholds": grid.THRESHOLDS.tolist(),
            "spreads": grid.SPREADS.tolist(),
            "tie": grid.TIE,
            "drop": grid.DROP,
        },
        "agreement": test.agreement,
        "volume": places[id(test.volume)],
        "beeps": [[count, places[id(clip)]] for count, clip in test.beeps.items()],
        "taught": [[each.block, each.step, each.told] for each in test.taught],
        "blocks": [
            {
                "perturbation": block.perturbation,
                "title": block.title,
                "reference": block.reference,
                "strengths": block.strengths,
                "sounds": [places[id(clip)] for clip in block.clips],
                "amounts": block.amounts,
                "thresholds": np.sort(block.thresholds).tolist(),
                "whose": block.whose,
            }
            for block in test.blocks
        ],
    }


def _page(title: str, caption: str, body: str, content: str | None, about: str) -> JNDPage:
    text = f"<b>{escape(title)}</b>" + (f" <span>{prose(caption)}</span>" if caption else "")
    html = element(
        "figure",
        element("figcaption", text) + body,
        class_="sound-compare jnd-test",
        aria_label=f"JND test: {title}",
        data_jnd=content,
    )
    return JNDPage(html, f"JND test '{title}': {about}")


def _no_script() -> str:
    text = (
        "This test chooses its questions with a script, which does not run here. There is nothing to answer without it."
    )
    return element("p", text, class_="sound-message listening-static")


def _audio(files: Sequence[str]) -> str:
    sounds = (
        element("audio", preload="none", src=file, aria_label=f"Sound {k}") for k, file in enumerate(files, start=1)
    )
    return element("div", "".join(sounds), class_="listening-sounds", hidden=True)


def _sources(clips: Sequence[Clip]) -> str:
    """Who made the recordings and what may be done with them, each once; nothing about what was done to them."""
    lines = sorted({", ".join(filter(None, (clip.attribution, licence(clip)))) for clip in clips})
    rows = "".join(f"<dd>{escape(line)}</dd>" for line in lines)
    return element("details", f"<summary>Sources</summary><dl>{rows}</dl>", class_="sound-sources")
