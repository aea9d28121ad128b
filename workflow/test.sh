#!/usr/bin/env bash
# Every check, once the site is built: code style, then the benchmarks alone, then the unit tests, the notebooks that
# were executed beside the committed ones, the from-scratch smoke run of each chapter and the tests of the built pages,
# on two cores. The slowest tests are listed; the last lines are the summaries of the two pytest runs.
#
#   workflow/test.sh          every check
#   workflow/test.sh quick    style and unit tests: no benchmarks, notebooks, browser, built pages or long tests
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
logs=_build/logs
mkdir -p "$logs"
status=0

$bin/ruff check . || status=1
$bin/ruff format --check --quiet . || { echo "ruff format would change files: run '$bin/ruff format'" >&2; status=1; }

tests() {
    $bin/python -m pytest tests --ignore=tests/benchmarks -n 2 --dist loadgroup --no-loadscope-reorder -rs "$@"
}

if [ "${1:-}" = quick ]; then
    tests -m "not (slow or browser or site)" --durations=10 || status=1
    exit $status
fi

# Timings are only worth something when nothing else runs, and use the cores the limits above would keep from them.
env -u OMP_NUM_THREADS -u OPENBLAS_NUM_THREADS -u MKL_NUM_THREADS -u NUMEXPR_NUM_THREADS \
    $bin/python -m pytest tests/benchmarks/bench_*.py 2>&1 | tee "$logs/benchmarks.log" || status=1

tests --durations=30 "$@" 2>&1 | tee "$logs/tests.log" || status=1

tail -qn 1 "$logs/benchmarks.log" "$logs/tests.log"
exit $status
