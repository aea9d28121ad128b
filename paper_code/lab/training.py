"""The training loop: progress bar, finite-loss check, checkpoints, and a resume that changes nothing."""

import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from paper_code.lab import checkpoints
from paper_code.lab.errors import LabError
from paper_code.lab.files import sweep

Step = Callable[[int], Mapping[str, float | torch.Tensor]]


class TrainingError(LabError):
    """A training cannot go on: the loss is not finite, or a step does not give what it should."""


@dataclass
class History:
    """What every step returned, and how long all steps took.

    values: name -> one float a step. seconds: wall time of the steps, interrupted sessions included.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    def __getitem__(self, name: str) -> list[float]:
        return self.values[name]

    @property
    def iterations(self) -> int:
        """The number of steps done."""
        return len(next(iter(self.values.values()), []))

    def arrays(self) -> dict[str, np.ndarray]:
        """name -> float64 array [iterations], ready for files.write_arrays."""
        return {name: np.array(values) for name, values in self.values.items()}


class Recorder:
    """Arrays kept during a training, part of its checkpoint: sounds at some steps, scores on a test set."""

    def __init__(self) -> None:
        self._arrays: dict[str, list[torch.Tensor]] = {}

    def add(self, name: str, array: Any) -> None:
        """Append a copy of `array` (numpy, torch or a number, any shape) under `name`."""
        self._arrays.setdefault(name, []).append(torch.as_tensor(array).detach().cpu().clone())

    def array(self, name: str) -> np.ndarray:
        """All that was added under `name`, stacked: [number of additions, ...]. Raises: KeyError."""
        if name not in self._arrays:
            raise KeyError(f"nothing was recorded as {name!r}; there are: {', '.join(self._arrays) or 'none'}")
        return torch.stack(self._arrays[name]).numpy()

    def names(self) -> list[str]:
        """The names recorded so far."""
        return list(self._arrays)

    def state_dict(self) -> dict[str, list[torch.Tensor]]:
        """What is recorded, for a checkpoint."""
        return {name: list(arrays) for name, arrays in self._arrays.items()}

    def load_state_dict(self, saved: Mapping[str, list[torch.Tensor]]) -> None:
        """Take over what a checkpoint holds."""
        self._arrays = {name: list(arrays) for name, arrays in saved.items()}


def seed_all(seed: int) -> None:
    """Seed the global generators of torch (every device), numpy and Python."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  libraries draw from the global generator
    random.seed(seed)


def fit(
    step: Step,
    iterations: int,
    state: Mapping[str, Any],
    checkpoint: Path | str | None = None,
    every: int = 100,
    description: str = "",
    progress: bool = True,
    tag: str = "",
) -> History:
    """Call step(0), step(1), ... and keep what they return; resume from `checkpoint` when that file exists.

    step: one optimisation step; returns the same names each time with floats or 0-dim tensors, all finite.
    It should find its data from i or from a generator in `state`: then a resumed training equals an unbroken
    one. iterations: number of steps in all.
    state: name -> network, optimiser, Recorder (what has state_dict and load_state_dict), torch.Generator or
    numpy Generator; the global generators are always saved.
    checkpoint: file to save to every `every` steps and at the end. tag: the config's hash; a checkpoint with
    another one is refused.
    Values on a GPU are fetched, checked and shown every `every` steps only, so a step never waits for them.
    Ctrl-C (or SIGTERM) lets the step end, saves, and raises KeyboardInterrupt (SystemExit); a second one
    stops at once. A process started to ignore Ctrl-C, as a job in the background is, goes on ignoring it.

    Raises: TrainingError for a value that is not finite (names the step) or other names; CheckpointError;
    OutputError when a checkpoint cannot be written.
    """
    if iterations < 1 or every < 1:
        raise ValueError(f"iterations and every must be at least 1, found {iterations} and {every}.")
    checkpoints.check_state(state)
    file = Path(checkpoint) if checkpoint is not None else None
    history = _resume(file, state, tag, iterations) if file is not None else History()
    done, unread, verified, since = history.iterations, _Unread(history), False, time.perf_counter()
    with _bar(iterations, done, description, progress) as bar, _Stop(file) as stop:
        while done < iterations:
            unread.add(step(done))
            done += 1
            bar.update(1)
            if done % every and done < iterations and not stop.wanted:
                continue
            unread.read()
            now = time.perf_counter()
            history.seconds, since = history.seconds + now - since, now
            bar.set_postfix_str(", ".join(f"{name} {values[-1]:.4g}" for name, values in history.values.items()))
            if file is not None:
                checkpoints.save(file, {"history": history.values, "seconds": history.seconds}, state, tag)
                if not verified:
                    checkpoints.read(file)  # a state that cannot be read back is told before hours are lost
                    verified = True
            stop.obey()
    return history


