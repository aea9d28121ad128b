"""Named values over seeds."""

import math

import pytest

from paper_code.lab.measurements import over_seeds


def test_names_of_all_seeds_have_a_value_for_each():
    values = over_seeds([{"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 4.0}])
    assert list(values) == ["a", "b", "c"]
    assert values["b"] == [2.0, 3.0]
    assert values["a"] == pytest.approx([1.0, math.nan], nan_ok=True)
    assert values["c"] == pytest.approx([math.nan, 4.0], nan_ok=True)


def test_no_seeds_have_no_names():
    assert over_seeds([]) == {}
