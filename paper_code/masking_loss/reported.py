"""The numbers of Table 1 and section 4.1 of the paper, for the tables that set ours beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

VALIDATION_PESQ: Mapping[str, float] = {"masking 20": 4.175, "masking 20, gamma 0": 4.027}  # section 4.1


@dataclass(frozen=True)
class Reported:
    """A row of Table 1. kilobits: kb/s.   pesq: MOS.   snr: dB.   aps, ips, ops: PEASS, 0 to 100."""

    kilobits: float
    pesq: float
    snr: float
    aps: float
    ips: float
    ops: float


# Table 1, by the titles of the conditions. The paper trained no coder with the squared error alone.
TABLE_1: Mapping[str, Reported] = {
    "AMR-WB 12.65": Reported(12.65, 3.771, 11.31, 69.84, 82.79, 89.45),
    "log-mel 13": Reported(13.32, 3.919, 15.09, 63.32, 83.54, 89.99),
    "PMSQE 13": Reported(13.34, 4.049, 14.53, 60.59, 77.62, 84.61),
    "masking 13": Reported(12.81, 3.878, 14.47, 65.30, 82.68, 89.11),
    "AMR-WB 19.85": Reported(19.85, 3.970, 12.43, 82.53, 90.91, 93.33),
    "log-mel 20": Reported(20.43, 4.139, 16.61, 76.78, 91.35, 96.40),
    "PMSQE 20": Reported(20.36, 4.217, 16.35, 75.98, 89.84, 95.04),
    "masking 20": Reported(20.16, 4.175, 16.68, 81.14, 92.49, 96.38),
    "AMR-WB 23.85": Reported(23.85, 3.999, 12.69, 84.97, 94.65, 97.16),
    "log-mel 24": Reported(24.23, 4.219, 17.44, 81.22, 94.25, 97.93),
    "PMSQE 24": Reported(24.44, 4.264, 16.67, 79.49, 93.44, 95.73),
    "masking 24": Reported(24.42, 4.228, 17.13, 83.32, 94.78, 97.91),
}