def _resume(file: Path, state: Mapping[str, Any], tag: str, iterations: int) -> History:
    sweep(file.parent, file.name)
    if not file.exists():
        return History()
    saved = checkpoints.restore(file, state, tag)
    history = History(dict(saved["history"]), saved["seconds"])
    if history.iterations > iterations:
        raise checkpoints.CheckpointError(
            f"{file} is at step {history.iterations}, but the training has only {iterations}. Delete it to "
            "train from the beginning."
        )
    return history


class _Unread:
    """Returned values not yet moved into the history: a GPU is asked for them all at once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._rows: list[Mapping[str, float | torch.Tensor]] = []

    def add(self, row: Mapping[str, float | torch.Tensor]) -> None:
        names, wanted = list(row), list(self._history.values or (self._rows[0] if self._rows else row))
        iteration = self._history.iterations + len(self._rows)
        if not names or sorted(names) != sorted(wanted):
            raise TrainingError(
                f"step {iteration} returned {', '.join(names) or 'nothing'}; wanted "
                f"{', '.join(wanted) or 'a loss'}: every step returns the same names (what is measured now "
                "and then belongs in a Recorder)."
            )
        self._rows.append({name: _now_or_later(value) for name, value in row.items()})
        for name, value in self._rows[-1].items():
            if isinstance(value, float):
                _demand_finite(name, value, iteration)

    def read(self) -> None:
        first = self._history.iterations
        columns = {name: _floats([row[name] for row in self._rows]) for name in (self._rows or [{}])[0]}
        for offset in range(len(self._rows)):
            for name, values in columns.items():
                _demand_finite(name, values[offset], first + offset)
        for name, values in columns.items():
            self._history.values.setdefault(name, []).extend(values)
        self._rows.clear()


def _now_or_later(value: float | torch.Tensor) -> float | torch.Tensor:
    if not isinstance(value, torch.Tensor):
        return float(value)
    if value.numel() != 1:
        raise TrainingError(f"a step returned a tensor of shape {tuple(value.shape)}; wanted one number.")
    value = value.detach().reshape(())
    # a GPU's copy is only queued, nothing waits for it; without a copy the step could overwrite the value
    return float(value) if value.device.type == "cpu" else value.clone()


def _floats(values: list[float | torch.Tensor]) -> list[float]:
    if all(isinstance(value, torch.Tensor) for value in values):
        return torch.stack(values).double().tolist()
    return [float(value) for value in values]


def _demand_finite(name: str, value: float, iteration: int) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"{name} is {value} at step {iteration} (counted from 0): the training stopped, and nothing "
            "after the last checkpoint was saved. Look at this step's data, lower the learning rate, or clip "
            "the gradients."
        )


def _bar(iterations: int, done: int, description: str, progress: bool) -> tqdm:
    shown = progress and os.environ.get("COMPENDIUM_PROGRESS", "1") != "0"
    live = sys.stderr.isatty() or "ipykernel" in sys.modules  # a log file gets a line twice a minute
    return tqdm(
        total=iterations,
        initial=done,
        desc=description or None,
        disable=not shown,
        file=sys.stderr,
        mininterval=0.5 if live else 30.0,
        unit="step",
        dynamic_ncols=live,
    )


class _Stop:
    """Holds Ctrl-C and SIGTERM back until the step is done: half a step must not get into a checkpoint."""

    def __init__(self, file: Path | None) -> None:
        self._saves = file is not None
        self._signal: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def wanted(self) -> bool:
        return self._signal is not None

    def __enter__(self) -> "_Stop":
        if threading.current_thread() is threading.main_thread():
            for number, usual in (
                (signal.SIGINT, signal.default_int_handler),
                (signal.SIGTERM, signal.SIG_DFL),
            ):
                if signal.getsignal(number) is usual:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self._signal = number
        then = "then it is saved and stops" if self._saves else "then it stops"
        tqdm.write(f"The training ends this step, {then}; press again to stop at once.", file=sys.stderr)

    def obey(self) -> None:
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self._signal is not None:
            raise SystemExit(128 + self._signal)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.wanted and sys.exc_info()[0] is None:
            self.obey()  # the wish came after the last look at it
