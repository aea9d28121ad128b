"""Networks that tell two cellos apart, masks learned from them, and what they listen to: from settings to results.

The rooms of the experiment: `configs` (every setting), `notes`, `phrases` and `stimuli` (sounds), `networks`, `training`,
`masks`, `evaluation` (with `mask_measures`, `maps`, `salience`), `measurements`, `figures` and `tables`.
"""

from typing import Any

from paper_code.lab.chapter import Chapter, Document
from paper_code.timbre_loss import stimuli
from paper_code.timbre_loss.configs import (
    A_GRID,
    A_MASK,
    A_PHRASE,
    A_STEP,
    FEW_SEEDS,
    MASKS,
    NETWORK,
    PROFILES,
    WIDTH,
    WIDTHS,
    TimbreConfig,
)
from paper_code.timbre_loss.evaluation import evaluate
from paper_code.timbre_loss.measurements import measurements
from paper_code.timbre_loss.training import train

ROWS = "_rows"  # how the runs of our variant's network end


def experiments(profile: str, seed: int, **overrides: Any) -> dict[str, TimbreConfig]:
    """The runs of one seed by name: "cellos", "null", "body", the same with rows, "vibrato", "cellos_width4" and the like.

    Masks, further widths, "vibrato" and "null_rows" are for the profile's first three seeds only.
    overrides: fields of TimbreConfig.
    """
    size = PROFILES[profile]
    alone = seed not in size.seeds  # asked for by a reader: all that the chapter shows is run
    few = alone or seed in size.seeds[:FEW_SEEDS]
    with_masks = {"masks": 6, "second": True, **size.of(MASKS)} if few else {}
    common = {"profile": profile, "seed": seed, **size.of(NETWORK)}
    runs = {}
    for rows, ending in ((False, ""), (True, ROWS)):
        for pair in ("cellos", "null", "body"):
            if rows and pair == "null" and not few:
                continue
            extra = with_masks if pair != "null" else {}
            grid = bool(extra) and pair == "cellos" and (alone or seed == size.seeds[0])
            runs[pair + ending] = TimbreConfig(
                **(common | {"pair": pair, "rows": rows, "grid": grid} | extra | overrides)
            )
    if few:
        runs["vibrato"] = TimbreConfig(**(common | {"pair": "vibrato"} | overrides))
    for width in WIDTHS if few else ():
        runs[f"cellos_width{width}"] = TimbreConfig(**(common | {"pair": "cellos", "width": width} | overrides))
    return runs


def sources(config: TimbreConfig) -> list[dict[str, Any]]:
    """Where the notes and phrases of a run come from."""
    return stimuli.sources(config.synthetic)


def estimate_seconds(config: TimbreConfig) -> float:
    """Rough time of a run on one of two busy cores."""
    networks = 2 if config.second else 1
    phrases = A_PHRASE * 2 * (config.melodies * networks + config.tests)
    training = networks * config.steps * A_STEP * (0.2 + 0.8 * config.width / WIDTH) * config.batch / 16
    return phrases + training + A_MASK * config.masks * config.mask_steps / 100 + A_GRID * config.grid


CHAPTER = Chapter(
    name="timbre_loss",
    document=Document(
        "verma2019",
        "Learning to Model Aspects of Auditory Perception Using Neural Loss Functions",
        "Verma & Berger (2019)",
    ),
    profiles=PROFILES,
    experiments=experiments,
    sources=sources,
    train=train,
    evaluate=evaluate,
    measurements=measurements,
    recordings=stimuli.paths,
    estimate_seconds=estimate_seconds,
)
