"""The one roof over all losses."""

import pytest
import torch

from paper_code.codec_loss.loss import CodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.losses import LOSSES, make_loss


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_at_its_minimum_for_equal_signals_and_has_a_gradient(name):
    loss = make_loss(name, sample_rate=16000)
    assert loss.sample_rate == 16000
    signal, other = torch.randn(2, 1, 2000, generator=torch.Generator().manual_seed(0)) * 0.1
    estimate = other.clone().requires_grad_()
    value = loss(estimate, signal)
    value.backward()
    assert loss(signal, signal).item() < value.item()
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().max() > 0


@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_has_a_minimum_elsewhere_than_at_equal_signals(name):
    """On the way from another signal to the reference every loss falls from one end to the other."""
    loss = make_loss(name, sample_rate=16000)
    signal, other = torch.randn(2, 1, 2000, generator=torch.Generator().manual_seed(1)) * 0.1
    values = [loss(signal + share * (other - signal), signal).item() for share in (1.0, 0.5, 0.1, 0.0)]
    assert values == sorted(values, reverse=True)
    assert values[-2] > values[-1]


@pytest.mark.parametrize(
    ("name", "kind"), [("codec", CodecLoss), ("codec_time", TimeCodecLoss), ("magnitude", MagnitudeLoss)]
)
def test_the_codec_losses_are_there(name, kind):
    assert type(make_loss(name)) is kind


@pytest.mark.parametrize("name", ["codec", "codec_time"])
def test_codec_losses_take_their_options_and_refuse_another_rate(name):
    loss = make_loss(name, reduction="none", terms=("prediction",))
    assert loss(torch.zeros(3, 1024), torch.ones(3, 1024)).shape == (3,)
    with pytest.raises(ValueError, match=r"16000 Hz.*44100"):
        make_loss(name, sample_rate=44100)


def test_unknown_name_and_option_are_told():
    with pytest.raises(ValueError, match=r"no loss 'brak'.*Did you mean 'bark'.*bark_corrected"):
        make_loss("brak")
    for name in ("bark", "codec"):
        with pytest.raises(ValueError, match="does not take these options"):
            make_loss(name, sampling=3)
