"""The table of agreement: one row a measure, the ceiling above, what is missing with its reason."""

import numpy as np

from paper_code.jnd_loss.agreement import Panel
from paper_code.jnd_loss.tables import CEILING, agreement_table
from paper_code.listeners.ratings import Ratings


def test_rows_are_ranked_under_the_ceiling_and_what_lacks_is_told():
    rng = np.random.default_rng(0)
    quality = np.array([20.0, 40, 60, 80])
    scores = np.clip(quality + rng.normal(0, 8, (10, 4, 4)), 0, 100)
    items, conditions = tuple("ijkl"), tuple("abcd")
    panel = Panel(
        Ratings(tuple(map(str, range(10))), items, conditions, scores), conditions, dict.fromkeys(items, "s"), 99
    )
    people = scores.mean(axis=0)
    agreements = {"bad": panel.agreement(people), "good": panel.agreement(-people), "none": panel.agreement(people * 0)}
    text = str(agreement_table(panel, agreements, {"OpenL3": "its weights are missing"}, order=["none"]))
    lines = text.splitlines()
    assert "4 conditions, 24 choices" in lines[0]
    assert [line.split("  ")[0] for line in lines[2:]] == [
        CEILING, "none", "good", "bad", "OpenL3: not here, its weights are missing"
    ]  # fmt: skip
    assert lines[4].split()[1:] == ["1.00", "±", "0.00", "1.00", "±", "0.00", "100.0", "±", "0.0"]
    assert "50.0 ± 0.0" in lines[3]
    assert lines[5].count("−1.00") == 2
