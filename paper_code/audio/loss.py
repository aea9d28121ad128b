"""What all losses have in common: their rate, how items become one number, their precision, and frozen networks.

A loss keeps its tables and networks in float32, whatever a model around it is turned into: half precision has no room
for powers of a spectrum. `.double()` is followed. Signals in half precision are computed, and answered, in float32.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from paper_code.audio.signals import as_flag, as_whole, require_choice, require_signals

Reduction = Literal["mean", "sum", "none"]
REDUCTIONS = ("mean", "sum", "none")


class Loss(nn.Module):
    """Base of every loss. sample_rate: Hz.   reduction: "mean", "sum" or "none" over the leading axes.

    check: look whether samples are finite, which needs their values: off, a loss can be compiled as one graph, exported
    and vectorised; NaN then gives NaN. Types, shapes and rates are always looked at.
    Raises ValueError on options that are none, naming them; numpy's numbers and text that is a number are numbers.
    """

    def __init__(self, sample_rate: int, reduction: Reduction = "mean", check: bool = True) -> None:
        super().__init__()
        require_choice("reduction", reduction, REDUCTIONS)
        self.sample_rate = as_whole("sample_rate", sample_rate)
        self.reduction, self.check = reduction, as_flag("check", check)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Follow `.to()`, `.half()` and their like, of a model around it too, but for the precision below float32."""

        def kept(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            lower = moved.is_floating_point() and torch.finfo(moved.dtype).bits < 32
            return tensor.to(moved.device) if lower else moved

        return super()._apply(kept, recurse)

    def _require(self, estimate: Tensor, reference: Tensor, sample_rate: int | None) -> None:
        """Raises ValueError unless both are signals [..., time] of one shape and the loss's rate, finite where checked."""
        require_signals(estimate, reference, sample_rate, self.sample_rate, finite=self.check)

    def _reduced(self, value: Tensor) -> Tensor:
        """The values of the items as one number, or as they are with "none"."""
        if self.reduction == "none":
            return value
        return value.mean() if self.reduction == "mean" else value.sum()


class FrozenNetworkLoss(Loss):
    """A loss that hears through a trained network, which is frozen, in evaluation mode and in float32.

    network_in_state: put the network's weights into `state_dict`. They come with the compendium and do not change, so
    without it a model that holds the loss is stored without them, and loaded as well.
    """

    network: nn.Module

    def __init__(
        self,
        network: nn.Module,
        sample_rate: int,
        reduction: Reduction = "mean",
        check: bool = True,
        network_in_state: bool = False,
    ) -> None:
        super().__init__(sample_rate, reduction, check)
        self.network = network.eval().requires_grad_(False).float()
        self.network_in_state = as_flag("network_in_state", network_in_state)
        self.register_state_dict_post_hook(_without_network)
        self.register_load_state_dict_pre_hook(_with_own_network)

    def _require(self, estimate: Tensor, reference: Tensor, sample_rate: int | None) -> None:
        if sample_rate is not None and sample_rate != self.sample_rate:
            raise ValueError(
                f"This loss is made for {self.sample_rate} Hz; the signals have {sample_rate} Hz. Resample them: its "
                "network hears other frequencies at another rate."
            )
        super()._require(estimate, reference, None)

    def train(self, mode: bool = True) -> Self:
        """Does nothing: dropout or batch statistics in a loss would be noise (the loss stays in evaluation mode)."""
        return super().train(False)


def _without_network(loss: FrozenNetworkLoss, state: dict[str, Any], prefix: str, _: object) -> None:
    if not loss.network_in_state:
        for name in [name for name in state if name.startswith(f"{prefix}network.")]:
            del state[name]


def _with_own_network(loss: FrozenNetworkLoss, state: dict[str, Any], prefix: str, *_: object) -> None:
    """What a stored state lacks of the network is as it was."""
    own: Mapping[str, Tensor] = loss.network.state_dict(prefix=f"{prefix}network.")
    for name, value in own.items():
        state.setdefault(name, value)


def one_precision(estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both signals in the larger of their precisions, float32 or float64."""
    dtype = torch.promote_types(torch.promote_types(estimate.dtype, reference.dtype), torch.float32)
    return estimate.to(dtype), reference.to(dtype)


def transformed() -> bool:
    """Whether a graph is being made of the calculation, or it is vectorised or differentiated by torch.func."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()
