"""Stored scores held against the stored ratings of the listening test: no recording is needed to show them.

The anchor of the test is not published. The sounds that stand in for it have scores, but no part in an agreement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paper_code.jnd_loss import listening_test
from paper_code.jnd_loss.agreement import RESAMPLES, Agreement, Panel
from paper_code.jnd_loss.listening_test import ALIGNED, AS_RATED, LISTENERS, Scores
from paper_code.listeners.ratings import Ratings
from paper_code.listeners.speech_codec_sounds import ANCHOR, REFERENCE, speakers

HEARD_AS = (ALIGNED, AS_RATED)
NAMES = {  # of a measure -> what tables and claims call it
    "released_scratch": "released scratch",
    "released_linear": "released linear",
    "released_finetune": "released finetune",
    "released_pre": "released pre",
    "l1": "L1",
    "mse": "MSE",
    "log_spectral": "log-spectral distance",
    "pesq": "PESQ",
    "stoi": "STOI",
    "visqol": "ViSQOL",
}


@dataclass(frozen=True, eq=False)
class Test:
    """The listening test as it was stored. panel: of the codecs.   ratings: of all conditions."""

    panel: Panel
    ratings: Ratings

    @classmethod
    def stored(cls, metrics: Mapping[str, Any], resamples: int = RESAMPLES) -> "Test":
        """From the metrics of a result of `listening_test`. resamples: of the bootstrap."""
        ratings = listening_test.from_json(metrics[LISTENERS])
        compared = [name for name in ratings.conditions if name not in (REFERENCE, ANCHOR)]
        return cls(Panel(ratings, compared, speakers(), resamples), ratings)

    def agreement(self, scores: Scores) -> Agreement:
        """Of the distances of one measure."""
        return self.panel.agreement(listening_test.arrays({"": scores}, self.ratings)[""])


def agreements(test: Test, scores: Mapping[str, Mapping[str, Scores]], way: str) -> dict[str, Agreement]:
    """Measure -> agreement, of scores by way and measure as `listening_test.measured` gives them."""
    return {name: test.agreement(of_items) for name, of_items in scores[way].items()}
