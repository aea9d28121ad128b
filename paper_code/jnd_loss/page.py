"""What the cells of the JND chapter show and the tables of its own: sounds to begin with, words on data and runs.

Chapter: jnd_loss
"""

from dataclasses import replace
from pathlib import Path

import torch

from paper_code.audio import clips, corpora, perturbations, registry, synthesiser
from paper_code.audio.clips import Clip
from paper_code.display import players
from paper_code.display.markup import Shown, element, prose
from paper_code.display.players import Missing, missing_recording
from paper_code.display.tables import Column, Table, table
from paper_code.jnd_loss import compare, configs, listening_test, noise_or_band, stimuli
from paper_code.jnd_loss.configs import FLOORS
from paper_code.jnd_loss.floors import KNOWN
from paper_code.jnd_loss.measures import conventional, released
from paper_code.jnd_loss.study import Study
from paper_code.listeners.jnd import lists
from paper_code.listeners.speech_codec_sounds import CORPUS, REFERENCE, recordings

UTTERANCE = 0  # of the listening test
NOISE_STEP, BAND_STEP = 3, 5  # of the player that opens the page
README = "0.1929"  # what the authors' README says of scratch and 2.wav
SECONDS = 4.0
NOISE = 30.0  # dB SNR, that a reader's single sound is held against
FIRST_RATE = 24_000


def opening(study: Study) -> Clip | Missing:
    """The utterance that the page opens with, at 24 kHz; where it is not here, how to get it."""
    if study.synthetic:
        made = synthesiser.speech_like(SECONDS, FIRST_RATE, 0)
        return Clip(made.waveform, FIRST_RATE, "original", origin="synthesiser", synthetic=True)
    item = listening_test.utterances(listening_test.Heard(profile="small", seed=0))[UTTERANCE]
    path = recordings(item)[REFERENCE].path
    try:
        clip = corpora.load(path)
    except corpora.RecordingMissing:
        return missing_recording("original", [path])
    return clip.with_waveform(clip.waveform[: round(SECONDS * clip.sample_rate)], f"the first {SECONDS:g} s")


def first_player(study: Study) -> Shown:
    """The paper's Figure 1 to be heard: an utterance, with a little noise, and without its high frequencies."""
    original = opening(study)
    if isinstance(original, Missing):
        return players.compare({"original": original}, FIRST_TITLE, FIRST)
    noisy, limited = noise_or_band.sounds(original)
    snr, cutoff = noise_or_band.levels()
    sounds = {
        "original": original,
        f"white noise, {snr[NOISE_STEP]:.0f} dB SNR": noisy[NOISE_STEP],
        f"nothing above {cutoff[BAND_STEP] / 1000:.1f} kHz": limited[BAND_STEP],
    }
    roles = dict(zip(sounds, ("reference", "plain", "document"), strict=True))
    measures = {"released": released()["released_scratch"], "log_spectral": conventional()["log_spectral"]}
    nearer = {
        name: "the noisy one" if distance[0] < distance[1] else "the dull one"
        for name, measure in measures.items()
        for distance in [[measure.of(clip, original) for clip in (noisy[NOISE_STEP], limited[BAND_STEP])]]
    }
    said = f"The released metric calls {nearer['released']} nearer, a log-spectral distance {nearer['log_spectral']}."
    return players.compare(sounds, FIRST_TITLE, f"{FIRST} {said}", roles=roles)


FIRST_TITLE = "Which one is nearer to the original?"
FIRST = "Listen to the original, then to the other two, and make up your mind."


