"""The numbers of Table 1 and section 4.1 of the paper, from its claims file, for the tables that set ours beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from paper_code.lab.claims_file import reported

_NUMBERS = reported("masking_loss")


@dataclass(frozen=True)
class Reported:
    """A row of Table 1. kilobits: kb/s.   pesq: MOS.   snr: dB.   aps, ips, ops: PEASS, 0 to 100."""

    kilobits: float
    pesq: float
    snr: float
    aps: float
    ips: float
    ops: float


# By the titles of the conditions. The paper trained no coder with the squared error alone.
TABLE_1: Mapping[str, Reported] = {
    name: Reported(*(float(row[column]) for column in ("kb/s", "PESQ", "SNR", "APS", "IPS", "OPS")))
    for name, row in _NUMBERS["Table 1"].items()
}
VALIDATION_PESQ: Mapping[str, float] = {name: float(row["validation PESQ"]) for name, row in _NUMBERS["§4.1"].items()}
