"""Live cells: the fixed twin asks for no widgets; controls compute again, in this process and in a kernel."""

import asyncio
import json
import os
from collections.abc import Mapping

import nbformat
import pytest
from jupyter_client.manager import run_kernel
from nbclient import NotebookClient

from paper_code.display import live
from paper_code.display.live import Choice, Range, Seed
from paper_code.display.markup import Shown

CONTROLS: Mapping[str, live.Control] = {
    "sound": Choice("sound", {"Speech": "speech", "Piano": "piano"}, "Speech"),
    "level": Range("level", -40, 0, -20, unit="dB"),
    "seed": Seed(),
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def told(sound: str, level: float, seed: int) -> Shown:
    """What a chapter's function would show, and an error where the level is 0."""
    if level == 0:
        raise ValueError("a level of 0 dB is too <loud>")
    return Shown(f"<p>{sound} {level} {seed}</p>", f"{sound} at {level} dB, seed {seed}")


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> live.Live:
    """A live cell of three controls."""
    monkeypatch.setenv(live.SWITCH, "1")
    return live.live(CONTROLS, told, "How loud?")


def text(cell: live.Live) -> str:
    """What the cell shows, for a terminal."""
    (output,) = cell.output.outputs
    return output["data"]["text/plain"]


def test_outside_a_notebook_it_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function at its defaults, with its settings in words."""
    monkeypatch.delenv(live.SWITCH, raising=False)
    shown = live.live(CONTROLS, told, "How loud?")
    assert isinstance(shown, Shown)
    assert shown.text == "How loud? sound: Speech; level: −20 dB; seed: 0.\nspeech at -20 dB, seed 0"
    assert "<p>speech -20 0</p>" in shown.html
    assert "In Jupyter" in shown.html


def test_several_displayables_are_shown_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.SWITCH, "0")
    shown = live.live({"seed": Seed()}, lambda seed: [Shown("<b></b>", "b"), Shown("<i></i>", "i")], "Which?")
    assert shown.html.endswith("<b></b><i></i></div>")
    assert shown.text.endswith("b\ni")


def test_the_fixed_twin_does_not_hide_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is not built with a cell that failed."""
    monkeypatch.setenv(live.SWITCH, "0")
    with pytest.raises(ValueError, match="too <loud>"):
        live.live({**CONTROLS, "level": Range("level", -40, 0, 0)}, told, "How loud?")


def test_without_ipywidgets_it_is_fixed_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.SWITCH, "1")
    monkeypatch.setattr(live, "find_spec", lambda name: None)
    assert "install <code>ipywidgets</code>" in live.live(CONTROLS, told, "How loud?").html


@pytest.mark.parametrize(("switch", "expected"), [("0", False), ("1", True)])
def test_the_switch_decides(switch: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.SWITCH, switch)
    monkeypatch.setattr(live, "_asks_a_person", lambda: not expected)
    assert live.is_live() == expected


def test_another_value_of_the_switch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.SWITCH, "yes")
    with pytest.raises(ValueError, match=r"COMPENDIUM_LIVE is 0 .* or 1 .*'yes'"):
        live.is_live()


def test_controls_compute_again(cell: live.Live) -> None:
    """Each control reaches its argument; the view carries the words for who has no widget manager."""
    assert text(cell) == "speech at -20 dB, seed 0"
    cell.widgets["sound"].value = "piano"
    cell.widgets["level"].value = -7
    cell.widgets["seed"].value = 3
    assert text(cell) == "piano at -7 dB, seed 3"
    assert cell.output.outputs[0]["data"]["text/html"] == "<p>piano -7 3</p>"
    assert cell.computed == 4
    assert "Computed in" in cell.status.value
    bundle = cell._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"] == cell.box.model_id
    assert bundle["text/plain"] == "How loud?\npiano at -7 dB, seed 3"


def test_every_control_has_a_label_and_its_limits(cell: live.Live) -> None:
    """Whole numbers stay whole, and what is outside comes to the edge."""
    assert [widget.description for widget in cell.widgets.values()] == ["sound", "level (dB)", "seed"]
    level = cell.widgets["level"]
    level.value = -400
    assert level.value == -40
    assert isinstance(level.value, int)
    assert isinstance(Range("share", 0, 1, 0.5, 0.1).widget().value, float)


def test_an_error_is_told_in_words_and_forgotten_afterwards(cell: live.Live) -> None:
    """The old result goes, so that nobody takes it for the new one; the place is in a fold."""
    cell.widgets["level"].value = 0
    assert text(cell) == "This could not be computed. ValueError: a level of 0 dB is too <loud>"
    html = cell.output.outputs[0]["data"]["text/html"]
    assert "too &lt;loud&gt;" in html
    assert "in told" in html
    assert 'role="alert"' in html
    assert "Not computed" in cell.status.value
    cell.widgets["level"].value = -1
    assert text(cell) == "speech at -1 dB, seed 0"


