"""The losses of all chapters on one real listening test, to stand in one table with the JND metrics.

Each chapter's package knows only its own losses, so this is no part of one. The scores are kept as a result of the lab:

python -m paper_code.side_by_side --output data/results
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch

from paper_code import losses
from paper_code.audio import corpora
from paper_code.audio.terminal import ended
from paper_code.jnd_loss import listening_test, measures
from paper_code.jnd_loss.listening_test import EXPERIMENT, Heard
from paper_code.lab import results
from paper_code.lab.chapter import Chapter, Document
from paper_code.lab.config import Profile
from paper_code.lab.files import write_json
from paper_code.lab.store import METRICS, Result, Store, open_store
from paper_code.listeners.speech_codec_sounds import CORPUS

LEFT_OUT = ("jnd", "timbre")  # the one is measured by its own chapter; the other scores cellos and knows no speech
SECONDS = 600.0  # most of it for the four Bark losses


def evaluate(config: Heard, folder: Path) -> None:
    """Write the scores of every loss but the JND metrics, with the defaults of `make_loss`."""
    others = {name: losses.make_loss(name) for name in losses.LOSSES if name not in LEFT_OUT}
    write_json(folder / METRICS, listening_test.measured(measures.of_losses(others), listening_test.utterances(config)))


def kept(store: Store | None = None) -> Result | None:
    """The scores that are stored; None where there are none."""
    return (store or open_store()).find(CHAPTER.name, EXPERIMENT, _config())


def _config(*_: Any, **__: Any) -> Heard:
    return Heard(profile="small", seed=0)


def _nothing(*_: object) -> None:
    """No loss is trained here."""


CHAPTER = Chapter(
    name="side_by_side",
    document=Document("stahl2024", "A real MUSHRA test of speech codecs", "Stahl, Windtner & Sontacchi (2024)"),
    profiles={"small": Profile("all losses on 16 utterances")},
    experiments=lambda profile, seed: {EXPERIMENT: _config()},
    sources=listening_test.sources,
    train=_nothing,
    evaluate=evaluate,
    measurements=lambda _: {},
    recordings=lambda: [file.path for file in corpora.corpus(CORPUS).files],
    estimate_seconds=lambda _: SECONDS,
)


def main() -> None:
    """Compute and keep the scores where they are missing; prints the folder."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.side_by_side", description=__doc__.split("\n")[0])
    parser.add_argument("--output", default="", metavar="DIR", help="read and write results only there")
    torch.set_num_threads(1)
    store = open_store(parser.parse_args().output)
    print(results.result(CHAPTER, EXPERIMENT, _config(), store, device="cpu").folder)


if __name__ == "__main__":
    sys.exit(ended(main))
