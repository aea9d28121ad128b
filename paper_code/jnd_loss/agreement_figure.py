"""Table 2 as a figure: how often each measure chooses as people do, and as their curves do.

Chapter: jnd_loss
"""

import numpy as np
from matplotlib.axes import Axes

from paper_code.display.figures import Drawing, show
from paper_code.display.style import MARKERS, PanelFigure, Theme
from paper_code.jnd_loss.simulated_choices import STRENGTH
from paper_code.jnd_loss.study import Study
from paper_code.jnd_loss.tables import CONVENTIONAL, OURS, RELEASED, Rows
from paper_code.lab.intervals import Interval

CHOICES, SIMULATED = 3, 5  # columns of Table 2
COIN = 50.0  # % right


def agreement_figure(study: Study) -> Drawing:
    """Share of choices that each measure makes as listeners do (left) and as the paper's curves do (right).

    Paper: Manocha et al. 2020, Table 2.
    """
    rows = Rows(study)
    lines = [(row, "plain") for row in map(rows.stored, CONVENTIONAL)]
    lines += [(row, "document") for row in map(rows.stored, RELEASED)]
    lines += [(rows.ours(run, ""), "corrected") for run in OURS if study.of(run)]
    names = [str(row[0]) for row, _ in lines]
    ceiling, strength = rows.of_people()[-1], rows.simulated(STRENGTH)

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=0.24 * len(lines) + 0.8, sharey=True)
        for place, column, line in zip(axes, (CHOICES, SIMULATED), (ceiling, strength), strict=True):
            for number, (row, role) in enumerate(lines):
                _dot(place, row[column], number, theme, role)
            place.axvline(COIN, color=theme.muted, linewidth=1, linestyle=":")
            if line is not None:
                place.axvline(line.mean, color=theme.ink, linewidth=1.2)
            place.set(xlabel="% right", xlim=(20, 90), ylim=(len(lines) - 0.5, -0.5))
        axes[0].set(title="as most listeners")
        axes[1].set(title="as the listeners' curves")
        axes[0].set_yticks(range(len(names)), names)
        return figure

    told = "; ".join(f"{row[0]} {_written(row[CHOICES])} and {_written(row[SIMULATED])}" for row, _ in lines)
    return show(
        draw,
        "How often a measure says as people do which of two sounds is nearer to the reference. Left: real listeners and "
        f"speech codecs; the upright line is what one half of the listeners knows of the other ({_written(ceiling)}). "
        "Right: simulated choices near the threshold; the line is the smaller strength, which hears nothing "
        f"({_written(strength)}). Dotted: a coin. Blue: conventional; vermilion: released; green: ours. Look which "
        "measures lie right of the coin on both sides.",
        f"Shares of choices, real and simulated. {told}.",
    )


def _dot(place: Axes, value: object, height: float, theme: Theme, role: str) -> None:
    if not isinstance(value, Interval):
        return
    half = float(np.nan_to_num(value.half_width))
    mark = {"color": theme.colour(role), "marker": MARKERS[role], "linestyle": "none", "markersize": 5}
    place.errorbar(value.mean, height, xerr=half, **mark)


def _written(value: object) -> str:
    return f"{value.mean:.0f} %" if isinstance(value, Interval) else "not here"
