"""Rendered judgements and learned speakers in a folder of the tests, from the stand-ins."""

from collections.abc import Iterator

import pytest

from paper_code.jnd_loss import speakers, stimuli


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place for what is prepared once."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "FOLDER", folder / "judged")
        patch.setattr(speakers, "FOLDER", folder / "speakers")
        yield
