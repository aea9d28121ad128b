"""The notebooks: in step with their text, whole, and obedient to every parameter."""

import json
import re
from pathlib import Path

import execute as workflow
import nbformat
import notebooks
import numpy as np
import pytest
import soundfile
from built import BOOK
from nbval.plugin import IPyNbCell, IPyNbFile

from paper_code.chapters import CHAPTERS
from paper_code.lab.store import Store

NAMES = sorted(path.stem for path in BOOK.glob("*.py"))
MOST_BYTES = 2_000_000
CHAPTER_PARAMETERS = {"profile", "seed", "device", "audio", "output"}
PLACES = re.compile(r"""["'\s>](/(?:home|root|Users|tmp|var|mnt|work|builds?)/\S+|[A-Z]:\\\\\S+)""")


def committed(name: str) -> nbformat.NotebookNode:
    """The notebook as it stands in the repository."""
    return nbformat.read(BOOK / f"{name}.ipynb", as_version=4)


def parameters_cell(name: str) -> nbformat.NotebookNode | None:
    """The cell of parameters, or None."""
    found = [cell for cell in committed(name).cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(found) <= 1
    return found[0] if found else None


def parameters(name: str) -> dict[str, object]:
    """The parameters with their defaults."""
    cell, values = parameters_cell(name), {}
    if cell is not None:
        exec(cell.source, {}, values)
    return values


def error_of(name: str, tmp_path: Path, **values: object) -> str:
    """What a run says that must fail."""
    with pytest.raises(workflow.NotebookError) as failure:
        workflow.execute(BOOK / f"{name}.ipynb", tmp_path / "out.ipynb", values)
    assert not (tmp_path / "out.ipynb").exists()
    return re.sub(r"\x1b\[[\d;]*m", "", str(failure.value))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_light(name: str) -> None:
    """Under 2 MB, so that it opens at once and a repository can carry its versions."""
    assert (BOOK / f"{name}.ipynb").stat().st_size < MOST_BYTES


def test_every_notebook_has_its_text() -> None:
    """Each .ipynb has a .py beside it and the other way round, and every chapter is among them."""
    assert sorted(path.stem for path in BOOK.glob("*.ipynb")) == NAMES
    assert set(CHAPTERS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_in_step(name: str) -> None:
    """The .py and the .ipynb hold the same cells with the same tags (`make notebooks` brings them in step)."""
    assert notebooks.sources(committed(name)) == notebooks.sources(notebooks.text(BOOK / f"{name}.py"))


@pytest.mark.parametrize("name", NAMES)
def test_committed_outputs(name: str) -> None:
    """Outputs are there and whole: no error, no sound inside, no path of the machine they were made on."""
    cells = [cell for cell in committed(name).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert [output.ename for output in outputs if output.output_type == "error"] == []
    text = json.dumps(outputs, ensure_ascii=False)
    assert "data:audio" not in text
    assert PLACES.findall(re.sub(r"data:image/[\w+]+;base64,[\w+/=]+", "", text)) == []
    assert "papermill" not in committed(name).metadata


def compared_cells(name: str, session: pytest.Session) -> list[IPyNbCell]:
    """The code cells of a committed notebook, as nbval compares their outputs by the rules of workflow/nbval.cfg."""
    file = IPyNbFile.from_parent(session, path=BOOK / f"{name}.ipynb")
    file.setup_sanitize_files()
    return list(file.collect())


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("text/html", "<td>1.23</td>", "<td>1.24</td>", False),
        ("text/html", "<figure><img></figure><td>1</td>", "<figure><svg></svg></figure><td>1</td>", True),
        ("text/html", "<figure></figure><td>1</td><figure></figure>", "<figure></figure><figure></figure>", False),
        ("text/html", '<a href="sounds/0123456789abcdef.flac">', '<a href="sounds/fedcba9876543210.flac">', True),
        ("text/html", '<img src="data:image/png;base64,iVBO=">', '<img src="data:image/webp;base64,UklG">', True),
        ("image/svg+xml", '<?xml version="1.0"?>\n<svg>\n<path/></svg>', "<svg></svg>", True),
        ("text/plain", "Figure: highest at 1 kHz", "Figure: highest at 2 kHz", False),
        ("text/markdown", "It is 25.5 dB.", "It is 24.6 dB.", False),
    ],
)
def test_what_is_compared(kind: str, one: str, other: str, same: bool, request: pytest.FixtureRequest) -> None:
    """Tables, sentences and the plain text beside a picture are; pictures and the names of sounds are not."""
    outputs = ([nbformat.v4.new_output("display_data", {kind: text})] for text in (one, other))
    assert compared_cells(NAMES[0], request.session)[0].compare_outputs(*outputs) == same


def differences(name: str, recordings: bool, session: pytest.Session) -> str:
    """What the notebook that `make book` has executed shows otherwise than the committed one, cell by cell; or "".

    Compared as `pytest --nbval book` compares, with the same rules, but without executing it a second time.
    recordings: the cells with that tag, or all others.
    """
    executed = nbformat.read(notebooks.STAGE / f"{name}.ipynb", as_version=4)
    assert notebooks.sources(executed) == notebooks.sources(committed(name)), "not this notebook: run `make book`"
    now = [notebooks.without_warnings(cell.outputs) for cell in executed.cells if cell.cell_type == "code"]
    return "\n".join(
        f"{cell.name}: {''.join(cell.comparison_traceback)}"
        for cell, outputs in zip(compared_cells(name, session), now, strict=True)
        if cell.options["check"]
        and ("recordings" in cell.cell.metadata.get("tags", [])) == recordings
        and not cell.compare_outputs(outputs, cell.cell.outputs)
    )


@pytest.mark.site
@pytest.mark.parametrize("name", NAMES)
def test_executed_as_committed(name: str, request: pytest.FixtureRequest) -> None:
    """`make book` shows what is committed, on any processor, with and without recordings (if not: `make notebooks`)."""
    assert differences(name, False, request.session) == ""


@pytest.mark.site
@pytest.mark.parametrize("name", [pytest.param(c, marks=pytest.mark.corpora(c)) for c in CHAPTERS])
def test_executed_as_committed_with_recordings(name: str, request: pytest.FixtureRequest) -> None:
    """The same of the cells that need recordings."""
    assert differences(name, True, request.session) == ""


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_have_the_same_parameters(chapter: str) -> None:
    """A reader who knows the parameters of one chapter knows those of all; each may have more."""
    assert set(parameters(chapter)) >= CHAPTER_PARAMETERS
    assert parameters(chapter)["profile"] == "published"


@pytest.mark.parametrize("name", [name for name in NAMES if parameters_cell(name)])
def test_every_override_arrives(name: str, tmp_path: Path) -> None:
    """A notebook of the parameters cell and one that prints them shows exactly the values that were given."""
    defaults = parameters(name)
    wanted = {key: value + 7 if isinstance(value, int | float) else f"{value}-other" for key, value in defaults.items()}
    printing = nbformat.v4.new_code_cell(f"import json\nprint(json.dumps([{', '.join(defaults)}]))")
    stripped = nbformat.v4.new_notebook(cells=[parameters_cell(name), printing], metadata=committed(name).metadata)
    nbformat.write(stripped, tmp_path / "stripped.ipynb")
    workflow.execute(tmp_path / "stripped.ipynb", tmp_path / "out.ipynb", wanted)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    injected = [cell for cell in cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert len(injected) == 1
    assert cells.index(injected[0]) == 1
    assert json.loads(cells[-1].outputs[0].text) == list(wanted.values())


@pytest.mark.parametrize("name", NAMES)
def test_unknown_parameter_is_refused(name: str, tmp_path: Path) -> None:
    """A misspelt parameter is an error that names those there are, before anything runs."""
    message = error_of(name, tmp_path, profle="smoke")
    assert "profle" in message
    assert all(key in message for key in parameters(name))


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_unknown_profile_is_refused(chapter: str, tmp_path: Path) -> None:
    """A profile that does not exist stops the chapter with the profiles there are."""
    message = error_of(chapter, tmp_path, profile="smok", output=str(tmp_path / "results"))
    last = message.strip().splitlines()[-1]
    assert "'smok'" in last
    assert all(profile in last for profile in CHAPTERS[chapter].profiles)
    assert not list((tmp_path / "results").rglob("provenance.json"))


SEED = 3  # one that nothing is published for


def own_recording(path: Path) -> str:
    """A reader's stereo recording at 44.1 kHz, in a folder; its name."""
    time = np.arange(2 * 44100) / 44100
    tones = np.stack([np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 660 * time)], axis=1)
    soundfile.write(path / "my-recording.wav", 0.3 * tones * np.exp(-time)[:, None], 44100)
    return "my-recording.wav"


@pytest.mark.slow
@pytest.mark.parametrize("chapter", [pytest.param(c, marks=pytest.mark.xdist_group(f"{c}.ipynb")) for c in CHAPTERS])
def test_chapter_runs_from_scratch_with_own_audio(chapter: str, tmp_path: Path) -> None:
    """With the profile smoke and a seed of its own a chapter computes all its results anew, and shows them.

    A reader's recording goes through it under its own name.
    """
    results = tmp_path / "results"
    values = {"profile": "smoke", "seed": SEED, "audio": own_recording(tmp_path), "output": str(results)}
    seconds = workflow.execute(BOOK / f"{chapter}.ipynb", tmp_path / "out.ipynb", values)
    made = Store(results).all(chapter)
    assert {result.experiment for result in made} == set(CHAPTERS[chapter].experiments("smoke", SEED))
    assert {(result.profile, result.seed) for result in made} == {("smoke", SEED)}
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.ename for output in outputs if output.output_type == "error"] == []
    assert notebook.metadata.papermill.duration == pytest.approx(seconds, abs=10)
    sounds = set(re.findall(r"sounds/\w+\.flac", json.dumps(outputs)))
    assert sounds
    assert all((tmp_path / sound).is_file() for sound in sounds)
    assert "my-recording" in json.dumps(outputs)


def test_outputs_without_recordings_are_not_stored(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """They would lack the originals; nothing is written, and the message says what to set."""
    monkeypatch.setattr(notebooks.corpora, "available", lambda paths: False)
    monkeypatch.setattr(notebooks, "write", lambda *_: pytest.fail("written"))
    assert notebooks.main(["store"]) == 1
    assert "COMPENDIUM_CORPORA" in capsys.readouterr().err
