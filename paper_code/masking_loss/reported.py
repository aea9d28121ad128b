"""The numbers of Table 1 and section 4.1 of the paper, for the tables that set ours beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from paper_code.masking_loss.conditions import BASE, Condition

VALIDATION_PESQ: Mapping[Condition, float] = {BASE: 4.175, Condition("masking", 20.0, gamma=0.0): 4.027}  # section 4.1


@dataclass(frozen=True)
class Reported:
    """A row of Table 1. kilobits: kb/s.   pesq: MOS.   snr: dB.   aps, ips, ops: PEASS, 0 to 100."""

    kilobits: float
    pesq: float
    snr: float
    aps: float
    ips: float
    ops: float


# Table 1, The paper trained no coder with the squared error alone.
TABLE_1: Mapping[Condition, Reported] = {
    Condition("amr_wb", 12.65): Reported(12.65, 3.771, 11.31, 69.84, 82.79, 89.45),
    Condition("log_mel", 13.0): Reported(13.32, 3.919, 15.09, 63.32, 83.54, 89.99),
    Condition("pmsqe", 13.0): Reported(13.34, 4.049, 14.53, 60.59, 77.62, 84.61),
    Condition("masking", 13.0): Reported(12.81, 3.878, 14.47, 65.30, 82.68, 89.11),
    Condition("amr_wb", 19.85): Reported(19.85, 3.970, 12.43, 82.53, 90.91, 93.33),
    Condition("log_mel", 20.0): Reported(20.43, 4.139, 16.61, 76.78, 91.35, 96.40),
    Condition("pmsqe", 20.0): Reported(20.36, 4.217, 16.35, 75.98, 89.84, 95.04),
    Condition("masking", 20.0): Reported(20.16, 4.175, 16.68, 81.14, 92.49, 96.38),
    Condition("amr_wb", 23.85): Reported(23.85, 3.999, 12.69, 84.97, 94.65, 97.16),
    Condition("log_mel", 24.0): Reported(24.23, 4.219, 17.44, 81.22, 94.25, 97.93),
    Condition("pmsqe", 24.0): Reported(24.44, 4.264, 16.67, 79.49, 93.44, 95.73),
    Condition("masking", 24.0): Reported(24.42, 4.228, 17.13, 83.32, 94.78, 97.91),
}
