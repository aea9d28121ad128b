"""The pages around the chapters: the claims of all chapters, the recordings, where results come from.

Everything is read from the claims, the registry of recordings, the results and the executed notebooks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from paper_code import chapters
from paper_code.audio.registry import Corpus, corpora
from paper_code.display import tables, verdicts
from paper_code.display.markup import Shown, element
from paper_code.display.tables import Column, Table
from paper_code.lab import audit, claims, results, weights
from paper_code.lab.claims import Row
from paper_code.lab.errors import LabError
from paper_code.lab.store import Result, Store, open_store
from paper_code.lab.study import stand_in

TOOLS = ("torch", "torchaudio", "numpy", "scipy", "soundfile", "matplotlib", "papermill", "jupyter-book", "snakemake")


def judged(profile: str = "published", output: str = "") -> dict[str, list[Row]]:
    """The judged claims of every chapter: chapter -> rows.

    profile: "published" for the best complete results, else that profile's. output: folder of the results.
    Raises: LabError where results or claims are missing.
    """
    judgements = {}
    for chapter in chapters.CHAPTERS:
        shown = stored(chapter, open_store(output), profile)
        measured = chapters.chapter(chapter).measurements(shown)
        judgements[chapter] = claims.judge(chapter, measured, shown[0].profile)
    return judgements


def stored(chapter: str, store: Store, profile: str = "published") -> list[Result]:
    """The results of a profile as `open_results` would compute them: from recordings, or from the synthesiser's sounds.

    Nothing is computed. Raises: LabError where results are missing.
    """
    whose = chapters.chapter(chapter)
    if profile == "published":
        return results.results(whose, profile, store)
    asked = results.plan(whose, profile, **stand_in(whose))
    there = [store.find(chapter, name, config) for name, config in asked]
    if not all(there):
        raise LabError(
            f"the results of {chapter} in the profile {profile} are not complete in {store.root}: "
            f"run `make book PROFILE={profile}`."
        )
    return there


def scoreboard(rows: Mapping[str, Sequence[Row]]) -> Shown:
    """A bar a document: how many of its statements came to which verdict. The names lead to the chapters.

    rows: chapter -> its judged claims.
    """
    lines, texts = [], []
    for chapter, judgements in rows.items():
        document = chapters.chapter(chapter).document.citation
        words = f"{len(judgements)} statements: " + ", ".join(
            f"{number} {verdict}" for verdict, number in claims.count(judgements).items() if number
        )
        name = element("a", escape(document), href=f"{chapter}.html")
        bar = element("div", _segments(judgements), class_="score-bar", role="img", aria_label=words)
        lines.append(element("li", name + bar))
        texts.append(f"{document}: {words}")
    key = "".join(verdicts.badge(verdict).html for verdict in verdicts.SIGNS)
    html = element("ul", "".join(lines), class_="score") + element("p", key, class_="score-key")
    return Shown(html, "\n".join(texts))


def _segments(rows: Sequence[Row]) -> str:
    """The bar's parts, each as long as its number, with the symbol of its verdict."""
    segments = []
    for verdict, number in claims.count(rows).items():
        symbol, name = verdicts.SIGNS[verdict]
        if number:
            style = f"flex-grow:{number}"
            segments.append(element("span", f"{symbol} {number}", class_=f"score-{name}", style=style, title=verdict))
    return "".join(segments)


def all_claims(rows: Mapping[str, Sequence[Row]]) -> Shown:
    """Every claim with its verdict, a folded table a document. rows: chapter -> its judged claims."""
    folded, texts = [], []
    for chapter, judgements in rows.items():
        document, shown = chapters.chapter(chapter).document.citation, verdicts.claims_table(judgements)
        summary = element("summary", f"{escape(document)}: all {len(judgements)} statements")
        folded.append(element("details", summary + shown.html, class_="all-claims"))
        texts.append(f"{document}\n{shown.text}")
    return Shown("".join(folded), "\n\n".join(texts))


def recordings(used_in: Sequence[str] = tuple(chapters.CHAPTERS)) -> Table:
    """Every corpus: what it is, how much, its licence and who uses it. The names lead to where it comes from.

    used_in: chapters that have a page to link to.
    """
    columns = ["corpus", "what", Column("sound", "min", ".1f"), "licence", "used in"]
    rows = [
        [
            f"[{corpus.title}]({corpus.repository})",
            corpus.about,
            corpus.minutes if corpus.recordings else None,
            licences(corpus),
            ", ".join(_chapter(name, used_in) for name in corpus.chapters),
        ]
        for corpus in corpora().values()
    ]
    minutes = sum(corpus.minutes for corpus in corpora().values())
    caption = (
        f"{len(rows)} corpora, {minutes:.0f} minutes of sound. A name leads to its source. "
        "*NC*: not for commercial use."
    )
    return tables.table(columns, rows, caption)


def attributions() -> Table:
    """Who made each corpus, how to cite it, and what is to be known of its licence."""
    rows = [
        [
            corpus.title,
            corpus.attribution or _attributions(corpus),
            f"{corpus.citation} {corpus.licence_note}".strip(),
        ]
        for corpus in corpora().values()
    ]
    return tables.table(["corpus", "made by", "cite as; note"], rows, "Attribution and citation.")


