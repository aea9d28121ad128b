"""Every loss of the compendium under one roof, for people who only want a loss.

from paper_code.losses import make_loss

loss = make_loss("bark_corrected", sample_rate=16000)
loss(estimate, reference).backward()  # both [batch, time] in [-1, 1]
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from torch import nn

from paper_code.bark_loss.loss import BarkLoss
from paper_code.codec_loss.loss import CodecLoss, FrequencyAwareCodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.masking_loss.loss import LogMelLoss, MaskingLoss
from paper_code.masking_loss.pmsqe import PMSQE
from paper_code.timbre_loss.loss import TimbreLoss

LOSSES: Mapping[str, Callable[..., nn.Module]] = {
    "bark": BarkLoss,
    "bark_class_defaults": BarkLoss.class_defaults,
    "bark_blog_literal": BarkLoss.blog_literal,
    "bark_corrected": BarkLoss.corrected,
    "codec": CodecLoss.pretrained,
    "codec_frequency_aware": FrequencyAwareCodecLoss.pretrained,
    "codec_time": TimeCodecLoss.pretrained,
    "magnitude": MagnitudeLoss,
    "masking": MaskingLoss,
    "log_mel": LogMelLoss,
    "pmsqe": PMSQE,
    "jnd": JNDLoss.released,
    "timbre": TimbreLoss.pretrained,
}


def make_loss(name: str, **options: Any) -> nn.Module:
    """The loss of that name. options: those of its class, such as sample_rate (Hz) and reduction.

    Raises ValueError for an unknown name, naming the nearest and all there are, and for unknown options.
    """
    if name not in LOSSES:
        near = get_close_matches(name, LOSSES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"There is no loss {name!r}.{hint} There are: {', '.join(LOSSES)}.")
    try:
        return LOSSES[name](**options)
    except TypeError as error:
        raise ValueError(f"The loss {name!r} does not take these options: {error}.") from error
