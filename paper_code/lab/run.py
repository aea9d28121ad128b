"""The command line of the lab, without a notebook: experiments, and their measuring anew.

python -m paper_code.lab.run bark_loss --profile small --seed 0
"""

import argparse
import sys
from collections.abc import Sequence

import torch
from tqdm import tqdm

from paper_code import chapters
from paper_code.audio.terminal import ended
from paper_code.lab import paths, results
from paper_code.lab.chapter import Chapter, UnknownName
from paper_code.lab.config import Config, ConfigError
from paper_code.lab.errors import LabError
from paper_code.lab.store import Store, open_store

EPILOG = """examples:
  python -m paper_code.lab.run bark_loss --profile small --seed 0 1 2
  python -m paper_code.lab.run masking_loss --profile published --measure-again
A result that is stored already is not computed again. An interrupted run goes on with the same line.
Ctrl-C interrupts a run; one in the background ignores it and is stopped by kill. Both save what was done.
--measure-again reads the kept weights and writes the measurements anew where the result lies: in data/results too, unless
--output names another folder."""


SHOWN = 3  # names in one line about what was skipped


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong words, 130 interrupted.

    What the compendium's own errors say is printed as one line; any other error keeps its traceback.
    """
    words = _parser().parse_args(arguments)
    if words.threads:
        torch.set_num_threads(words.threads)
    try:
        _run(words)
    except KeyboardInterrupt:
        print("interrupted; what was done is kept, the same line goes on from there.", file=sys.stderr)
        return 130
    except Exception as error:
        if not type(error).__module__.startswith("paper_code."):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UnknownName | ConfigError) else 1
    return 0


def _run(words: argparse.Namespace) -> None:
    chapter, store = chapters.chapter(words.chapter), open_store(words.output)
    profile = words.profile
    if words.measure_again:
        chapter.require_profile(profile, "published")
    if words.measure_again and profile == "published":
        profile = results.published(chapter, store)
    seeds = None if words.all_seeds else words.seed
    if seeds is None and not (words.all_seeds or words.measure_again):
        seeds = [0]
    overrides = {"recordings": "synthetic"} if words.synthetic else {}
    asked = results.plan(chapter, profile, seeds, words.experiment, **overrides)
    if words.measure_again:
        _measure_again(chapter, asked, store, not words.quiet)
    else:
        _compute(chapter, asked, store, words.device, not words.quiet)


def _compute(chapter: Chapter, asked: list[tuple[str, Config]], store: Store, device: str, progress: bool) -> None:
    results.announce(chapter, asked, store, progress)
    for name, config in asked:
        print(results.result(chapter, name, config, store, device, progress).folder, flush=True)


def _measure_again(chapter: Chapter, asked: list[tuple[str, Config]], store: Store, progress: bool) -> None:
    skipped: dict[str, list[str]] = {}  # reason -> names
    done = results.measure_again(chapter, asked, store, progress)
    for (name, config), (result, reason) in zip(asked, done, strict=True):
        if reason:
            skipped.setdefault(reason, []).append(f"{name} ({config.profile}, seed {config.seed})")
        else:
            with tqdm.external_write_mode():  # above the progress bar, not behind it
                print(result.folder, flush=True)
    for reason, names in skipped.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        print(f"skipped: {', '.join(names[:SHOWN])}{more}: {reason}", file=sys.stderr, flush=True)
    if sum(map(len, skipped.values())) == len(asked):
        roots = ", ".join(map(paths.shown, store.roots))
        raise LabError(f"nothing was measured again of {chapter.name} in {roots}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_code.lab.run",
        description="Run a chapter's experiments and store their results.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chapter", help=f"one of: {', '.join(chapters.CHAPTERS)}")
    parser.add_argument(
        "--profile", default="small", help="size: smoke, small or full (default small); to measure again also published"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--seed", type=int, nargs="+", metavar="N", help="one or more; default 0, or all to measure again"
    )
    which.add_argument("--all-seeds", action="store_true", help="all seeds of the profile's published result")
    parser.add_argument("--experiment", nargs="+", metavar="NAME", help="only these; default all")
    parser.add_argument("--measure-again", action="store_true", help="measure stored results anew from their weights")
    parser.add_argument("--output", default="", metavar="DIR", help="read and write results only there")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="processor threads of this run")
    parser.add_argument("--synthetic", action="store_true", help="use the synthesiser instead of recordings")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


if __name__ == "__main__":
    sys.exit(ended(main))
