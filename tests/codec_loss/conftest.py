"""Quick sounds, coded for real and prepared once for all tests of the chapter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codec_loss.quick_sounds import SIDES, quick_sound, quick_tracks
from paper_code.audio import synthesiser
from paper_code.audio.codecs import Codec
from paper_code.codec_loss import stimuli
from paper_code.lab.material import Material


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Material]:
    """The prepared material of each side, from real MP3 streams."""
    folder = tmp_path_factory.mktemp("patches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "FOLDER", folder)
        patch.setattr(stimuli, "_tracks", quick_tracks)
        patch.setenv("COMPENDIUM_CACHE", str(folder / "cache"))
        return {side: stimuli.material(side, Codec("mp3", 16), synthetic=True, progress=False) for side in SIDES}


@pytest.fixture
def quick(prepared: dict[str, Material], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """The prepared material, and a chapter that finds it; new synthetic sounds are quick ones too."""
    folder: Path = prepared["train"].folder.parent
    monkeypatch.setattr(stimuli, "FOLDER", folder)
    monkeypatch.setattr(stimuli, "_tracks", quick_tracks)
    monkeypatch.setenv("COMPENDIUM_CACHE", str(folder / "cache"))
    for name in ("piano_like", "pop_like", "speech_like"):
        monkeypatch.setattr(synthesiser, name, quick_sound)
    return prepared
