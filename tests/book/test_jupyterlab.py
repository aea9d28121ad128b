"""The book in a real JupyterLab on this machine: players, figures and live controls, in a headless Chromium.

Needs Chromium and JupyterLab, from whatever environment; the kernel is this Python.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from built import PATIENCE, PROBE, ROOT
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("jupyterlab")]

TOKEN = "of-this-test"
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}  # it asks nobody outside
PRESSED = "handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));"
CELLS = (
    """
from IPython.display import display
import torch
from paper_code.audio.synthesiser import speech_like
from paper_code.display import figures, players
from paper_code.display.live import Choice, Range, Seed, live
players.activate()""",
    """
voice = speech_like(seconds=20.0, sample_rate=16000, seed=0)
display(players.compare({"Voice": voice}, "Fixed"))
figures.show(lambda theme: theme.figure()[0], "A figure.", "Empty axes.")""",
    """
asked = []
def noisy(kind, level, seed):
    asked.append(level)
    if kind == "broken":
        raise ValueError("there is no such noise")
    noise = torch.randn(len(voice.waveform), generator=torch.Generator().manual_seed(seed))
    wave = (voice.waveform + 10 ** (level / 20) * noise).clamp(-1, 1)
    sounds = {"Voice": voice, "Noisy": voice.with_waveform(wave, "noise added")}
    figure = figures.show(lambda theme: theme.figure()[0], "Drawn again.", "Empty axes.")
    return [players.compare(sounds, f"{level} dB, seed {seed}, asked {len(asked)} times"), figure]
kinds = {"white noise": "white", "no such noise": "broken"}
controls = {"kind": Choice("kind", kinds, "white noise"), "level": Range("level", -40, 0, -20, unit="dB"), "seed": Seed()}
live(controls, noisy, "How loud is the noise?")""",
)


def write_notebook(path: Path) -> None:
    """The cells above, for a kernel that runs this Python."""
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    spec = {"name": "compendium", "display_name": "Compendium", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)


def write_json(path: Path, content: object) -> None:
    """A file of settings, in new folders."""
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def settings(folder: Path) -> dict[str, str]:
    """An environment in which JupyterLab keeps everything in a folder, finds this Python's widgets and starts it."""
    data = folder / "data"
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": start, "display_name": "Compendium", "language": "python", "env": {"PYTHONPATH": str(ROOT)}}
    write_json(data / "kernels" / "compendium" / "kernel.json", kernel)
    notification = "lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    write_json(folder / "config" / notification, SETTINGS)
    places = {
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "run",
        "IPYTHONDIR": "ipy",
    }
    path = os.pathsep.join([str(data), str(Path(sys.prefix) / "share" / "jupyter")])
    return {**os.environ, **{name: str(folder / place) for name, place in places.items()}, "JUPYTER_PATH": path}


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Until the server answers; fails with what it said where it ends or takes longer than patience has."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(log.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lab(jupyterlab_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab of this machine alone, whose folder holds one notebook."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    write_notebook(folder / "notebooks" / "book.ipynb")
    port, log = free_port(), folder / "log"
    options = {
        "--ip": "127.0.0.1",
        "--port": port,
        "--ServerApp.port_retries": 0,
        "--IdentityProvider.token": TOKEN,
        "--ServerApp.root_dir": folder / "notebooks",
    }
    command = [jupyterlab_path, "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += [f"{name}={value}" for name, value in options.items()]
    with log.open("w") as output:
        server = subprocess.Popen(command, env=settings(folder), cwd=folder, stdout=output, stderr=output)
    try:
        wait_for(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()  # it ends its kernels first
        server.wait(60)


@pytest.fixture(scope="module")
def notebook(lab: str, chromium: Browser) -> Iterator[Page]:
    """The notebook, all of whose cells were run; an error in the page fails the tests."""
    context = chromium.new_context(viewport={"width": 1200, "height": 1500})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(PROBE)
    page, errors, outside = context.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: outside.append(request.url))
    page.goto(f"{lab}/lab/tree/book.ipynb?token={TOKEN}")
    page.wait_for_function("() => window.jupyterapp")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.wait_for_function("() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    page.get_by_role("figure", name="asked 1 times").wait_for()
    yield page
    context.close()
    assert errors == []
    assert [url for url in outside if not url.startswith((lab, lab.replace("http", "ws"), "data:", "blob:"))] == []


def play(page: Page, name: str) -> None:
    """Press a player's button and wait until it sounds, alone."""
    page.get_by_role("figure", name=name).get_by_role("button", name="Play").click()
    page.wait_for_function("() => audible() === 1")


def test_a_player_plays(notebook: Page) -> None:
    """Its file is found beside the notebook, in a fixed cell as on the page."""
    play(notebook, "Player: Fixed")
    position = "() => soundPlayers.find((p) => p.playing)?.position ?? 0"
    first = notebook.evaluate(position)
    notebook.wait_for_function(f"() => ({position})() > {first} + 0.2")


def test_figures_and_spectrograms_are_shown(notebook: Page) -> None:
    """Every picture, of fixed cells and of the live one, has loaded."""
    pictures = notebook.locator(".jp-OutputArea-output figure img")
    expect(pictures).to_have_count(5)  # the spectrograms of three sounds, and two figures
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        handle = picture.element_handle()
        notebook.wait_for_function("(image) => image.complete && image.naturalWidth > 0", arg=handle)


def test_controls_have_names_and_keys(notebook: Page) -> None:
    """Each is found by what is written beside it, and reached by Tab from the one before."""
    kind = notebook.get_by_role("combobox", name="kind", exact=True)
    kind.focus()
    notebook.keyboard.press("Tab")
    expect(notebook.get_by_role("slider", name="level (dB)")).to_be_focused()
    notebook.keyboard.press("Tab")
    notebook.keyboard.press("Tab")  # over the number beside the slider, which can be typed
    expect(notebook.get_by_role("spinbutton", name="seed")).to_be_focused()


def test_quick_moves_do_not_queue_up(notebook: Page) -> None:
    """Of five steps of the slider the last is computed, and at most the first; what played stops when its player goes."""
    play(notebook, "asked 1 times")
    slider = notebook.get_by_role("slider", name="level (dB)")
    slider.evaluate(f"(handle) => {{ for (let k = 0; k < 5; k++) {PRESSED} }}")  # quicker than a busy machine's keys
    notebook.get_by_role("figure", name="-15 dB, seed 0").wait_for()
    notebook.wait_for_function("() => audible() === 0")
    name = notebook.get_by_role("figure", name="-15 dB, seed 0").get_attribute("aria-label")
    assert int(re.search(r"asked (\d+) times", name)[1]) <= 3  # the page sends the first, and waits before the last
    expect(notebook.get_by_text("Computed in")).to_be_visible()
    play(notebook, "-15 dB, seed 0")


def test_an_error_is_told_and_overcome(notebook: Page) -> None:
    """In words, where the result was; the next choice brings a result again."""
    kind = notebook.get_by_role("combobox", name="kind", exact=True)
    kind.select_option("no such noise")
    alert = notebook.get_by_role("alert").filter(has_text="This could not be computed.")
    expect(alert).to_contain_text("ValueError: there is no such noise")
    assert notebook.get_by_role("figure", name="dB, seed 0").count() == 0
    kind.select_option("white noise")
    notebook.get_by_role("figure", name="-15 dB, seed 0").wait_for()
    assert notebook.get_by_text("This could not be computed.").count() == 0
