"""Rendered judgements and learned speakers in a folder of the tests, from the stand-ins."""

from collections.abc import Iterator

import pytest

from paper_code.jnd_loss import experiment, speakers, stimuli
from paper_code.lab import results
from paper_code.lab.store import Result, Store


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place for what is prepared once."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "FOLDER", folder / "judged")
        patch.setattr(speakers, "FOLDER", folder / "speakers")
        yield


@pytest.fixture(scope="session")
def without_pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The runs that measure no metric on judged pairs, by name, from the stand-ins."""
    runs = ["people", "perturbations", "noise_or_band"]
    store = Store(tmp_path_factory.mktemp("without_pairs"))
    made = results.results(experiment.CHAPTER, "smoke", store, [0], runs, "cpu", False, recordings="synthetic")
    return {result.experiment: result for result in made}
