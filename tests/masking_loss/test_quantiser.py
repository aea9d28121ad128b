"""The quantiser: assignments by hand, the penalty and entropy at their limits, and bins where k-means puts them."""

import math

import numpy as np
import pytest
import torch

from paper_code.masking_loss.coder.quantiser import (
    SoftmaxQuantiser,
    distribution,
    entropy,
    even_bins,
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


def _laplacian(count: int = 50000, seed: int = 0) -> torch.Tensor:
    """As the lines of speech are: most near 0, a few far out."""
    return torch.from_numpy(np.random.default_rng(seed).laplace(size=count)).float()


def _bits(symbols: torch.Tensor) -> float:
    counts = np.unique(symbols.numpy(), return_counts=True)[1] / symbols.numel()
    return -(counts * np.log2(counts)).sum()


def _hard(*bins: float, temperature: float = 5.0) -> SoftmaxQuantiser:
    made = _quantiser(*bins, temperature=temperature)
    made.hard = True
    return made


def test_a_hard_assignment_gives_the_nearest_bin_and_the_gradient_of_the_soft_mean():
    bins, codes = (-1.5, -0.2, 0.0, 1.0), 2 * _numbers(3, 60)
    seen = []
    for made in (_quantiser(*bins), _hard(*bins)):
        at = codes.clone().requires_grad_()
        found, assignment = made(at)
        (found * _numbers(3, 60, seed=1)).sum().backward()
        seen.append((found.detach(), assignment.detach(), at.grad, made.bins.grad, made.temperature.grad))
    (_, *soft), (hard, *like_soft) = seen
    nearest = np.array(bins)[np.abs(codes.numpy()[..., None] - np.array(bins)).argmin(-1)]
    assert np.allclose(hard, nearest, atol=1e-6)
    for expected, found in zip(soft, like_soft, strict=True):
        assert torch.equal(found, expected)


def test_the_gradient_of_a_hard_assignment_is_the_slope_of_the_soft_mean():
    made, codes, step = _hard(-1.0, 0.0, 1.5, temperature=3.0).double(), _numbers(40).double(), 1e-5
    at = codes.clone().requires_grad_()
    made.forward(at)[0].sum().backward()
    means = [made.assignment(codes + change) @ made.bins for change in (step, -step)]
    away = (codes.unsqueeze(-1) - made.bins).abs().amin(-1) > 1e-3  # the slope jumps at a bin
    assert torch.allclose(at.grad[away], ((means[0] - means[1]) / (2 * step))[away], rtol=1e-4, atol=1e-5)


def test_an_assignment_is_soft_or_hard():
    assert not SoftmaxQuantiser().hard
    assert SoftmaxQuantiser(assignment="hard").hard
    with pytest.raises(ValueError, match="assignment is one of 'soft', 'hard'"):
        SoftmaxQuantiser(assignment="firm")


def test_even_bins_by_hand():
    assert even_bins(5, 2.0).tolist() == [-2, -1, 0, 1, 2]
    assert even_bins(4, 1.0).tolist() == [-2, -1, 0, 1]
    assert even_bins(7, 0.5).tolist() == [-3, -2, -1, 0, 1, 2, 3]  # no closer than 1
    assert even_bins(5, 2.0, narrower=0.2).tolist() == pytest.approx([-1.8, -0.8, 0, 0.8, 1.8])
    assert even_bins(3, 9.0).tolist() == pytest.approx([-9, 0, 9], rel=1e-5)
    with pytest.raises(ValueError, match="at least 3; found 2"):
        even_bins(2, 9.0)


@pytest.mark.parametrize(("count", "reach"), [(5, 10.0), (8, 500.0), (33, 40.0), (64, 3000.0)])
def test_bins_that_must_reach_further_grow_by_a_hyperbolic_sine(count, reach):
    bins = even_bins(count, reach).double().numpy()
    middle = count // 2
    assert bins[middle] == 0
    assert bins[-1] == pytest.approx(reach, rel=1e-5)
    assert np.allclose(bins[middle + 1 :], -bins[2 * middle - count + 1 : middle][::-1], rtol=1e-6)
    steps = np.diff(bins[middle:])
    assert (np.diff(steps) > 0).all()
    if count > 8:
        assert 1 <= steps[0] < 1.1
    # sinh(a + g) + sinh(a - g) = 2 cosh(g) sinh(a): the same ratio all along
    ratios = (bins[2:] + bins[:-2])[middle:] / bins[middle + 1 : -1]
    assert np.allclose(ratios, ratios[:1], rtol=1e-4)


@pytest.mark.parametrize(
    ("count", "bits", "narrower"), [(64, 1.5, 0.2), (64, 2.81, 0.2), (255, 2.34, 0.0), (32, 2.34, 0.2), (8, 1.5, 0.2)]
)
def test_even_bins_start_at_the_rate_that_was_asked_for(count, bits, narrower):
    made, numbers = SoftmaxQuantiser(count), _laplacian()
    step = made.start_at_rate(numbers, bits, sharpness=4.0, narrower=narrower)
    assert made.on
    assert made.temperature.item() == 4
    assert _bits(made.symbols(numbers / step)) == pytest.approx(bits, abs=0.02)
    assert made.bins[count // 2] == 0
    assert (made.bins.diff() > 0).all()
    assert made.bins[count // 2 + 1].item() == pytest.approx(1 - narrower, abs=0.1 if count > 8 else 0.5)
    again = SoftmaxQuantiser(count)
    assert again.start_at_rate(100 * numbers, bits, narrower=narrower) == pytest.approx(100 * step, rel=1e-4)
    assert torch.allclose(again.bins, made.bins, rtol=1e-4)
    assert again.temperature.item() == 300


@pytest.mark.parametrize(
    ("numbers", "bits"),
    [
        (torch.zeros(100), 1.0),
        (torch.tensor([1.0, math.nan]), 1.0),
        (torch.tensor([1.0, -math.inf]), 1.0),
        (torch.ones(10), 0.0),
        (torch.ones(10), 3.0),
        (torch.ones(10), math.nan),
    ],
)
def test_a_rate_that_cannot_be_is_refused(numbers, bits):
    made = SoftmaxQuantiser(8)
    with pytest.raises(ValueError, match=r"Wanted finite numbers and 0 to 3\.00 bits; found"):
        made.start_at_rate(numbers, bits)
    assert not made.on


@pytest.mark.parametrize(
    ("numbers", "count", "bits"),
    [(torch.eye(100).flatten(), 64, 2.0), (_laplacian(), 16, 3.8)],
)
def test_a_rate_that_no_step_brings_is_told(numbers, count, bits):
    made = SoftmaxQuantiser(count)
    with pytest.raises(ValueError, match=rf"Wanted {bits:.3f} bits a symbol; {count} even bins of these numbers take"):
        made.start_at_rate(numbers, bits)
    assert not made.on
    assert torch.equal(made.bins, SoftmaxQuantiser(count).bins)


def test_wider_steps_lower_the_rate_and_leave_the_assignment_as_hard():
    made, numbers = SoftmaxQuantiser(64), _laplacian()
    codes = numbers / made.start_at_rate(numbers, 2.5, sharpness=4.0)
    before, bits = made.assignment(codes[:500]), _bits(made.symbols(codes))
    made.widen(1.25)
    assert torch.allclose(made.assignment(1.25 * codes[:500]), before, atol=1e-5)
    assert bits - 0.5 < _bits(made.symbols(codes)) < bits - 0.2  # log2(1.25) = 0.32 for many bins
    assert made.bins[32] == 0
    made.widen(0.8)
    assert _bits(made.symbols(codes)) == pytest.approx(bits, abs=1e-3)


def test_the_middle_bin_can_be_held():
    made = SoftmaxQuantiser(5, 3.0)
    made.hold_middle()  # before there is a gradient
    made.on.fill_(True)
    made.bins.data.copy_(torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]))
    made(_numbers(50))[0].square().sum().backward()
    moved = made.bins.grad.clone()
    made.hold_middle()
    assert moved.all()
    assert made.bins.grad.tolist() == [*moved[:2].tolist(), 0, *moved[3:].tolist()]
