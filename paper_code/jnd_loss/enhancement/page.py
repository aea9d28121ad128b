"""What the cells of the denoiser's chapter show besides figures and tables: players, sentences, a reader's own sound.

Chapter: jnd_denoiser
"""

from collections.abc import Sequence

import torch

from paper_code.audio import clips
from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.markup import Shown, element, prose
from paper_code.jnd_loss.enhancement import configs, scores, stimuli
from paper_code.jnd_loss.enhancement.figures import ROLES
from paper_code.jnd_loss.enhancement.methods import TITLES
from paper_code.jnd_loss.enhancement.study import CLEAN, Sound, Study

MOST_SECONDS = 30.0  # of a reader's own sound
FIRST = ("noisy", "manocha")
OWN = ("noisy", "wiener", "logmmse", "germain", "manocha", "jnd")


def utterance(study: Study, group: str) -> str:
    """The utterance of a group that is heard: the middle one."""
    return study.in_group(group, 1)[0]


def player(study: Study, group: str) -> Shown:
    """One utterance of a group through every method."""
    name = utterance(study, group)
    sounds = study.sounds(name)
    snr = study.about_pairs["snr"][study.about_pairs["names"].index(name)]
    title = f"An utterance of the {group} quarter: {name}, {snr:.1f} dB"
    return _player(sounds, title, PLAYED)


PLAYED = (
    "All at one loudness. Listen for two faults, and which you mind more: noise that is left, and speech that is damaged. "
    "The spectral rules leave a rest of noise by design; the networks tend to take weak consonants with the noise."
)


def first_player(study: Study) -> Shown:
    """The sounds that make the point: noisy, the paper's denoiser, clean."""
    sounds = study.sounds(utterance(study, scores.GROUPS[0]), FIRST)
    return _player(
        sounds, "Speech in noise, and without it", "What the paper's denoiser takes away, and what it damages."
    )


def _player(sounds: dict[str, Sound], title: str, caption: str) -> Shown:
    named = {TITLES.get(name, name): sound for name, sound in sounds.items()}
    roles = {TITLES[name]: ROLES[name] for name in sounds if name != CLEAN}
    if CLEAN in sounds:
        roles[CLEAN] = "reference"
    return players.compare(named, title, caption, roles=roles, max_frequency=8000.0)


def told(study: Study) -> Shown:
    """What was run, in a sentence."""
    kind = "synthetic sounds" if study.synthetic else "real recordings"
    size = configs.PROFILES[study.profile].title
    seeds = f"{len(study.seeds)} seed{'s' if len(study.seeds) > 1 else ''}"
    text = f"Shown here: the profile *{study.profile}* ({size}), {seeds}, {kind}, {len(study.results)} runs."
    return Shown(element("p", prose(text)), text)


def starts(study: Study) -> Shown:
    """What a short training made of each start, in a sentence with numbers."""
    parts = []
    for run in [run for run in configs.SHORT if study.of(run)]:
        start = run.removeprefix("short_")
        distance, ratio = (study.value(f"{m}, {start} start") for m in ("JND distance", "SI-SNR"))
        if distance is not None and ratio is not None:
            parts.append(f"{start}: JND distance {distance.mean:.2f}, SI-SNR {ratio.mean:.1f} dB")
    untouched = [study.value(f"{m}, {TITLES['noisy']}, held-out mixtures") for m in ("JND distance", "SI-SNR")]
    if all(value is not None for value in untouched):
        parts.append(f"nothing done: {untouched[0].mean:.2f}, {untouched[1].mean:.1f} dB")
    steps = next((result.config["iterations"] for run in configs.SHORT for result in study.of(run)), 0)
    text = f"After {steps} steps with the JND loss, on held-out mixtures: {'; '.join(parts)}."
    return Shown(element("p", prose(text)), text)


def own_sound(study: Study, path: str) -> Shown:
    """A reader's own sound through the denoisers, its first half minute."""
    clip = clips.resample(clips.require_signal(clips.read(path)), stimuli.SAMPLE_RATE)
    most = round(MOST_SECONDS * stimuli.SAMPLE_RATE)
    if len(clip.waveform) > most:
        clip = clips.cut(clip, 0, most)
    return _player(denoised(study, clip), f"Your sound: {clip.title}", OWN_CAPTION)


def denoised(study: Study, clip: Clip, names: Sequence[str] = OWN) -> dict[str, Sound]:
    """A clip at 16 kHz through some methods; those whose weights are not here are left out."""
    ready = {name: study.methods.get(name) for name in names}
    with torch.no_grad():
        return {
            name: clip.with_waveform(method(clip.waveform), f"denoised: {TITLES[name]}")
            for name, method in ready.items()
            if method is not None
        }


OWN_CAPTION = "There is no clean version to hold it against: only your ears can say which is best."
