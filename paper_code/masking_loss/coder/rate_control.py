"""How a coder keeps to its bit rate: the weight of the entropy follows it, and the best coder at that rate is kept."""

import math
from typing import Any

from torch import nn

from paper_code.masking_loss.configs import CoderConfig

NEAR = 20.0  # kb/s: steps are widened by exp of the excess over this, half of what would bring the rate back at once
FARTHEST = 2.0  # kb/s of excess that is answered at once


def widening(excess: float) -> float:
    """By what factor the steps of the quantiser grow where the rate is `excess` kb/s above its target."""
    return math.exp(max(-FARTHEST, min(FARTHEST, excess)) / NEAR)


class RateControl:
    """alpha_3 of Eq. 7, one step up where the rate is above its band and one down where it is below, never under 0.

    Paper: Byun et al. 2021, section 4; the band of 0.45 kb/s to each side is Kankanahalli's. Chapter: masking_loss.
    """

    def __init__(self, config: CoderConfig) -> None:
        self.target, self.tolerance, self.step = config.bitrate, config.tolerance, config.alpha_3_step
        self.relative, self.lookahead = config.relative_step, config.lookahead
        self.alpha_3, self.last = config.alpha_3, math.nan

    def update(self, kilobits: float) -> None:
        """Look at the rate (kb/s) and move the weight, by the step or, if that is relative, by that share of itself."""
        change = 0.0 if math.isnan(self.last) else kilobits - self.last
        self.last = kilobits
        expected = kilobits + self.lookahead * change
        if expected > self.target + self.tolerance:
            self.alpha_3 = self.alpha_3 * (1 + self.step) if self.relative else self.alpha_3 + self.step
        elif expected < self.target - self.tolerance:
            self.alpha_3 = self.alpha_3 / (1 + self.step) if self.relative else max(0.0, self.alpha_3 - self.step)

    def outside(self, kilobits: float) -> float:
        """How far (kb/s) a rate lies outside the band; 0 within."""
        return max(0.0, abs(kilobits - self.target) - self.tolerance)

    def state_dict(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"alpha_3": self.alpha_3, "last": self.last}

    def load_state_dict(self, saved: dict[str, float]) -> None:
        """Take over what a checkpoint holds."""
        self.alpha_3, self.last = saved["alpha_3"], saved["last"]


class Best:
    """The weights of the best coder so far: nearest to the band of the rate, and there the least distortion.

    The paper's baseline takes the best PESQ within the band; the loss that a coder is trained with asks no other tool.
    """

    def __init__(self) -> None:
        self.outside, self.distortion, self.step, self.kilobits = math.inf, math.inf, -1, math.nan
        self.weights: dict[str, Any] = {}

    def offer(self, network: nn.Module, outside: float, kilobits: float, distortion: float, step: int) -> None:
        """Keep a copy of the weights if they are better. outside: kb/s off the band.   kilobits, step: for the record."""
        if (outside, distortion) < (self.outside, self.distortion):
            self.outside, self.distortion, self.step, self.kilobits = outside, distortion, step, kilobits
            self.weights = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}

    def put_into(self, network: nn.Module) -> None:
        """Give a network the best weights."""
        network.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return dict(vars(self))

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what a checkpoint holds."""
        for name, value in saved.items():
            setattr(self, name, value)
