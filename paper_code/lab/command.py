"""The command line of the lab: experiments without a notebook."""

import argparse
import sys
from collections.abc import Sequence

import torch

from paper_code.lab import chapters, run
from paper_code.lab.config import ConfigError
from paper_code.lab.store import open_store

EPILOG = """example: python -m paper_code.lab.run bark_loss --profile small --seed 0 1 2
A result that is stored already is not computed again. An interrupted run goes on with the same line.
Ctrl-C interrupts a run; one in the background ignores it and is stopped by kill. Both save what was done."""


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
        return 2 if isinstance(error, chapters.UnknownName | ConfigError) else 1
    return 0


def _run(words: argparse.Namespace) -> None:
    overrides = {"recordings": "synthetic"} if words.synthetic else {}
    seeds = None if words.all_seeds else words.seed
    asked = run.plan(words.chapter, words.profile, seeds, words.experiment, **overrides)
    store, progress = open_store(words.output), not words.quiet
    run.announce(words.chapter, asked, store, progress)
    for name, config in asked:
        done = run.result(words.chapter, name, config, store, words.device, progress, words.keep_checkpoint)
        print(done.folder, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_code.lab.run",
        description="Run a chapter's experiments and store their results.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chapter", help=f"one of: {', '.join(chapters.CHAPTERS)}")
    parser.add_argument("--profile", default="small", help="size: smoke, small or full (default small)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, nargs="+", default=[0], metavar="N", help="one or more; default 0")
    which.add_argument("--all-seeds", action="store_true", help="all seeds of the profile's published result")
    parser.add_argument("--experiment", nargs="+", metavar="NAME", help="only these; default all")
    parser.add_argument("--output", default="", metavar="DIR", help="read and write results only there")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="processor threads of this run")
    parser.add_argument("--synthetic", action="store_true", help="use the synthesiser instead of recordings")
    parser.add_argument("--keep-checkpoint", action="store_true", help="leave checkpoints in the result")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser
