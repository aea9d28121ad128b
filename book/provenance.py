# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Provenance
#
# Every result carries a record of what made it: settings and seed, recordings with their checksums, code, machine,
# packages and time. These tables show those records.

# %% tags=["parameters", "remove-cell"]
profile = "published"
output = ""

# %% tags=["remove-cell"]
from pathlib import Path

from IPython.display import display

from paper_code import chapters
from paper_code.display import pages
from paper_code.lab.store import open_store

store = open_store(output)

# %% [markdown]
# ## This build

# %% tags=["remove-input", "nbval-ignore-output"]
pages.executions(Path.cwd(), profile)

# %% [markdown]
# ## The experiments
#
# *Settings* is a hash of every setting but the profile's name: results with the same hash are interchangeable. *Trained
# by* and *measured by* name the code of the two stages: the commit (with a + when files differed from it) and a digest
# of the files that the stage runs. A result is measured from its kept weights, so a new metric needs no new training.
# Results from before weights were kept stay valid as they are.

# %% tags=["remove-input"]
for chapter in chapters.CHAPTERS:
    display(pages.experiments(chapter, store, profile))

# %% [markdown]
# ## Packages

# %% tags=["remove-input", "nbval-ignore-output"]
pages.packages([found for name in chapters.CHAPTERS for found in pages.stored(name, store, profile)])