def test_it_says_that_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of status is sent before the work begins."""
    monkeypatch.setenv(live.SWITCH, "1")
    said = []

    def look(seed: int) -> Shown:
        said.append(cells[0].status.value if cells else "")
        return Shown("", "")

    cells: list[live.Live] = []
    cells.append(live.live({"seed": Seed()}, look, "Which?"))
    cells[0].widgets["seed"].value = 1
    assert "Computing" in said[-1]


def test_quick_moves_ask_once(cell: live.Live) -> None:
    """Where a loop runs, as in a kernel, a slider that is drawn along computes only where it stops."""

    async def draw() -> None:
        for level in range(-19, -4):
            cell.widgets["level"].value = level
        assert cell.computed == 1
        await asyncio.sleep(3 * live.PAUSE)

    asyncio.run(draw())
    assert cell.computed == 2
    assert text(cell) == "speech at -5 dB, seed 0"


def test_what_is_slow_waits_for_its_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.SWITCH, "1")
    cell = live.live(CONTROLS, told, "How loud?", slow=True)
    assert cell.button.disabled
    cell.widgets["level"].value = -3
    assert "press Compute" in cell.status.value
    assert (cell.computed, cell.button.disabled) == (1, False)
    cell.button.click()
    assert text(cell) == "speech at -3 dB, seed 0"
    assert cell.button.disabled


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Choice("sound", {"Speech": "speech"}, "Piano"),
        lambda: Range("level", 0, 10, 11),
        lambda: Range("level", 0, 10, 5, step=0),
        lambda: live.live({}, told, "How loud?"),
    ],
)
def test_controls_that_cannot_be(wrong) -> None:
    with pytest.raises(ValueError, match=r"wanted|default"):
        wrong()


SETUP = """
from paper_code.display.live import Choice, Range, Seed, live
from paper_code.display.markup import Shown
def told(sound, level):
    if level == 0:
        raise ValueError("too loud")
    return Shown(f"<p>{sound} {level}</p>", f"{sound} at {level} dB")
cell = live({"sound": Choice("sound", {"Speech": "speech", "Piano": "piano"}, "Speech"),
             "level": Range("level", -40, 0, -20)}, told, "How loud?")
cell"""
MOVED = """
import asyncio
for level in range(-19, -4):
    cell.widgets["level"].value = level
cell.widgets["sound"].value = "piano"
await asyncio.sleep(1)
print(cell.computed, cell.output.outputs[0]["data"]["text/plain"])"""
BROKEN = """
cell.widgets["level"].value = 0
await asyncio.sleep(1)"""


def executed(*cells: str, **environment: str) -> nbformat.NotebookNode:
    """A notebook run by nbclient, as papermill, nbval and the build of the book run one."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    own = {name: value for name, value in os.environ.items() if name != live.SWITCH}
    NotebookClient(notebook, kernel_name="python3", store_widget_state=True).execute(env=own | environment)
    return notebook


@pytest.mark.slow
def test_the_request_tells_whether_somebody_sits_there() -> None:
    """JupyterLab, Notebook, VS Code and Colab allow a cell to ask for input; what executes notebooks does not."""
    said = []
    with run_kernel(kernel_name="python3") as client:
        client.execute_interactive("from paper_code.display.live import is_live", store_history=False)
        for asked in (True, False):
            client.execute_interactive(
                "print(is_live())", allow_stdin=asked, output_hook=lambda m: said.append(m["content"].get("text"))
            )
    assert [text for text in said if text] == ["True\n", "False\n"]


@pytest.mark.slow
def test_papermill_and_nbval_see_the_fixed_twin() -> None:
    """No widget is asked for: no view among the outputs, no state in the metadata; also from inside a Jupyter session."""
    notebook = executed(SETUP, JPY_SESSION_NAME="/some/notebook.ipynb")
    (output,) = notebook.cells[0].outputs
    assert sorted(output.data) == ["text/html", "text/plain"]
    assert output.data["text/plain"].endswith("speech at -20 dB")
    assert "widgets" not in notebook.metadata


@pytest.mark.slow
def test_in_a_kernel_controls_compute_again() -> None:
    """Widgets that are set there send what a notebook shows: the view, the new result once, and errors in words."""
    notebook = executed(SETUP, MOVED, BROKEN, COMPENDIUM_LIVE="1")
    first, second, third = (cell.outputs for cell in notebook.cells)
    assert first[0].data["text/html"] == "<p>speech -20</p>"
    assert WIDGET in first[0].data
    assert second[0].text == "2 piano at -5 dB\n"
    assert third == []
    models = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert first[0].data[WIDGET]["model_id"] in models
    (shown,) = [model["state"] for model in models.values() if model["model_name"] == "OutputModel"]
    assert "This could not be computed. ValueError: too loud" in json.dumps(shown["outputs"])
