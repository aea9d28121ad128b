"""A training's state on disk: written atomically, checked when read, refused for another config."""

import json
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paper_code.lab.errors import LabError
from paper_code.lab.files import atomic

_FORMAT = 1


class CheckpointError(LabError):
    """A checkpoint is damaged, of another config, or cannot hold or restore the state; names the file."""


def save(path: Path, progress: Mapping[str, Any], state: Mapping[str, Any], tag: str = "") -> None:
    """Write a checkpoint: `progress` (numbers, text, lists, tensors), the objects of `state`, all generators.

    Raises: OutputError when the place cannot be written; the checkpoint before stays as it was.
    """
    contents = {
        "format": _FORMAT,
        "tag": tag,
        "progress": dict(progress),
        "state": {name: _state_of(thing) for name, thing in state.items()},
        "random": _random_states(),
    }
    with atomic(path, durable=True) as temporary, temporary.open("wb") as file:
        torch.save(contents, file)


def restore(path: Path, state: Mapping[str, Any], tag: str = "") -> dict[str, Any]:
    """Put a checkpoint back into the objects of `state` and the generators; returns the saved `progress`.

    Raises: CheckpointError for a damaged file, another `tag`, or objects it does not fit.
    """
    contents = read(path)
    if contents["tag"] != tag:
        raise CheckpointError(
            f"{path} was made with other settings (config hash {contents['tag'] or 'none'}, wanted "
            f"{tag or 'none'}). Delete it to train from the beginning, or go back to its settings."
        )
    if sorted(contents["state"]) != sorted(state):
        raise CheckpointError(
            f"{path} holds {', '.join(sorted(contents['state']))}; this training has "
            f"{', '.join(sorted(state))}. Delete it to train from the beginning."
        )
    for name, thing in state.items():
        try:
            _put_back(thing, contents["state"][name])
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(
                f"{path} does not fit {name!r} ({reason}). Delete it to train from the beginning."
            ) from error
    _set_random_states(contents["random"])
    return contents["progress"]


def read(path: Path) -> dict[str, Any]:
    """The contents of a checkpoint, on the CPU, every byte checked. Raises: CheckpointError naming it."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not look at the checksums in its own files
            damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"checksum of {damaged}")
        contents = torch.load(path, map_location="cpu", weights_only=True)
        if contents["format"] != _FORMAT:
            raise ValueError(f"format {contents['format']}, this code reads {_FORMAT}")
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, pickle and torch each have errors of their own for a bad file
        raise CheckpointError(
            f"the checkpoint {path} cannot be read ({type(error).__name__}: {error}). It is damaged or not a "
            "checkpoint: delete it and run again; the training then starts from the beginning."
        ) from error
    return contents


def check_state(state: Mapping[str, Any]) -> None:
    """Raises: TypeError when an object can neither be saved nor restored."""
    for name, thing in state.items():
        known = isinstance(thing, torch.Generator | np.random.Generator)
        if not known and not (hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")):
            raise TypeError(
                f"state[{name!r}] is a {type(thing).__name__}; wanted an object with state_dict() and "
                "load_state_dict(), a torch.Generator or a numpy Generator."
            )


def _state_of(thing: Any) -> Any:
    if isinstance(thing, torch.Generator):
        return {"generator": thing.get_state()}
    if isinstance(thing, np.random.Generator):
        return {"bit_generator": json.dumps(thing.bit_generator.state, default=lambda array: array.tolist())}
    return thing.state_dict()


def _put_back(thing: Any, saved: Any) -> None:
    if isinstance(thing, torch.Generator):
        thing.set_state(saved["generator"])
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = json.loads(saved["bit_generator"])
    else:
        thing.load_state_dict(saved)


def _random_states() -> dict[str, Any]:
    kind, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002  the global one, used by others
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "numpy": json.dumps([kind, keys.tolist(), position, has_gauss, cached]),
        "python": json.dumps(random.getstate()),
    }


def _set_random_states(saved: Mapping[str, Any]) -> None:
    torch.set_rng_state(saved["torch"])
    if saved["cuda"] and torch.cuda.is_available() and torch.cuda.device_count() == len(saved["cuda"]):
        torch.cuda.set_rng_state_all(saved["cuda"])
    kind, keys, position, has_gauss, cached = json.loads(saved["numpy"])
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))  # noqa: NPY002
    version, inner, gauss = json.loads(saved["python"])
    random.setstate((version, tuple(inner), gauss))
