"""A listening test on a page: its definition and its sounds, under names that tell nothing, for the book's script.

The script (book/_static/listening_test.js) draws the order, asks, keeps the answers in the reader's browser and hands
them out as a file that paper_code.listeners reads. Nothing is sent anywhere.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import soundfile

from paper_code.audio.clips import AudioError, Clip
from paper_code.display import style
from paper_code.display.loudness import Levelled, Levels, level, minus
from paper_code.display.markup import LIVE_ONLY, Shown, element, prose
from paper_code.display.notebook_folder import notebook_folder
from paper_code.display.players import STATIC
from paper_code.display.sound_blocks import FOLDER, Missing, licence
from paper_code.lab.files import atomic
from paper_code.listeners.design import DesignError, ListeningTest, bound

Place = tuple[str, str]  # item, condition
FILES = ("listening_test.css", "listening_test.js")
LENGTH_TOLERANCE = 0.005  # s; a version that is longer or shorter than its sisters can be told by its end


class ListeningPage(Shown):
    """A listening test; see listening_test."""


def listening_test(
    test: ListeningTest,
    sounds: Mapping[Place, Clip | Missing],
    caption: str = "",
    roles: Mapping[str, str] | None = None,
) -> ListeningPage:
    """A blind test that a reader takes on the page.

    test: of pairs or MUSHRA (listeners.design).
    sounds: (item, condition) -> Clip, or Missing: then the page says what is missing and asks nothing.
    caption: what it is about.   roles: condition -> role (see style.ROLES), for the colours of the result.
    A MUSHRA test begins with a practice trial, on sounds of the listener's last one, that is neither kept nor exported.
    All sounds are brought to one loudness (BS.1770), faded by 5 ms and written to sounds/ in the working folder as
    16-bit WAV, named by their content.
    Raises DesignError where a sound is missing altogether, belongs to no trial or is not the one the test is bound
    to; ValueError on an unknown role or condition; AudioError on a sound that cannot be played, is silent, or whose
    length would give it away; OSError or OutputError where the files cannot be written.

    Paper: Ananthabhotla et al. 2019, section 7; Byun et al. 2021, section 4.3.   Chapter: codec_loss, masking_loss
    """
    roles = dict(roles or {})
    if unknown := set(roles) - set(test.conditions):
        raise ValueError(f"{test.name}: roles are given for {sorted(unknown)}; it compares {list(test.conditions)}")
    for role in roles.values():
        style.check_role(role)
    missing = {place: sound for place, sound in sounds.items() if isinstance(sound, Missing)}
    if missing:
        return _page(test, caption, unavailable(list(missing.values())))
    _check(test, sounds)
    clips = {(item, name): sounds[item, name] for item in test.items for name in test.conditions}
    levels = level(list(clips.values()))
    _check_audible(test, clips, levels)
    files = {place: _stored(s, clips[place].sample_rate) for place, s in zip(clips, levels.sounds, strict=True)}
    places = sorted(clips, key=lambda place: files[place])  # by a hash: the order on the page tells nothing either
    played = places + [(item, test.reference) for item in test.items if test.reference]
    return _page(
        test, caption, _no_script() + _audio(played, files) + _note(levels, clips, test), _content(test, played, roles)
    )


def activate() -> None:
    """Load the test's script and style in a live notebook, after players.activate(), whose colours it uses.

    The built book has its own copy and leaves this output away.
    """
    from IPython.display import HTML, display  # only in a notebook

    css, script = ((STATIC / name).read_text(encoding="utf-8") for name in FILES)
    display(HTML(f"<div {LIVE_ONLY} hidden><style>{css}</style><script>{script}</script></div>"))


def _check(test: ListeningTest, sounds: Mapping[Place, Clip]) -> None:
    found = bound(test, sounds)
    if test.sounds and found.sounds != test.sounds:
        raise DesignError(f"{test.name}: these are not the sounds the test was made for; make it anew for them")
    for item in test.items:
        lengths = {name: sounds[item, name].seconds for name in test.conditions}
        if max(lengths.values()) - min(lengths.values()) > LENGTH_TOLERANCE:
            told = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in lengths.items())
            raise AudioError(f"{test.name}: the versions of {item} must be equally long, found {told}")


def _check_audible(test: ListeningTest, clips: Mapping[Place, Clip], levels: Levels) -> None:
    for (item, name), sound in zip(clips, levels.sounds, strict=True):
        if sound.own.silent:
            raise AudioError(f"{test.name}: {item}, {name} is silent and cannot be brought to the others' loudness")


def _stored(sound: Levelled, sample_rate: int) -> str:
    """Write the sound if it is not there; its address.

    WAV, not FLAC: browsers cannot go to every moment of a short FLAC without a seek table, and a change from one
    sound to the other must work at every moment.
    """
    samples = np.round(sound.waveform.numpy().astype(np.float64) * 32768).clip(-32768, 32767).astype(np.int16)
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, sample_rate, format="WAV", subtype="PCM_16")
    name = hashlib.sha256(encoded.getvalue()).hexdigest()[:16] + ".wav"
    if not (path := notebook_folder() / FOLDER / name).exists():
        with atomic(path) as temporary:
            temporary.write_bytes(encoded.getvalue())
    return f"{FOLDER}/{name}"


def _page(test: ListeningTest, caption: str, body: str, content: str | None = None) -> ListeningPage:
    text = f"<b>{escape(test.name)}</b>" + (f" <span>{prose(caption)}</span>" if caption else "")
    html = element(
        "figure",
        element("figcaption", text) + body,
        class_="sound-compare listening-test",
        aria_label=f"Listening test: {test.name}",
        data_test=content,
    )
    about = f"{len(test.trials)} trials, {len(test.items)} items, {len(test.conditions)} conditions"
    return ListeningPage(html, f"Listening test '{test.name}': {about}")


def _content(test: ListeningTest, places: Sequence[Place], roles: Mapping[str, str]) -> str:
    """The test as the script reads it: names once, all else by their numbers.

    The open references come last. Each has an element of its own: a change to the hidden one must not be quicker than
    one to any other sound.
    """
    conditions = {name: k for k, name in enumerate(test.conditions)}
    items = {name: k for k, name in enumerate(test.items)}
    content = {
        "id": test.id,
        "name": test.name,
        "kind": test.kind,
        "question": test.question,
        "hear": test.hear_seconds,
        "items": list(test.items),
        "conditions": list(test.conditions),
        "roles": [roles.get(name, "") for name in test.conditions],
        "trials": [[items[trial.item], [conditions[name] for name in trial.conditions]] for trial in test.trials],
        "sounds": [[places.index((item, name)) for name in test.conditions] for item in test.items],
    }
    if test.reference:
        content["references"] = list(range(len(places) - len(test.items), len(places)))
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _audio(places: Sequence[Place], files: Mapping[Place, str]) -> str:
    sounds = (
        element("audio", preload="none", src=files[place], aria_label=f"Sound {k}")
        for k, place in enumerate(places, start=1)
    )
    return element("div", "".join(sounds), class_="listening-sounds", hidden=True)


def _no_script() -> str:
    text = "This test asks its questions with a script, which does not run here. Without it there is nothing to answer."
    return element("p", text, class_="sound-message listening-static")


def unavailable(missing: Sequence[Missing]) -> str:
    """Each way to get what is missing, once, with how many sounds it would bring."""
    messages: dict[str, int] = {}
    for sound in missing:
        messages[sound.message] = messages.get(sound.message, 0) + 1
    intro = f"The test cannot be taken here: {len(missing)} of its sounds are missing."
    parts = "".join(element("p", prose(text), class_="sound-message") for text in messages)
    return element("p", intro, class_="sound-message") + parts


def _note(levels: Levels, clips: Mapping[Place, Clip], test: ListeningTest) -> str:
    text = f"All sounds at the same loudness, {minus(levels.common)} LUFS (ITU-R BS.1770), with fades of 5 ms."
    lines = {item: dict.fromkeys(_source(clips[item, name]) for name in test.conditions) for item in test.items}
    # Item by item, never version by version: what stands here is seen before the answers.
    rows = "".join(
        f"<dt>{escape(item)}</dt><dd>{escape('; '.join(filter(None, found)))}</dd>" for item, found in lines.items()
    )
    details = f"<summary>Sources</summary><dl>{rows}</dl>"
    return element("p", text, class_="sound-note") + element("details", details, class_="sound-sources")


def _source(clip: Clip) -> str:
    """Who made the recording and what may be done with it; nothing about what was done to it."""
    return ", ".join(part for part in (clip.attribution, licence(clip)) if part)