def licences(corpus: Corpus) -> str:
    """The licences of a corpus's files, with their shares where they differ; NC is marked."""
    files = corpus.recordings or corpus.files
    counts = {name: sum(file.licence == name for file in files) for name in dict.fromkeys(f.licence for f in files)}
    marked = {file.licence for file in files if file.non_commercial}
    return "; ".join(
        f"{name}{' *NC*' if name in marked else ''}{f' ({number} of {len(files)})' if len(counts) > 1 else ''}"
        for name, number in counts.items()
    )


def executions(folder: Path, profile: str = "published") -> Table:
    """How long each chapter's notebook took and when, from the executed notebooks in `folder`."""
    rows = []
    for chapter in chapters.CHAPTERS:
        seconds, date = _execution(folder / f"{chapter}.ipynb")
        rows.append([_chapter(chapter, chapters.CHAPTERS), profile, seconds, date])
    columns = ["chapter", "profile", Column("wall time", "s", ".1f"), "executed"]
    return tables.table(columns, rows, "The notebooks of this build.")


def experiments(chapter: str, store: Store, profile: str = "published") -> Table:
    """The records of a chapter's results; see record."""
    return record(stored(chapter, store, profile))


def record(shown: Sequence[Result]) -> Table:
    """One row a result: seed, wall time, date, and what identifies its settings and code; the device where they differ.

    The caption says of how many the code that measured them is another than today's, and of how many nothing is kept.
    """
    devices = [_device(result) for result in shown]
    differ = len(set(devices)) > 1
    columns = ["experiment", Column("seed"), Column("wall time", "s", ".0f"), "date", "settings"]
    columns += ["trained by", "measured by", *(["device"] if differ else [])]
    rows = [
        [
            f"{result.experiment}, {result.profile}",
            result.seed,
            result.seconds,
            _day(result.trained["date"]),
            f"`{result.hash}`",
            _code(result.trained),
            _code(result.measured),
            *([device] if differ else []),
        ]
        for result, device in zip(shown, devices, strict=True)
    ]
    total = results.duration(sum(result.seconds for result in shown))
    where = "" if differ else f" All on one device: {devices[0]}."
    document = chapters.chapter(shown[0].chapter).document.citation
    caption = f"{document}: {len(rows)} results, {total} of computing in all.{where}{_honest(shown)}"
    return tables.table(columns, rows, caption)


def _honest(shown: Sequence[Result]) -> str:
    """How far the records of results reach, in plain sentences; "" where they reach all the way."""
    chapter = chapters.chapter(shown[0].chapter)
    unknown = sum(result.measured["code"] is None for result in shown)
    other = len(audit.measured_by_other_code(chapter, list(shown))) - unknown
    gone = sum(weights.are_gone(result) for result in shown)
    told = []
    if unknown:
        told.append(f"Of {unknown} the record does not know by which code they were measured.")
    if other:
        told.append(f"{other} were measured by other code than today's.")
    if gone:
        told.append(f"The weights of {gone} are gone: these cannot be measured again and stay as they are.")
    return "".join(f" {sentence}" for sentence in told)


def packages(shown: Sequence[Result]) -> Table:
    """Package versions: those the results were trained and measured with, and those of this build."""
    computed: dict[str, set[str]] = {}
    for stage in (stage for result in shown for stage in (result.trained, result.measured)):
        for name, number in stage["packages"].items():
            computed.setdefault(name, set()).add(number or "not installed")
    here = {"python": python_version(), **{name: version(name) for name in TOOLS}}
    rows = [
        [name, ", ".join(sorted(computed.get(name, ()))) or None, here.get(name)]
        for name in dict.fromkeys([*here, *computed])
    ]
    return tables.table(["package", "results", "this build"], rows, "Versions of the packages.")


def _chapter(name: str, with_page: Sequence[str]) -> str:
    title = name.replace("_", " ")
    return f"[{title}]({name}.html)" if name in with_page else title


def _attributions(corpus: Corpus) -> str:
    return "; ".join(dict.fromkeys(file.attribution for file in corpus.files if file.attribution))


def _execution(notebook: Path) -> tuple[float | None, str | None]:
    """Wall time and date of an executed notebook; None where it carries no record, as a committed one."""
    record: dict[str, Any] = {}
    if notebook.is_file():
        record = json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get("papermill", {})
    return record.get("duration"), _day(record["end_time"]) if record.get("end_time") else None


def _day(date: str) -> str:
    """The day of an ISO date, with hyphens at which no line breaks."""
    return date.partition("T")[0].replace("-", "\N{NON-BREAKING HYPHEN}")


def _device(result: Result) -> str:
    stage = result.trained
    name, threads = stage["gpu"] or stage["cpu"], stage["threads"]
    count = "" if stage["gpu"] else f", {threads} thread{'s' if threads > 1 else ''}"
    return f"{name}{count}"


def _code(stage: Mapping[str, Any]) -> str:
    code = stage["code"]
    if code is None:
        return "not known"
    commit = code["commit"][:8] + ("+" if code["dirty"] else "") if code["commit"] else "no commit"
    return f"`{commit}` `{code['sha256']}`"