def data(study: Study) -> Table:
    """What the chapter uses: judgements, speech, noises, ratings, weights."""
    judged = stimuli.judgements(study.synthetic)
    counts = {side: sum(stimuli.side_of(row) == side for row in judged) for side in stimuli.SIDES}
    rows = [
        [
            "judgements",
            len(judged),
            _about(lists.CORPUS.split("/")[0]),
            "the paper's own listeners, without their sounds",
        ],
        ["of them to learn from", counts["train"], None, "other speakers than the next two rows"],
        ["to look at while learning", counts["validation"], None, ", ".join(stimuli.SPEAKERS["validation"])],
        ["held out", counts["test"], None, ", ".join(stimuli.SPEAKERS["test"])],
        ["utterances", _files(stimuli.SPEECH), _about(stimuli.SPEECH), "in place of the paper's recordings"],
        ["rated sounds", _files(CORPUS), _about(CORPUS), "a real MUSHRA test, in place of the paper's three tests"],
        ["released weights", None, _about("dpam_released_weights"), "four metrics and a denoiser"],
    ]
    columns = [Column("what"), Column("count", format="d"), Column("source and licence"), Column("for")]
    return table(columns, rows, "What this chapter uses, and what it stands for.")


def _about(corpus: str) -> str:
    about = registry.corpus(corpus)
    return f"[{corpus}]({about.repository}), {about.licence}"


def _files(corpus: str) -> int:
    return len(registry.corpus(corpus).files)


def known_answers(study: Study) -> Table:
    """What the released metrics say of the authors' sample sounds, beside what their README says."""
    answers = study.one(FLOORS).metrics.get(KNOWN, {})
    rows = [[name, *distances.values(), README if name == "scratch" else None] for name, distances in answers.items()]
    columns = [
        Column("released metric"),
        Column("ref.wav to 2.wav", format=".4f"),
        Column("ref.wav to 4.wav", format=".4f"),
        Column("README, 2.wav"),
    ]
    caption = "Distances of the authors' sample sounds. Their README gives one number."
    return table(columns, rows or [["their samples are not here", None, None, None]], caption)


def told(study: Study) -> Shown:
    """What was run, in a sentence."""
    kind = "made-up answers and sounds" if study.synthetic else "real answers, rendered sounds"
    size = configs.PROFILES[study.profile].title
    seeds = f"{len(study.seeds)} seed{'s' if len(study.seeds) > 1 else ''}"
    text = f"Shown here: the profile *{study.profile}* ({size}), {seeds}, {kind}, {len(study.results)} runs."
    return Shown(element("p", prose(text)), text)


def own_pair(audio: str, reference: str) -> Shown:
    """A reader's own two sounds compared in words, with a player; what to give where she gave none.

    One sound alone is held against itself with white noise at NOISE dB. Raises AudioError for what cannot be compared,
    see compare.read_pair.
    """
    if not audio:
        text = "*No sound of your own was given to this run. It takes `audio`, and `reference` to compare it with.*"
        return Shown(element("p", prose(text)), text)
    ours, theirs, notes = compare.read_pair(Path(reference), Path(audio)) if reference else _with_noise(Path(audio))
    anchors, unrelated = listening_test.anchors(), listening_test.distance_of_another_sentence()
    lines = [compare.in_words(each) for each in compare.readings(released(), ours, theirs, anchors, unrelated)]
    title = f"{theirs.title} against {ours.title}"
    player = players.compare({"reference": ours, "test": theirs}, title, "At one loudness.", roles=OWN_ROLES)
    words = element("ul", "".join(element("li", prose(line)) for line in [*notes, *lines]))
    return Shown(player.html + words, "\n".join([*notes, *lines]))


def _with_noise(path: Path) -> tuple[Clip, Clip, list[str]]:
    clip = clips.require_signal(clips.read(path))
    noise = perturbations.white_noise(clip.waveform, torch.Generator().manual_seed(0))
    told = f"white noise at {NOISE:g} dB SNR"
    noisy = clip.with_waveform(perturbations.add_noise(clip.waveform, noise, NOISE), told)
    return (
        clip,
        replace(noisy, title=f"{clip.title} with noise"),
        [f"no reference was given: your sound against {told}"],
    )


OWN_ROLES = {"reference": "reference", "test": "document"}
