"""What is measured of the committed sounds, measured again."""

import pytest

from paper_code.masking_loss import evaluation, utterances
from paper_code.masking_loss.study import open_study


@pytest.mark.corpora("librispeech_resemblyzer")
def test_levels_of_bands_are_those_of_the_committed_sounds():
    for result in open_study().results:
        assert list(result.metrics["bands"]) == list(result.metrics["levels"])
        for name, gain in result.metrics["levels"].items():
            decoded = result.audio(name).waveform / gain
            expected = evaluation.band_levels(decoded, utterances.utterance(name, "test", False).waveform)
            for band, level in result.metrics["bands"][name].items():
                # A tenth of a decibel for the 16 bits of the file, and more where next to nothing is left of a band.
                assert level == pytest.approx(expected[band], abs=0.1 if level > -40 else 1.0)
