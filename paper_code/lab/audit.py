"""Whether stored results still say the truth: about their settings, their files, and the code that made them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paper_code.lab import code, provenance
from paper_code.lab.chapter import Chapter
from paper_code.lab.config import hash_of
from paper_code.lab.stages import OURS
from paper_code.lab.store import Result, Store
from paper_code.lab.weights import WEIGHTS

STAGES = ("trained", "measured")


def stale(store: Store, chapters: Mapping[str, Chapter]) -> list[str]:
    """One line for every stored result that today's configs do not ask for: empty when all fit.

    A result fits when its stored hash is that of its stored config, and that of the config the chapter's
    experiments() gives now for its name, profile and seed.
    """
    return _lines(store, chapters, _misfit)


def changed(store: Store, chapters: Mapping[str, Chapter]) -> list[str]:
    """One line for every stored result whose files are not those that its two stages left: values put in by hand."""
    return _lines(store, chapters, lambda _, result: _changed_files(result))


def impossible(store: Store, chapters: Mapping[str, Chapter]) -> list[str]:
    """One line for every stage whose record names a commit with other code than the record's digest says.

    Where git does not have the commit, or the code differed from it, nothing can be said.
    """
    return _lines(store, chapters, lambda _, result: _other_code(result))


def measured_by_other_code(chapter: Chapter, results: list[Result]) -> list[Result]:
    """Those of the results that were measured by other code than today's, or by code that is not known."""
    today = code.digest(code.entry(chapter.evaluate))
    return [result for result in results if (result.measured["code"] or {}).get("sha256") != today]


def _lines(store: Store, chapters: Mapping[str, Chapter], fault: Callable[[Chapter, Result], str]) -> list[str]:
    each = ((chapter, result) for name, chapter in chapters.items() for result in store.all(name))
    return [f"{result.folder}: {line}" for chapter, result in each if (line := fault(chapter, result))]


def _misfit(chapter: Chapter, result: Result) -> str:
    """Why a stored result does not fit its settings, or ""."""
    advice = "delete the folder and run it again"
    if hash_of(result.provenance.get("config_class", ""), result.config) != result.hash:
        return f"its hash {result.hash} is not that of its own config; {advice}."
    if result.profile not in chapter.profiles:
        return f"there is no profile {result.profile!r} any more; {advice}."
    now = chapter.experiments(result.profile, result.seed).get(result.experiment)
    if now is None:
        return f"there is no experiment {result.experiment!r} any more; delete the folder."
    if now.hash == result.hash:
        return ""
    fields = now.as_dict()
    differing = [n for n in {**fields, **result.config} if fields.get(n, "") != result.config.get(n, "")]
    return f"made with other settings ({', '.join(differing) or 'class of the config'}); {advice}."


def _changed_files(result: Result) -> str:
    """Which files differ from those of the record, or "". Weights may be missing: large ones are not committed."""
    wanted = {**result.trained["files"], **result.measured["files"]}
    there = provenance.digests(result.folder, OURS)
    names = [n for n in {**wanted, **there} if wanted.get(n) != there.get(n) and not (n == WEIGHTS and n not in there)]
    remedy = "delete the folder and run it again" if set(names) & set(result.trained["files"]) else "measure it again"
    return f"{', '.join(sorted(names))} differ from what its stages left; {remedy}." if names else ""


def _other_code(result: Result) -> str:
    return "; ".join(_other_code_of(result))


def _other_code_of(result: Result) -> Iterator[str]:
    for name in STAGES:
        said: Mapping[str, Any] = result.provenance[name]["code"] or {}
        if (
            said.get("commit") is None
            or said["dirty"]
            or code.git("cat-file", "-e", f"{said['commit']}^{{commit}}") is None
        ):
            continue
        then = code.digest_at(said["commit"], said["entry"])
        if then != said["sha256"]:
            yield f"its record says {name} by {said['sha256']}, but {said['entry']} at {said['commit'][:8]} is {then}"
