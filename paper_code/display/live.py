"""A cell with controls that compute again in a live notebook, and its fixed twin everywhere else.

    live({"level": Range("level of the noise", -40, 0, -20, unit="dB")}, lambda level: figure(level), "Noise")

In JupyterLab, Notebook and VS Code the cell shows ipywidgets. On the static page, under papermill and nbval it shows
the function at its defaults and asks for no widget manager. `is_live` tells which; COMPENDIUM_LIVE=0 or 1 overrules it.
"""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import Any

from paper_code.display.markup import Shown, element, prose

SWITCH = "COMPENDIUM_LIVE"
PAUSE = 0.3  # s without a move, before it is computed: a slider that is drawn along asks once
MOST_OPTIONS = 50  # of a choice
STATIC_NOTE = "In Jupyter this cell has controls that compute again."
NO_WIDGETS = "For its controls, install `ipywidgets` where this notebook's kernel runs, and start it again."


@dataclass(frozen=True)
class Choice:
    """One of several options. options: what is shown -> what is passed on.   default: what is shown at first."""

    label: str
    options: Mapping[str, Any]
    default: str

    def __post_init__(self) -> None:
        if self.default not in self.options or len(self.options) > MOST_OPTIONS:
            raise ValueError(
                f"{self.label}: the default is one of up to {MOST_OPTIONS} options; found {self.default!r} and "
                f"{', '.join(self.options)}."
            )

    @property
    def value(self) -> Any:
        """The default, as it is passed on."""
        return self.options[self.default]

    def told(self) -> str:
        """The default in words."""
        return f"{self.label}: {self.default}"

    def widget(self, **looks: Any) -> Any:
        """A native list."""
        import ipywidgets

        return ipywidgets.Dropdown(
            options=list(self.options.items()), value=self.value, description=self.label, **looks
        )


