"""Ctrl-C in the middle of a training, as a user gives it."""

import signal
from collections.abc import Callable

import pytest

from paper_code.lab.material import Material


def interrupted(train: Callable[[], object], step: int) -> None:
    """Call a training and interrupt it while it fetches the data of a step (from 1); it saves and stops."""
    fetch, calls = Material.random, []

    def random(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return fetch(*arguments)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores Ctrl-C
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Material, "random", random)
            with pytest.raises(KeyboardInterrupt):
                train()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(calls) == step
