"""How listeners hear a change of clean speech, from judgements with quiet references."""

import numpy as np
import pytest
from scipy import special

from paper_code.listeners.jnd import clean, lists, population
from paper_code.listeners.jnd.judgements import Judgement, Judgements


def _asked(reference: float, test: float, different: bool, series: int, perturbation: str = "siren") -> Judgement:
    return Judgement(
        "linear", perturbation, "f1", 1, 0.0, "", (reference,), (test,), 0.0, different, series, series + 1
    )  # fmt: skip


def _made_up(median: float, spread: float, references=(0.0006, 0.002, 2.0)) -> Judgements:
    """Answers of one curve over the level of the test, whatever a quiet reference was; "different" of all others."""
    rng, rows = np.random.default_rng(0), []
    for series in range(60):
        reference = float(rng.choice(references))
        for _ in range(20):
            strength = rng.uniform(10, 100)
            heard = reference > 1 or rng.random() < special.ndtr((strength - median) / spread)
            rows.append(_asked(reference, 0.0006 * 400 ** (strength / 100), heard, series))
    return Judgements(tuple(rows))


def test_the_level_counts_and_loud_references_do_not():
    found = clean.populations(_made_up(50, 12))["siren"]
    assert found.median == pytest.approx(50, abs=2)
    assert found.within * found.median == pytest.approx(12, abs=2)


def test_levels_and_strengths_are_those_of_the_lists():
    assert clean.level("siren", 0) == 0.0006
    assert clean.level("siren", 100) == pytest.approx(0.24)  # 400 times
    assert (clean.level("mp3", 0), clean.level("mp3", 100)) == (300, 1)
    assert clean.strength(_asked(0.002, 0.0006 * 400**0.3, True, 0)) == pytest.approx(30)
    assert clean.strength(_asked(0.0006, 0.0006, True, 0)) == 0


def test_the_share_of_all_listeners_is_the_mean_over_drawn_ones():
    found = population.Population(40.0, 0.5, 0.3, 0.1, 10, 100, 0.0)
    listeners = found.draw(100_000, seed=2)
    for strength in (20.0, 40.0, 90.0):
        p = 0.05 + 0.9 * special.ndtr((strength - listeners.threshold) / listeners.spread)
        assert float(found.share(np.array([strength]))[0]) == pytest.approx(p.mean(), abs=0.003)


def test_the_strength_at_a_share_is_the_inverse_and_lapses_bound_it():
    found = population.Population(40.0, 0.5, 0.3, 0.1, 10, 100, 0.0)
    strengths = [clean.strength_at(found, share) for share in (0.1, 0.5, 0.9)]
    assert found.share(np.array(strengths)) == pytest.approx([0.1, 0.5, 0.9])
    assert strengths == sorted(strengths)
    for share in (0.05, 0.95):
        with pytest.raises(ValueError, match="never reached"):
            clean.strength_at(found, share)


def test_a_noise_without_quiet_references_is_told():
    with pytest.raises(ValueError, match=r"siren .* 0\.002 or less"):
        clean.populations(_made_up(50, 12, references=(0.6,)))


@pytest.mark.corpora("dpam_jnd_labels")
def test_real_listeners_hear_added_noise_at_one_level_whatever_the_quiet_reference():
    """Medians at the two quietest references, within 6 dB of each other though the references are 10 dB apart."""
    judged = lists.published()
    found = clean.populations(judged)
    assert list(found) == ["crickets", "siren", "brown_noise", "applause", "pink_noise", "blue_noise", "mp3"]
    for name in [name for name in found if name != "mp3"]:
        levels = []
        for reference in (0.0006, 0.002):
            part = judged.of(name).where(lambda row, reference=reference: row.reference[0] == reference)
            strengths = [clean.strength(row) for row in part]
            median = population.fit(strengths, part.different, part.series).median
            levels.append(20 * np.log10(clean.level(name, median)))
        assert abs(levels[1] - levels[0]) < 6
