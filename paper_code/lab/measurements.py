"""Named values over seeds: what claims and tables ask the results for."""

import math
from collections.abc import Mapping, Sequence

Measurements = Mapping[str, Sequence[float]]  # name -> one value a seed, NaN where it is not defined


def over_seeds(of_seeds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """name -> one value a seed, in their order; NaN where a seed lacks the name, as where it has no such run.

    of_seeds: the named values of each seed.
    """
    names = dict.fromkeys(name for of_seed in of_seeds for name in of_seed)
    return {name: [of_seed.get(name, math.nan) for of_seed in of_seeds] for name in names}
