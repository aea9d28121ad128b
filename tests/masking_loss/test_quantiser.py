"""The quantiser: assignments by hand, the penalty and entropy at their limits, and bins where k-means puts them."""

import math

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder.quantiser import (
    SoftmaxQuantiser,
    distribution,
    entropy,
    k_means,
    penalty,
    usage,
)


def _quantiser(*bins: float, temperature: float = 5.0) -> SoftmaxQuantiser:
    made = SoftmaxQuantiser(len(bins), temperature)
    made.bins.data.copy_(torch.tensor(bins))
    made.on.fill_(True)
    return made


def _numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_it_starts_like_the_baseline():
    made = SoftmaxQuantiser()
    assert np.allclose(made.bins.detach(), np.linspace(-1, 1, 32), atol=1e-6)
    assert made.temperature.item() == 300
    assert sum(p.numel() for p in made.parameters()) == 33


def test_soft_assignments_are_those_of_the_formula():
    made = _quantiser(-1.0, 0.0, 2.0, temperature=1.5)
    for code in (-3.0, 0.2, 1.1):
        weights = [math.exp(-1.5 * abs(code - b)) for b in (-1.0, 0.0, 2.0)]
        expected = [w / sum(weights) for w in weights]
        found, assignment = made(torch.tensor([code]))
        assert assignment[0].tolist() == pytest.approx(expected, rel=1e-5)
        assert found.item() == pytest.approx(sum(w * b for w, b in zip(expected, (-1, 0, 2), strict=True)), rel=1e-5)


def test_a_growing_temperature_leads_to_the_nearest_bin():
    codes = _numbers(4, 200)
    distances = []
    for temperature in (1.0, 10.0, 100.0, 1e5):
        made = _quantiser(-1.5, -0.2, 0.4, 1.0, temperature=temperature)
        hard = made.values(made.symbols(codes))
        distances.append((made(codes)[0] - hard).abs().mean().item())
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-3
    nearest = np.abs(codes.numpy()[..., None] - np.array([-1.5, -0.2, 0.4, 1.0])).argmin(-1)
    assert np.array_equal(made.symbols(codes).numpy(), nearest)


def test_while_it_is_off_numbers_pass_unchanged():
    codes = _numbers(10)
    found, assignment = SoftmaxQuantiser()(codes)
    assert found is codes
    assert assignment is None


def test_gradients_reach_codes_bins_and_temperature():
    made, codes = _quantiser(-1.0, 0.0, 1.0), _numbers(50).requires_grad_()
    found, _ = made(codes)
    found.square().sum().backward()
    for gradient in (codes.grad, made.bins.grad, made.temperature.grad):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 1e-6


def test_entropy_at_its_limits_and_by_hand():
    assert entropy(torch.full((32,), 1 / 32)).item() == pytest.approx(5, abs=1e-5)
    assert entropy(torch.tensor([0.0, 1.0, 0.0])).item() == pytest.approx(0, abs=1e-5)
    assert entropy(torch.tensor([0.5, 0.25, 0.25])).item() == pytest.approx(1.5, abs=1e-5)
    assert entropy(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).tolist() == pytest.approx([0, 1], abs=1e-5)


