"""Tables of the chapter on the JND metric."""

from collections.abc import Mapping, Sequence

from paper_code.display.tables import Column, Table, table
from paper_code.jnd_loss.agreement import STATISTICS, Agreement, Estimate, Panel
from paper_code.lab.intervals import Interval

COLUMNS = [
    "measure",
    Column("Spearman", "per speaker", ".2f"),
    Column("Pearson", "per speaker", ".2f"),
    Column("choices", "% right", ".1f"),
]
CEILING = "half of the listeners, for the other half"


def agreement_table(
    panel: Panel, agreements: Mapping[str, Agreement], lacking: Mapping[str, str], order: Sequence[str] = ()
) -> Table:
    """Measures against the listeners, best at choices first, under the ceiling; people's half widths are of halves.

    agreements: title -> agreement on this panel.   lacking: title -> why there is none here.   order: titles that come
    first, in this order.

    Paper: Manocha et al. 2020, Table 2.   Chapter: jnd_loss
    """
    rest = sorted(
        (title for title in agreements if title not in order), key=lambda title: -agreements[title].values["choices"]
    )
    rows = [[CEILING, *_cells(panel.ceiling())]]
    for title in [*order, *rest]:
        rows.append([title, *_cells({name: agreements[title].estimate(name) for name in STATISTICS})])
    rows += [[f"{title}: not here, {why}", None, None, None] for title, why in lacking.items()]
    caption = (
        f"How measures agree with the listeners of a real MUSHRA test. {len(panel.conditions)} conditions, "
        f"{panel.triplets} choices by majority; ± is half of a 95 % bootstrap interval over listeners and speakers."
    )
    return table(COLUMNS, rows, caption)


def _cells(estimates: Mapping[str, Estimate]) -> list[Interval]:
    spearman, pearson, choices = (_interval(estimates[name]) for name in STATISTICS)
    return [spearman, pearson, choices.times(100)]


def _interval(estimate: Estimate) -> Interval:
    return Interval(estimate.value, (estimate.high - estimate.low) / 2, 1)
