"""A reader's own sound through the real codec and through the networks that imitate it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from paper_code.audio.clips import Clip
from paper_code.audio.codecs import code_clip, cutoff
from paper_code.codec_loss import evaluation, holes, stimuli
from paper_code.codec_loss.figures import NETWORK_ROLES, NETWORK_TITLES, ORIGINAL
from paper_code.codec_loss.networks import FRAME, HOP, magnitude_spectrogram, relative_error, to_domain
from paper_code.codec_loss.study import Study
from paper_code.display import players
from paper_code.display.tables import Column, Table, table

WHOLE = 32  # frames: their number must be a multiple of it


@dataclass(frozen=True)
class OwnSound:
    """A sound, the same coded, and its imitations by network. scores: of each imitation, see holes.scores."""

    original: Clip
    coded: Clip
    imitated: Mapping[str, Clip]
    scores: Mapping[str, Mapping[str, float]]


@torch.no_grad()
def through(study: Study, path: str) -> OwnSound:
    """Up to ten seconds of a file through the study's codec and the networks. Raises AudioError, WeightsError."""
    original = stimuli.own_clip(path)
    coded, length = code_clip(original, study.codec), len(original.waveform)
    sound, wanted = _filled(original.waveform), _filled(coded.waveform)
    seen, target = magnitude_spectrogram(sound[None]), magnitude_spectrogram(wanted[None])
    imitated, scores, limit = {}, {}, cutoff(study.codec)
    for network, title in NETWORK_TITLES.items():
        found = study.imitator(network)(to_domain(sound[None], network))
        waveform = found[0] if network == "time" else evaluation.with_phase(found[0], wanted)
        heard = evaluation.fit(waveform[:length].contiguous())
        imitated[network] = Clip(heard, original.sample_rate, f"{original.title}, {title}", origin="network: this run")
        magnitudes = magnitude_spectrogram(found) if network == "time" else found
        error = float(relative_error(magnitudes, target, seen).mean())
        scores[title] = {"l1": error, **holes.scores(magnitudes, target, seen, limit)}
    scores[ORIGINAL] = {
        "l1": float(relative_error(seen, target, seen).mean()),
        **holes.scores(seen, target, seen, limit),
    }
    return OwnSound(original, coded, imitated, scores)


def player(study: Study, own: OwnSound) -> players.Player:
    """The original, the real codec and the imitations."""
    sounds = {ORIGINAL: own.original, study.codec.title: own.coded}
    sounds |= {NETWORK_TITLES[network]: clip for network, clip in own.imitated.items()}
    found = {ORIGINAL: "reference", study.codec.title: "codec"}
    found |= {NETWORK_TITLES[network]: NETWORK_ROLES[network] for network in own.imitated}
    title = f"Your sound, '{own.original.title}': coded, and imitated"
    return players.compare(sounds, title, "The middle ten seconds at most.", roles=found, max_frequency=8000)


def scores(own: OwnSound) -> Table:
    """How near the imitations come to the real codec on this sound."""
    rows = [[name, s["l1"], s["precision"], s["recall"], s["f1"]] for name, s in own.scores.items()]
    columns = [Column("beside the real codec"), *(Column(n, format=".3f") for n in ("L1", "precision", "recall", "F1"))]
    return table(
        columns, rows, f"Your sound, '{own.original.title}': L1 of magnitudes over the input's, and the holes."
    )


def _filled(waveform: torch.Tensor) -> torch.Tensor:
    """The waveform with silence after it, up to a number of frames that the networks take."""
    frames = max(1, -(-(len(waveform) - FRAME) // HOP) + 1)
    return functional.pad(waveform, (0, FRAME + HOP * (-(-frames // WHOLE) * WHOLE - 1) - len(waveform)))
