"""What stands in where there are no recordings: made-up speech, and answers of observers that nobody asked."""

import math

import numpy as np
from scipy import special

from paper_code.listeners.jnd.judgements import FULL, LARGEST_RATIO, Judgement, Judgements

SPEAKERS = ("f1", "f5", "m1", "m5", "f2", "f3", "f10", "m2", "m3", "m10")
PERTURBATIONS = ("pink_noise", "brown_noise", "siren")  # none needs a recording
REFERENCES = (0.0006, 0.06, 0.6)  # levels, one of them quiet as in `listeners.jnd.clean`
SERIES, QUESTIONS = 2, 6  # of each speaker and perturbation
THRESHOLD, SPREAD = 40.0, 15.0  # of all observers, in strength
SECONDS = 6.0  # of an utterance
UTTERANCES = 4  # of each side


def judgements() -> Judgements:
    """Judgements in the form of the published ones, drawn from one psychometric curve."""
    generator, rows = np.random.default_rng(2020), []
    for number, (perturbation, speaker, _) in enumerate(
        (p, s, k) for p in PERTURBATIONS for s in SPEAKERS for k in range(SERIES)
    ):
        reference = float(generator.choice(REFERENCES))
        for question in range(QUESTIONS):
            strength = 0.0 if question == 0 else float(np.round(generator.uniform(0, FULL)))
            different = generator.random() < special.ndtr((strength - THRESHOLD) / SPREAD)
            test = reference * math.exp(strength / FULL * math.log(LARGEST_RATIO))
            rows.append(
                Judgement(
                    "linear", perturbation, speaker, 1, 2.5 * question, "", (reference,), (test,), strength,
                    bool(different), number, len(rows) + 1,
                )
            )  # fmt: skip
    return Judgements(tuple(rows))