def test_the_distribution_is_the_mean_over_codes_and_of_symbols_their_share():
    assignment = torch.tensor([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    assert distribution(assignment).tolist() == [0.5, 0.5]
    assert usage(torch.tensor([[0, 2], [2, 2]]), 4).tolist() == [0.25, 0, 0.75, 0]


def test_the_penalty_is_nought_for_hard_and_largest_for_even_assignments():
    hard = torch.eye(4)[None]
    even = torch.full((2, 3, 4), 0.25)
    assert penalty(hard).item() == pytest.approx(0, abs=1e-5)
    assert penalty(even).item() == pytest.approx(math.sqrt(4) - 1, abs=1e-5)
    both = torch.tensor([[0.5, 0.5, 0, 0], [1.0, 0, 0, 0]])
    assert penalty(both).item() == pytest.approx((math.sqrt(2) - 1) / 2, abs=1e-5)


def test_the_gradient_of_penalty_and_entropy_is_finite_at_hard_assignments():
    """Far from all bins but one, softmax gives exact zeros."""
    made, codes = _quantiser(-9.0, 0.0, 9.0, temperature=300.0), torch.tensor([0.0, 0.1, -0.1], requires_grad=True)
    _, assignment = made(codes)
    assert (assignment == 0).any()
    (penalty(assignment) + entropy(distribution(assignment))).backward()
    assert codes.grad.isfinite().all()
    assert made.bins.grad.isfinite().all()


def test_k_means_finds_clusters_that_lie_apart():
    generator = np.random.default_rng(0)
    middles = np.array([-4.0, -1.0, 0.0, 3.0])
    numbers = (middles[:, None] + 0.05 * generator.standard_normal((4, 500))).ravel()
    found = k_means(numbers, 4)
    expected = numbers.reshape(4, 500).mean(1)
    assert np.allclose(found, expected, atol=1e-6)


def test_centres_are_the_means_of_what_is_nearest_to_them():
    numbers = np.random.default_rng(1).standard_normal(5000) ** 3
    found = k_means(numbers, 6)
    nearest = np.abs(numbers[:, None] - found).argmin(1)
    assert np.allclose(found, [numbers[nearest == k].mean() for k in range(6)], atol=1e-2)
    error = ((numbers - found[nearest]) ** 2).mean()
    quantiles = np.quantile(numbers, (np.arange(6) + 0.5) / 6)
    assert error < 0.5 * (np.abs(numbers[:, None] - quantiles).min(1) ** 2).mean()


def test_centres_differ_even_where_numbers_do_not():
    for numbers in (np.zeros(100), np.full(3, 7.0), np.array([1.0, 2.0])):
        assert (np.diff(k_means(numbers, 8)) > 0).all()


def test_starting_puts_bins_and_temperature_and_switches_on():
    made, codes = SoftmaxQuantiser(8, 300.0), 3 * _numbers(20, 256)
    made.start(codes)
    assert made.on
    assert made.temperature.item() == 300
    assert np.allclose(made.bins.detach(), k_means(codes.double().flatten().numpy(), 8), atol=1e-6)
    made.start(codes, sharpness=19.4)
    assert made.temperature.item() * made.bins.diff().mean().item() == pytest.approx(19.4, rel=1e-5)
    assert SoftmaxQuantiser().temperature.item() * 2 / 31 == pytest.approx(19.35, abs=0.01)


def test_it_is_on_after_its_state_was_restored():
    made, again = SoftmaxQuantiser(4), SoftmaxQuantiser(4)
    made.start(_numbers(500))
    made.learn_prior(torch.tensor([0, 0, 1]))
    again.load_state_dict(made.state_dict())
    assert again.on
    assert torch.equal(again.prior, made.prior)


def test_no_symbol_is_impossible_in_the_prior():
    made = SoftmaxQuantiser(4)
    made.learn_prior(torch.tensor([[0, 0, 0], [1, 1, 3]]))
    assert made.prior.tolist() == pytest.approx([0.4, 0.3, 0.1, 0.2])


@pytest.mark.parametrize(("bins", "temperature"), [(1, 300), (8, 0), (8, -1), (8, math.inf), (8, math.nan)])
def test_impossible_quantisers_are_refused(bins, temperature):
    with pytest.raises(ValueError, match="2 bins or more and a temperature above 0"):
        SoftmaxQuantiser(bins, temperature)


@pytest.mark.parametrize("codes", [torch.tensor([]), torch.tensor([0.0, math.nan]), torch.tensor([math.inf])])
def test_codes_that_are_not_finite_are_refused(codes):
    made = SoftmaxQuantiser(4)
    with pytest.raises(ValueError, match="k-means needs finite numbers"):
        made.start(codes)
    assert not made.on