@dataclass(frozen=True)
class Range:
    """A number between two others. lowest, highest, default, step: all whole numbers for a whole number; in `unit`."""

    label: str
    lowest: float
    highest: float
    default: float
    step: float = 1
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.lowest <= self.default <= self.highest or not self.step > 0:
            raise ValueError(
                f"{self.label}: wanted lowest <= default <= highest and a step above 0; found {self.lowest}, "
                f"{self.default}, {self.highest} and {self.step}."
            )

    @property
    def value(self) -> float:
        """The default."""
        return self.default

    def told(self) -> str:
        """The default in words."""
        return f"{self.label}: {self.default:g} {self.unit}".rstrip().replace("-", "−")

    def widget(self, **looks: Any) -> Any:
        """A slider; the number beside it can be typed."""
        import ipywidgets

        numbers = (self.lowest, self.highest, self.default, self.step)
        whole = all(isinstance(number, int) for number in numbers)
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        label = f"{self.label} ({self.unit})" if self.unit else self.label
        return kind(
            min=self.lowest, max=self.highest, step=self.step, value=self.default, description=label,
            continuous_update=False, **looks,
        )  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A whole number of 0 or more that draws what is random."""

    label: str = "seed"
    value: int = 0
    highest: int = 9999

    def told(self) -> str:
        """The default in words."""
        return f"{self.label}: {self.value}"

    def widget(self, **looks: Any) -> Any:
        """A field for a number."""
        import ipywidgets

        return ipywidgets.BoundedIntText(min=0, max=self.highest, value=self.value, description=self.label, **looks)


Control = Choice | Range | Seed
Compute = Callable[..., Shown | Sequence[Shown]]


def is_live() -> bool:
    """Whether somebody sits before this cell who can move a control.

    COMPENDIUM_LIVE=1 or 0 decides. Else it is the request that runs the cell: by Jupyter's protocol it says whether a
    person can be asked for input. JupyterLab, Notebook and VS Code say yes; papermill, nbclient, nbval, nbconvert and
    the build of the book say no; outside a notebook there is no request. Names of sessions and editors in the
    environment would not do: a papermill that is started in a notebook or a terminal of theirs inherits them.
    Raises ValueError for another value of COMPENDIUM_LIVE.
    """
    switch = os.environ.get(SWITCH, "")
    if switch not in ("", "0", "1"):
        raise ValueError(f"{SWITCH} is 0 (fixed) or 1 (live), or not set; found {switch!r}.")
    return switch == "1" if switch else _asks_a_person()


def _asks_a_person() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent("shell") if kernel is not None else {}
    return bool(request.get("content", {}).get("allow_stdin", False))


def live(controls: Mapping[str, Control], compute: Compute, title: str, slow: bool = False) -> Shown | Live:
    """What a cell shows: controls in a live notebook, else the function at its defaults.

    controls: argument of `compute` -> Choice, Range or Seed.   compute: takes their values by name and returns one or
    several displayables.   title: a question or a sentence, over the controls.
    slow: for what takes over 2 s; it is computed again only when a button is pressed.
    Raises ValueError for no controls, and in the fixed twin what `compute` raises.
    """
    if not controls:
        raise ValueError(f"{title}: wanted at least one control.")
    able = find_spec("ipywidgets") is not None
    if is_live() and able:
        return Live(controls, compute, title, slow)
    return _twin(controls, compute, title, NO_WIDGETS if is_live() else STATIC_NOTE)


def _twin(controls: Mapping[str, Control], compute: Compute, title: str, note: str) -> Shown:
    shown = _together(compute(**{name: control.value for name, control in controls.items()}))
    told = "; ".join(control.told() for control in controls.values())
    head = element("p", f"<b>{escape(title)}</b> {escape(told)}. {prose(note)}", class_="sound-note")
    return Shown(element("div", head + shown.html, class_="live-twin"), f"{title} {told}.\n{shown.text}")


def _together(shown: Shown | Sequence[Shown]) -> Shown:
    parts = [shown] if isinstance(shown, Shown) else list(shown)
    return Shown("".join(part.html for part in parts), "\n".join(part.text for part in parts))


class Live:
    """The controls of a cell and what was last computed; see `live`.

    widgets: argument -> its ipywidget.   output: the Output that holds the displayables.   status: a line of text.
    computed: how often it was computed.
    """

    def __init__(self, controls: Mapping[str, Control], compute: Compute, title: str, slow: bool) -> None:
        import ipywidgets

        looks = {"style": {"description_width": "initial"}, "layout": {"width": "min(100%, 34em)"}}
        self.widgets = {name: control.widget(**looks) for name, control in controls.items()}
        self.status, self.output = ipywidgets.HTML(), ipywidgets.Output()
        self.button = ipywidgets.Button(
            description="Compute", disabled=True, layout={"display": None if slow else "none"}
        )
        self.button.on_click(lambda _: self.compute())
        self.computed = 0
        self._function, self._title, self._slow = compute, title, slow
        self._waiting: asyncio.TimerHandle | None = None
        for widget in self.widgets.values():
            widget.observe(self._moved, "value")
        head = ipywidgets.HTML(f"<b>{escape(title)}</b>")
        self.box = ipywidgets.VBox([head, *self.widgets.values(), self.button, self.status, self.output])
        self.box.add_class("live-controls")  # player.js names the sliders in it, for screen readers
        self.compute()

    def compute(self) -> None:
        """Compute with the values of now and show it, or in words why it failed."""
        self._forget()
        self._say("Computing …")
        values, begin = {name: widget.value for name, widget in self.widgets.items()}, time.perf_counter()
        try:
            shown = _together(self._function(**values))
            said = f"Computed in {time.perf_counter() - begin:.1f} s."
        except (Exception, KeyboardInterrupt) as error:  # nobody else would show what a control's callback raises
            shown, said = _failure(error), "Not computed: see below."
        self.computed += 1
        data = {"text/html": shown.html, "text/plain": shown.text}
        self.output.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self.button.disabled = True
        self._say(said)

    def _moved(self, _: object) -> None:
        """A control was moved: compute after a pause, so that quick moves ask once; at once where no loop runs."""
        if self._slow:
            self.button.disabled = False
            self._say("Changed: press Compute.")
            return
        self._forget()
        try:
            self._waiting = asyncio.get_running_loop().call_later(PAUSE, self.compute)
        except RuntimeError:
            self.compute()

    def _forget(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None

    def _say(self, text: str) -> None:
        self.status.value = f'<span role="status">{escape(text)}</span>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        data = self.output.outputs[0]["data"]
        return {**self.box._repr_mimebundle_(), "text/html": data["text/html"], "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"{self._title}\n{self.output.outputs[0]['data']['text/plain']}"


def _failure(error: BaseException) -> Shown:
    """An error in words, with where it arose in a fold."""
    name = "Stopped" if isinstance(error, KeyboardInterrupt) else type(error).__name__
    words = f"{name}: {error}" if str(error) else name
    trace = "".join(traceback.format_exception(error))
    fold = element("details", f"<summary>Where it arose</summary><pre>{escape(trace)}</pre>")
    html = element("div", element("p", f"<b>This could not be computed.</b> {escape(words)}") + fold, role="alert")
    return Shown(html, f"This could not be computed. {words}")
