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
# # Listening test: denoised speech
#
# This is the A/B test of {cite:t}`manocha2020`, Figure 3, with the denoisers of {doc}`jnd_denoiser`. There are eight
# utterances, from much noise to little. You hear each of them through two denoisers at a time, forty comparisons in random
# order. Say which of the two you would rather listen to, or that you do not know. Use headphones. The test takes about ten
# minutes. Your answers stay in this browser until you download them, and after a pause the test goes on where you stopped.

# %% tags=["parameters", "remove-cell"]
profile = "published"
output = ""

# %% tags=["remove-cell"]
from paper_code.display import listening_test, pages, players
from paper_code.jnd_loss.enhancement import listening
from paper_code.jnd_loss.enhancement.study import Study
from paper_code.lab.store import open_store

players.activate()
listening_test.activate()
study = Study(pages.stored("jnd_denoiser", open_store(output), profile))

# %% tags=["remove-input"]
listening_test.listening_test(
    listening.ab_test(study), listening.sounds(study), "Which would you rather listen to?", listening.ROLES
)

# %% [markdown]
# ## Your answers
#
# Nothing is sent anywhere. At the end you see how often you preferred each denoiser, and you can download your answers
# as a file. Put the files of all listeners into a folder, and the chapter counts them, by how noisy the utterance was:
#
# ```bash
# papermill book/jnd_denoiser.ipynb out.ipynb -p answers folder
# ```
#
# The names of the denoisers are hidden until the last answer, and all sounds are equally loud. The chapter refuses
# answers to other sounds than these.
