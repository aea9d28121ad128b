"""The learning rate over a training."""

import math

WARM_UP = 100  # steps


def cosine(step: int, iterations: int) -> float:
    """What a rate is multiplied by: up to 1 in a hundred steps (a tenth of a short training), then down to 0."""
    warm_up = min(WARM_UP, max(1, iterations // 10))
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / iterations))
