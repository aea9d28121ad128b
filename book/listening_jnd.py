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
# # Listening test: what you can just hear
#
# This is the listening test of {cite:t}`manocha2020`: you hear two sounds and say whether they are exactly the same.
# The next pair depends on your answers so far, so that you are soon asked about differences that you just hear. There
# are three blocks of ten pairs: more pink noise, a lower MP3 rate and less reverberation. The test takes about ten
# minutes. Use headphones if you have them. At the end you see your three thresholds beside those of the paper's own
# listeners.

# %% tags=["remove-cell"]
from paper_code.display import jnd_test, listening_test, players
from paper_code.jnd_loss import own_jnd

players.activate()
listening_test.activate()
jnd_test.activate()

# %% tags=["remove-input"]
own_jnd.page("Thirty pairs, and where you stand among the paper’s listeners.")

# %% [markdown]
# ## How the questions are chosen
#
# A strength from 0 (the reference itself) to 100 says how far a sound lies from its reference. The first question of a
# block has the strength 50. As long as all your answers are the same, the next question lies half-way to the end where
# you would give the other answer. After that, each question is asked at your most likely threshold. This threshold and
# the spread of your answers are found on a grid by the likelihood of {cite:t}`manocha2020`. Only
# some strengths are prepared. The page plays the one nearest to the question and counts the strength that it played.
#
# Two of the ten pairs in a block are obvious: one is identical, the other has the strength 100. They do not count for
# the threshold. The paper discarded all answers of a listener who missed one of them. This page tells you and keeps your
# answers, and the file is marked.
#
# ## The curve
#
# The step curve shows the thresholds of the paper's listeners, found from their answers in the same way as yours. Your
# point lies on it at your threshold, with the range of thresholds that your answers do not exclude (95 %). Eight answers
# leave a wide range. For pink noise and MP3 the listeners had the same reference as you. Reverberation was asked from
# many references, and the published list mixes the listeners of each, so that curve is only a rough comparison.
#
# ## What is different from the paper
#
# - The paper asked for a word in a long sentence. These recordings come without their text, so here you count beeps in
#   the speech. You may try again; the paper's listeners could not.
# - The sounds of the paper are not published. Read speech stands for them, with the perturbation of the published list
#   at the same levels.
# - The paper does not say how its first questions were chosen.
#
# ## Your answers
#
# Nothing is sent anywhere. You can download your answers as a file at any time, and go on from it later. Python reads
# the file and finds the same thresholds:
#
# ```python
# from paper_code.listeners.jnd import own_answers
#
# answers = own_answers.read("jnd answers Kim.json")
# answers.threshold("mp3"), answers.interval("mp3"), answers.wrong_sentinels
# ```
