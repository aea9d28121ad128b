"""Parameters from outside: numpy's numbers are numbers, text is what it means, anything else is told by its name."""

import math

import numpy as np
import pytest
import torch

from paper_code.audio.signals import as_flag, as_number, as_whole, require_waveforms


def test_whole_numbers():
    for value in (20, np.int64(20), np.uint8(20), "20", " 20 ", "+20"):
        found = as_whole("bands", value)
        assert (found, type(found)) == (20, int)
    for value in (True, np.bool_(True), 20.0, "20.0", "twenty", "", None, [20], math.nan):
        with pytest.raises(ValueError, match="bands is a whole number; found"):
            as_whole("bands", value)


def test_numbers():
    for value in (0.5, np.float32(0.5), "0.5", "5e-1"):
        found = as_number("gamma", value)
        assert (found, type(found)) == (0.5, float)
    assert as_number("gamma", np.int16(3)) == 3.0
    for value in (True, "half", "nan", "inf", math.inf, None, [0.5]):
        with pytest.raises(ValueError, match="gamma is a finite number; found"):
            as_number("gamma", value)


def test_flags():
    for value in (False, np.bool_(False), "False", "false"):
        assert as_flag("excerpts", value) is False
    assert as_flag("excerpts", "TRUE") is True
    for value in (0, 1, "no", "", None):
        with pytest.raises(ValueError, match="excerpts is True or False; found"):
            as_flag("excerpts", value)


def test_arrays_are_no_tensors():
    with pytest.raises(ValueError, match=r"waveform is wanted as a torch tensor.*found numpy\.ndarray.*from_numpy"):
        require_waveforms(np.zeros(10))
    with pytest.raises(ValueError, match=r"reference is wanted as a torch tensor.*found list"):
        require_waveforms(reference=[0.0])
    require_waveforms(torch.zeros(10))
