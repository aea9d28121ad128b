"""Refuses parameters that a notebook does not have, where papermill would only warn and go on with the defaults."""

import ast
from collections.abc import Sequence

from paper_code.lab.config import suggestion
from paper_code.lab.errors import LabError

INJECTED = "# Parameters\n"  # how papermill begins the cell it puts after the one tagged "parameters"


class UnknownParameter(LabError):
    """A notebook was given a parameter it does not have; the message lists those it has."""


def check(cells: Sequence[str]) -> None:
    """Compare the cell papermill put in with the cell of parameters before it; call it in the next cell: `check(In)`.

    cells: the sources of the cells run so far (IPython's `In`). Raises: UnknownParameter.
    """
    injected = [k for k, source in enumerate(cells) if k and source.startswith(INJECTED)]
    if not injected:
        return
    known = assigned(cells[injected[-1] - 1])
    for name in assigned(cells[injected[-1]]):
        if name not in known:
            raise UnknownParameter(f"this notebook has no parameter {name!r}. {suggestion(name, known)}")


def assigned(source: str) -> list[str]:
    """The names to which a cell gives values, in order."""
    return [
        target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
