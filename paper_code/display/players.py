"""Sounds side by side: labelled native controls; the book's script makes one synchronised player of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from html import escape

from tqdm import TqdmWarning

from paper_code.audio.clips import Clip
from paper_code.audio.places import STATIC
from paper_code.display import style
from paper_code.display.loudness import RATE, TARGET_LUFS, level, minus
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.sound_blocks import Missing, Setting, Slot, blocks, licence, missing_recording

__all__ = ["Missing", "Player", "activate", "compare", "missing_recording", "series"]

SHOWN = 0.05  # dB: a change of level smaller than this is not told


class Player(Shown):
    """Sounds to compare; see compare and series."""


def compare(
    sounds: Mapping[str, Clip | Missing],
    title: str,
    caption: str = "",
    match_loudness: bool = True,
    roles: Mapping[str, str] | None = None,
    spectrograms: bool = True,
    max_frequency: float | None = None,
) -> Player:
    """A player that switches between sounds at the same moment.

    sounds: label -> Clip, or Missing.   caption: what to listen for.
    match_loudness: bring all to one loudness (BS.1770); False where the level itself is compared.
    roles: label -> role (see style.ROLES), for the colours.   max_frequency: Hz, top of the spectrograms.
    Sounds (16-bit FLAC) and pictures are written to sounds/ beside the executed notebook, named by their content.
    Raises ValueError for no sounds or an unknown role or label, AudioError for a clip that cannot be played,
    OSError or OutputError where the files cannot be written.
    """
    slots = [Slot(label, sound) for label, sound in sounds.items()]
    setting = _prepare(slots, title, match_loudness, roles, spectrograms, max_frequency)
    body = element("div", "".join(blocks(slots, setting)), class_="sound-list")
    return _player(slots, setting, title, caption, body)


def series(
    rows: Mapping[str, Mapping[object, Clip | Missing]],
    title: str,
    caption: str = "",
    reference: Mapping[str, Clip | Missing] | None = None,
    step_name: str = "step",
    match_loudness: bool = True,
    roles: Mapping[str, str] | None = None,
    spectrograms: bool = True,
    max_frequency: float | None = None,
) -> Player:
    """A player with a slider: each row is heard at the step the slider stands at, beside a reference.

    rows: label -> {step -> Clip or Missing}, steps in order; a row may lack a step.
    reference: label -> Clip or Missing, the same at every step.   step_name: what the steps count.
    Other arguments, files and errors as in compare. Without the script it is a table, rows by steps.
    """
    references = [Slot(label, sound) for label, sound in (reference or {}).items()]
    cells = {
        (label, str(step)): Slot(label, sound, str(step), step_name)
        for label, steps in rows.items()
        for step, sound in steps.items()
    }
    if twice := set(rows) & set(reference or {}):
        raise ValueError(f"{title}: a label names a row or a reference, not both: {', '.join(sorted(twice))}")
    slots = [*references, *cells.values()]
    setting = _prepare(slots, title, match_loudness, roles, spectrograms, max_frequency)
    sounds = blocks(slots, setting)
    table = _table(dict(zip(cells, sounds[len(references) :], strict=True)), step_name)
    head = element("div", "".join(sounds[: len(references)]), class_="sound-list") if references else ""
    return _player(slots, setting, title, caption, head + table, step_name)


def activate() -> None:
    """Load the player's script and style in a live notebook; call it once, in the first cell.

    The built book has its own copy and leaves this output away. Without it the native controls work.
    Also silences tqdm's advice to install a widget manager: the pages want none, whichever library imports tqdm.
    """
    from IPython.display import HTML, display  # only in a notebook

    warnings.filterwarnings("ignore", category=TqdmWarning)
    css, script = ((STATIC / name).read_text(encoding="utf-8") for name in ("player.css", "player.js"))
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def _prepare(
    slots: Sequence[Slot],
    title: str,
    match: bool,
    roles: Mapping[str, str] | None,
    spectrograms: bool,
    max_frequency: float | None,
) -> Setting:
    if not slots:
        raise ValueError(f"{title}: a player needs at least one sound, found none")
    roles = dict(roles or {})
    labels = {slot.label for slot in slots}
    if unknown := set(roles) - labels:
        raise ValueError(f"{title}: roles are given for {sorted(unknown)}; the sounds are {sorted(labels)}")
    for role in roles.values():
        style.check_role(role)
    clips = [slot.sound for slot in slots if isinstance(slot.sound, Clip)]
    seconds = max((clip.seconds for clip in clips), default=0.0)
    top = max_frequency or max((clip.sample_rate / 2 for clip in clips), default=RATE / 2)
    return Setting(roles, level(clips, match), seconds, top, spectrograms)


def _table(cells: Mapping[tuple[str, str], str], step_name: str) -> str:
    labels, steps = list(dict.fromkeys(c[0] for c in cells)), list(dict.fromkeys(c[1] for c in cells))
    head = element("th", escape(step_name), scope="col")
    head += "".join(element("th", escape(step), scope="col") for step in steps)
    rows = "".join(
        element(
            "tr",
            element("th", escape(label), scope="row")
            + "".join(element("td", cells.get((label, step), "–")) for step in steps),
        )
        for label in labels
    )
    table = element("table", f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>")
    return element("div", table, class_="sound-scroll", tabindex="0", role="region", aria_label="All steps")


def _player(
    slots: Sequence[Slot], setting: Setting, title: str, caption: str, body: str, step_name: str = ""
) -> Player:
    text = f"<b>{escape(title)}</b>" + (f" <span>{prose(caption)}</span>" if caption else "")
    html = element(
        "figure",
        element("figcaption", text)
        + element("div", body, class_="sound-static")
        + element("p", escape(_note(setting)), class_="sound-note")
        + _sources(slots),
        class_="sound-compare",
        aria_label=f"Player: {title}",
        data_step_name=step_name or None,
        data_seconds=f"{setting.seconds:.4f}",
    )
    labels = list(dict.fromkeys(slot.label for slot in slots))
    steps = list(dict.fromkeys(slot.step for slot in slots if slot.step))
    at = f"; {step_name} {', '.join(steps)}" if steps else ""
    return Player(html, f"Player '{title}': {', '.join(labels)}{at}")


def _note(setting: Setting) -> str:
    levels = setting.levels
    if not levels.sounds:
        return ""
    if levels.common is None:
        text = "Levels as they are: nothing is matched."
        told = f" All are {levels.lowered:.1f} dB lower than they were, so that none clips."
        text += told if levels.lowered >= SHOWN else ""
    else:
        text = f"All at the same loudness, {minus(levels.common)} LUFS (ITU-R BS.1770)"
        text += f", below the usual {minus(TARGET_LUFS, 0)} so that no peak clips" if levels.lowered else ""
        text += "; the level it had is given beside each name."
    if any(not sound.own.gated for sound in levels.sounds if not sound.own.silent):
        text += " Ungated: shorter than the 0.4 s block of BS.1770, so measured over its whole length."
    pictures = " Spectrograms of what is played, −80 to 0 dB re full scale." if setting.spectrograms else ""
    return f"{text} Fades of 5 ms.{pictures}"


def _sources(slots: Sequence[Slot]) -> str:
    """Who made the sounds and what was done to them; labels with the same answer share a line."""
    labels: dict[str, list[str]] = {}
    for slot in slots:
        if isinstance(slot.sound, Clip):
            labels.setdefault(_source(slot.sound), []).append(slot.name)
    if not labels:
        return ""
    items = "".join(f"<dt>{escape('; '.join(names))}</dt><dd>{text}</dd>" for text, names in labels.items())
    return f'<details class="sound-sources"><summary>Sources and processing</summary><dl>{items}</dl></details>'


def _source(clip: Clip) -> str:
    """HTML: title, attribution, licence, origin and the steps of processing."""
    parts = [
        clip.title,
        clip.attribution,
        licence(clip),
        clip.origin,
        "; ".join(clip.recipe.get("steps", [])),
    ]
    return escape(". ".join(part.rstrip(".") for part in parts if part) + ".")
