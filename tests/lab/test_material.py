"""Prepared sounds: they come back as they were, patches never cross a track, and a full disk leaves nothing whole."""

import errno

import numpy as np
import pytest
import torch

from paper_code.audio.clips import AudioError
from paper_code.lab import material
from paper_code.lab.errors import LabError
from paper_code.lab.files import OutputError
from paper_code.lab.material import Material


@pytest.fixture
def counting(tmp_path) -> Material:
    """Three tracks of 300, 500 and 250 samples whose samples are their own numbers; the second starts at 300."""
    tracks = list((torch.arange(1050) / 32768).split([300, 500, 250]))
    material.write(tmp_path, [300, 500, 250], {"up": tracks, "down": [-track for track in tracks]})
    return Material.opened(tmp_path)


def test_what_was_written_comes_back(counting):
    up, down = counting.at([10, 1000], 3, "up", "down")
    assert up.dtype == torch.float32
    assert (up * 32768).tolist() == [[10, 11, 12], [1000, 1001, 1002]]
    assert torch.equal(down, -up)
    assert counting.tracks.tolist() == [[0, 300], [300, 800], [800, 1050]]
    assert counting.seconds == 1050 / 16000


def test_samples_are_rounded_and_full_scale_is_kept(tmp_path):
    material.write(tmp_path, [4], {"a": [torch.tensor([0.4 / 32768, 0.6 / 32768, 1.0, -1.0])]})
    (found,) = Material.opened(tmp_path).at([0], 4, "a")
    assert (found * 32768).tolist() == [[0, 1, 32767, -32768]]


def test_random_patches_stay_within_a_track_and_reach_every_place(counting):
    (found,) = counting.random(np.random.default_rng(0), 10000, 200, "up")
    numbers = (found * 32768).round()
    assert (numbers.diff(dim=1) == 1).all()
    assert numbers[:, 0].unique().tolist() == [*range(101), *range(300, 601), *range(800, 851)]
    (again,) = counting.random(np.random.default_rng(0), 10000, 200, "up")
    assert torch.equal(found, again)


def test_patches_longer_than_every_track_are_refused(counting):
    with pytest.raises(AudioError, match="as long as a patch of 501 samples"):
        counting.random(np.random.default_rng(0), 1, 501, "up")


def test_regular_patches_lie_side_by_side(counting):
    assert counting.regular(250) == [0, 300, 550, 800]
    assert counting.regular(250, hop=125) == [0, 300, 425, 550, 800]


def test_a_full_disk_is_told_and_nothing_passes_for_whole(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(OutputError, match="the disk is full"):
        material.write(tmp_path / "new", [10], {"a": [torch.zeros(10)]})
    assert not list((tmp_path / "new").iterdir())


def test_a_damaged_list_of_tracks_is_told(tmp_path):
    (tmp_path / "tracks.json").write_text("[[0, 3")
    with pytest.raises(LabError, match="not whole JSON"):
        Material.opened(tmp_path)
