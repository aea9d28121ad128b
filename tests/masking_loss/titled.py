"""Conditions by what they are called, so that a test reads as a table does."""

from paper_code.masking_loss.conditions import SWEEPS, TABLE_1, TRAINED_FOR_LONGER, Condition

_BY_TITLE = {condition.title: condition for condition in [*TABLE_1, *SWEEPS, *TRAINED_FOR_LONGER]}


def titled(title: str) -> Condition:
    """The condition "masking 20", "AMR-WB 12.65" or "masking 20, gamma 0" of the chapter."""
    return _BY_TITLE[title]
