"""The numbers of the paper, from its claims file, for the tables that set ours beside them."""

from itertools import combinations

from paper_code.lab.claims_file import reported
from paper_code.listeners.preferences import ORIGINAL, Preferences, Spread

MODELS = "abcd"
LISTENERS, TRACKS = 14, 5  # section 7

_NUMBERS = reported("codec_loss")
SNR = {model: _NUMBERS["Table 3"][f"model {model.upper()}"]["SNR"] for model in MODELS}  # dB, as printed
HOURS = {model: _NUMBERS["§7"][f"model {model.upper()}"]["hours"] for model in MODELS}  # of training, as printed


def preferences() -> Preferences:
    """Tables 4 and 5 as printed. Of a pair's two cells, which are the same, one is kept.

    The means account for 51.0 of 50 comparisons, one more than their rounding explains (see `Preferences.rounding`).

    Paper: Ananthabhotla et al. 2019, Tables 4 and 5.   Chapter: codec_loss
    """
    rows = {ORIGINAL: "original", **{f"Model {model.upper()}": f"model {model.upper()}" for model in MODELS}}
    pairs = {(first, second): f"{rows[first]} and {rows[second]}" for first, second in combinations(rows, 2)}
    return Preferences(
        {version: _spread("Table 4", row) for version, row in rows.items()},
        {pair: _spread("Table 5", row) for pair, row in pairs.items()},
        listeners=LISTENERS,
        appearances=TRACKS * (len(rows) - 1),
        presentations=TRACKS,
        place="Tables 4 and 5",
    )


def _spread(table: str, row: str) -> Spread:
    values = _NUMBERS[table][row]
    return Spread(float(values["mean"]), float(values["standard deviation"]))
