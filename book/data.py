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
# # Recordings and licences
#
# The recordings stay where their makers put them. Each is fetched from its public address, or read from a folder of
# yours, and checked against its sha256. What our networks made of them is stored with the results. Both tables come
# from `data/corpora.toml`, which lists every file.

# %% tags=["remove-cell"]
from paper_code.display import pages

# %% tags=["remove-input"]
# NBVAL_CHECK_OUTPUT
pages.recordings()

# %% [markdown]
# ```bash
# .venv/bin/python -m paper_code.audio.corpora list             # what there is, and where it would come from
# .venv/bin/python -m paper_code.audio.corpora fetch            # all of it, into the download cache
# COMPENDIUM_CORPORA=/path/to/recordings make book              # a folder that holds the same files
# ```
#
# Excerpts on these pages carry the licence of their recording. Where a licence is marked *NC*, the excerpts may not be
# used commercially.
#
# ## Credits

# %% tags=["remove-input"]
# NBVAL_CHECK_OUTPUT
pages.attributions()
