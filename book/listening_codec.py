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
# # Listening test: a codec as a loss
#
# This is the A/B test of {cite:t}`ananthabhotla2019`, with the models of {doc}`codec_loss`. There are five tracks in
# six versions: the original, the paper's four models, and our variant of its third, Fair Model C. You hear every pair of
# versions once: seventy-five comparisons in random order. Say which of the two sounds has the better audio quality, or
# that you do not know. Use headphones. The test takes about twenty-five minutes. Your answers stay in this browser until
# you download them, and after a pause the test goes on where you stopped.

# %% tags=["parameters", "remove-cell"]
profile = "published"
output = ""

# %% tags=["remove-cell"]
from paper_code.codec_loss import listening
from paper_code.codec_loss.study import Study
from paper_code.display import listening_test, pages, players
from paper_code.lab.store import open_store

players.activate()
listening_test.activate()
study = Study(pages.stored("codec_loss", open_store(output), profile))

# %% tags=["remove-input"]
listening_test.listening_test(
    listening.ab_test(study), listening.sounds(study), "Better audio quality?", listening.ROLES
)

# %% [markdown]
# ## Your answers
#
# Nothing is sent anywhere. At the end you see how often you preferred each version, and you can download your answers
# as a file. Put the files of all listeners into a folder, and the chapter counts them:
#
# ```bash
# papermill book/codec_loss.ipynb out.ipynb -p answers folder
# ```
#
# The names of the versions are hidden until the last answer, and all sounds are equally loud. The chapter refuses
# answers to other sounds than these.
