"""The one roof over all losses."""

import pytest
import torch

from paper_code.losses import LOSSES, make_loss


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_at_its_minimum_for_equal_signals_and_has_a_gradient(name):
    loss = make_loss(name, sample_rate=16000)
    signal, other = torch.randn(2, 1, 2000, generator=torch.Generator().manual_seed(0)) * 0.1
    estimate = other.clone().requires_grad_()
    value = loss(estimate, signal)
    value.backward()
    assert loss(signal, signal).item() < value.item()
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().max() > 0


def test_unknown_name_and_option_are_told():
    with pytest.raises(ValueError, match=r"no loss 'brak'.*Did you mean 'bark'.*bark_corrected"):
        make_loss("brak")
    with pytest.raises(ValueError, match="does not take these options"):
        make_loss("bark", sampling=3)
