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
# # Listening test: a masking loss
#
# This is the MUSHRA test of {cite:t}`byun2021`, with the coders of {doc}`masking_loss`. There is one trial for each of
# a few utterances at each of three bit rates. In each trial you rate eight versions of an utterance from 0 to 100,
# beside the original. Use headphones, in a quiet room. First comes a practice trial that does not count. The test takes
# about half an hour. Your ratings stay in this browser until you download them, and after a pause the test goes on
# where you stopped.

# %% tags=["parameters", "remove-cell"]
profile = "published"
output = ""

# %% tags=["remove-cell"]
from IPython.display import Markdown

from paper_code.display import listening_test, pages, players
from paper_code.lab.store import open_store
from paper_code.masking_loss import listening
from paper_code.masking_loss.study import Study

players.activate()
listening_test.activate()
study = Study(pages.stored("masking_loss", open_store(output), profile))

# %% tags=["remove-input"]
listening_test.listening_test(
    listening.mushra_test(study), listening.sounds(study), "How close to the original?", listening.ROLES
)

# %% [markdown]
# ## Your ratings
#
# Nothing is sent anywhere. At the end you see your mean rating of each version, and you can download your ratings as a
# CSV file. Put the files of all listeners into a folder, and the chapter draws its Figure 2 from them:
#
# ```bash
# papermill book/masking_loss.ipynb out.ipynb -p ratings folder
# ```
#
# The names of the versions are hidden until the last trial, and all sounds are equally loud. As ITU-R BS.1534-3 asks,
# some listeners are left out and named: those who rate the hidden original below 90, or the version low-passed at 7 kHz
# above 90, in more than 15 % of the trials. A trial in which more than a quarter of all listeners rated the low-passed
# version so high does not count against anybody. The chapter refuses ratings of other sounds than these.
#
# ## The paper's test and this one

# %% tags=["remove-input"]
Markdown(listening.about())
