"""Prepared speech and a smoke run in a folder of the tests, from the stand-ins."""

from collections.abc import Iterator

import pytest

from paper_code.jnd_loss.enhancement import stimuli
from paper_code.jnd_loss.enhancement.experiment import CHAPTER
from paper_code.jnd_loss.enhancement.study import Study
from paper_code.lab.results import results
from paper_code.lab.store import Store


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place for what is prepared once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "FOLDER", tmp_path_factory.mktemp("prepared"))
        stimuli.source.cache_clear()
        yield
    stimuli.source.cache_clear()


@pytest.fixture(scope="session")
def study(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """All runs of the profile smoke, on stand-ins."""
    store = Store(tmp_path_factory.mktemp("results"))
    return Study(results(CHAPTER, "smoke", store, [0], recordings="synthetic", progress=False), 0)
