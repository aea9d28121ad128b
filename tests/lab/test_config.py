"""Settings and their hash."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from paper_code.lab.config import Config, ConfigError, Profile, hash_of, one_of


@dataclass(frozen=True, kw_only=True)
class Example(Config):
    rate: float = 1e-4
    bands: tuple[int, ...] = (1, 2)
    codec: str = "mp3 – 16 kb/s"
    options: Any = None


@dataclass(frozen=True, kw_only=True)
class Other(Example):
    pass


BASE = Example(profile="small", seed=3)


def test_hash_is_the_sha256_of_the_text_a_person_would_write():
    written = (
        f'["{__name__}.Example",{{"bands":[1,2],"codec":"mp3 \\u2013 16 kb/s","options":null,'
        '"rate":0.0001,"seed":3,"version":1}]'
    )
    assert BASE.hash == hashlib.sha256(written.encode()).hexdigest()[:12]


def test_profile_is_not_part_of_the_hash():
    assert BASE.replace(profile="full").hash == BASE.hash


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"version": 2},
        {"rate": 0.00011},
        {"bands": (2, 1)},
        {"bands": (1, 2, 3)},
        {"codec": "opus"},
        {"options": False},
        {"options": 0},
        {"options": "None"},
        {"options": {"a": 1}},
    ],
)
def test_every_other_field_is(change):
    assert BASE.replace(**change).hash != BASE.hash


def test_hashes_of_different_values_differ_from_one_another():
    options = [None, False, 0, 0.5, "0", "", [], {}, [0], [[0]], {"a": 0}, 0.1 + 0.2, 0.3]
    assert len({BASE.replace(options=option).hash for option in options}) == len(options)


def test_tuples_and_lists_and_the_order_of_keys_make_no_difference():
    assert BASE.replace(bands=[1, 2]).hash == BASE.hash
    assert BASE.replace(options={"a": (1, (2,)), "b": 1}).hash == BASE.replace(options={"b": 1, "a": [1, [2]]}).hash


def test_the_class_is_part_of_the_hash():
    assert Other(profile="small", seed=3).hash != BASE.hash


def test_hash_survives_json():
    config = BASE.replace(rate=0.1 + 0.2, options={"x": [1e-300, -0.0, 3, True]})
    fields = json.loads(json.dumps(config.as_dict()))
    assert Example.from_dict(fields).hash == config.hash
    assert hash_of(Example.class_name(), fields) == config.hash


def test_numpy_float64_counts_as_the_float_it_is():
    assert BASE.replace(rate=np.float64(1e-4)).hash == BASE.hash


def test_hash_is_the_same_in_every_process():
    code = (
        "from dataclasses import dataclass\n"
        "from paper_code.lab.config import Config\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Here(Config):\n"
        "    options: dict\n"
        "print(Here(profile='small', seed=0, options={'b': 1, 'a': [0.1, {'z': None, 'y': 'ü'}]}).hash)\n"
    )
    found = set()
    for hash_seed in ("0", "1", "77"):
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1
    assert len(found.pop().strip()) == 12


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({1, 2}, "Example.options is a set"),
        (Path("x"), "Example.options is a "),
        (np.zeros(2), "Example.options is a ndarray"),
        (np.float32(1), "Example.options is a float32"),
        ([1, [object()]], r"Example.options\[1\]\[0\] is a object"),
        ({"a": b"x"}, r"Example.options\['a'\] is a bytes"),
        ({1: "a"}, "the key 1; only text"),
        (float("nan"), "Example.options is nan"),
        (float("inf"), "Example.options is inf"),
    ],
)
def test_what_cannot_be_stored_is_refused_at_once_and_named(value, named):
    with pytest.raises(ConfigError, match=named):
        BASE.replace(options=value)


@pytest.mark.parametrize("seed", [-1, 1.0, "0", True, None])
def test_seed_is_a_whole_number(seed):
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        Example(profile="small", seed=seed)


def test_unknown_setting_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"no setting 'rates'. Did you mean 'rate'\? There are: profile, seed"):
        BASE.replace(rates=1.0)
    with pytest.raises(ConfigError, match="no setting 'depth'"):
        Example.from_dict({"profile": "small", "seed": 0, "depth": 3})


def test_missing_setting_is_named():
    with pytest.raises(ConfigError, match="needs seed; found profile"):
        Example.from_dict({"profile": "small"})


def test_a_class_that_moved_keeps_its_name_in_hashes_and_its_heirs_do_not():
    @dataclass(frozen=True, kw_only=True)
    class Moved(Config):
        stored_as: ClassVar[str] = "old.place.Moved"

    @dataclass(frozen=True, kw_only=True)
    class Heir(Moved):
        pass

    assert Moved.class_name() == "old.place.Moved"
    assert Moved(profile="small", seed=0).hash == hash_of("old.place.Moved", {"seed": 0, "version": 1})
    assert Heir.class_name().endswith("Heir")
    assert "stored_as" not in Moved(profile="small", seed=0).as_dict()


def test_a_profile_says_what_differs_by_kind():
    profile = Profile("short", changes={"net": {"steps": 3, "width": 2}, "broad": {"steps": 5}})
    assert profile.of("net") == {"steps": 3, "width": 2}
    assert profile.of("net", "broad") == {"steps": 5, "width": 2}
    assert profile.of("other") == {}


def test_one_of_names_the_setting_and_what_is_known():
    one_of("loss", "mse", ("mse", "bark"))
    with pytest.raises(ConfigError, match=r"loss is one of mse, bark; found 'l1'\."):
        one_of("loss", "l1", ("mse", "bark"))
