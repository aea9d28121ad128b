"""Which device a training runs on."""

import torch

from paper_code.lab.errors import LabError


class DeviceError(LabError):
    """The device asked for is not there."""


def resolve(name: str) -> torch.device:
    """ "auto" (a GPU when there is one, else the CPU), "cpu" or "cuda" (also "cuda:1") as a torch device.

    Raises: DeviceError for another name, and for "cuda" where no GPU can be used.
    """
    kind, _, number = name.partition(":")
    if name not in ("auto", "cpu") and (kind != "cuda" or (number and not number.isdecimal())):
        raise DeviceError(f"there is no device {name!r}: use auto, cpu or cuda.")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise DeviceError(f"device {name!r} was asked for, but torch {torch.__version__} finds no such GPU: use cpu.")
    return torch.device(name)
