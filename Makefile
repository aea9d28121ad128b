# make book    the site, from the committed results: _build/html/index.html
# make book PROFILE=smoke|small|full    everything from recordings again (seconds, minutes, one GPU)
# make test    set-up, site, and every check
# make check   style and quick unit tests, before a commit
# make notebooks    bring book/*.ipynb up to date with book/*.py, outputs included, before a commit
# make clean   remove what was built, but not results that were computed; make distclean removes all

PROFILE ?= published
CORES ?= all
PYTHON ?= $(shell for name in python3.11 python3; do $$name -c '' 2>/dev/null && command -v $$name && break; done)

BIN := .venv/bin
# One thread a process: results do not depend on the number of cores, and several fit side by side.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMEXPR_NUM_THREADS=1
# A lock that goes away with its process, where there is one; Snakemake's own would outlive a kill.
LOCK := $(if $(shell command -v flock),flock --no-fork _build/.lock)
SNAKEMAKE := $(ONE_THREAD) $(LOCK) $(BIN)/snakemake --snakefile workflow/Snakefile --cores $(CORES) --nolock \
	--rerun-incomplete --quiet rules host reason progress --config

.PHONY: book test check notebooks clean distclean

book: .venv/.stamp
	@mkdir -p _build/logs
	@$(SNAKEMAKE) profile=$(PROFILE) 2> _build/logs/plan.log || { cat _build/logs/plan.log >&2; exit 1; }
	@echo "The book: _build/html/index.html"

test: .venv/.stamp
	@$(MAKE) --no-print-directory book
	@$(ONE_THREAD) workflow/test.sh

check: .venv/.stamp
	@$(ONE_THREAD) workflow/test.sh quick

notebooks: .venv/.stamp
	@$(BIN)/python workflow/notebooks.py sync
	@$(MAKE) --no-print-directory book
	@$(BIN)/python workflow/notebooks.py store

.venv/.stamp: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and neither python3.11 nor python3 works here." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else f"Python 3.11 is wanted \
	(3.12 and 3.13 may do), but $(PYTHON) is {sys.version.split()[0]}; install it or run: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf _build/html _build/source _build/.doctrees _build/logs .snakemake book/sounds

distclean: clean
	rm -rf _build .venv *.egg-info
