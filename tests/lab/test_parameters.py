"""Parameters that a notebook does not have are refused."""

import pytest

from paper_code.lab.parameters import UnknownParameter, assigned, check

DEFAULTS = 'profile = "published"\nseed = 0  # of the run\n'


def test_known_parameters_pass() -> None:
    """Papermill's cell may set some of the parameters, or be missing."""
    check(["", "import numpy", DEFAULTS, "check(In)"])
    check(["", "import numpy", DEFAULTS, "# Parameters\nseed = 3\n", "check(In)"])


def test_unknown_parameter_is_named() -> None:
    """A misspelt name is told, with the nearest and all there are."""
    with pytest.raises(UnknownParameter, match=r"'profle'\. Did you mean 'profile'\? There are: profile, seed"):
        check(["", DEFAULTS, '# Parameters\nprofle = "smoke"\n', "check(In)"])


def test_the_last_run_counts() -> None:
    """In a live notebook whose cells ran twice, the latest pair is compared."""
    check(["", DEFAULTS, "# Parameters\nrate = 3\n", "rate = 1", "# Parameters\nrate = 4\n", "check(In)"])


def test_only_assignments_count() -> None:
    """Names that are used, or set deeper inside, are no parameters."""
    assert assigned("a = b = 1\nprint(c)\nif a:\n    d = 2\n") == ["a", "b"]
