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
# # What people can just hear, as a loss
#
# *After {cite:t}`manocha2020`.*
#
# Play two recordings and ask one question: are they exactly the same? Where about half of all people say no, there is a
# just noticeable difference. The authors asked this question some fifty thousand times, about speech with noise,
# reverberation and codecs. Then they trained a network to give the same answers. What lies inside it is a distance
# between two sounds, and a distance can be used as a loss.

# %% tags=["parameters", "hide-input"]
profile = "published"  # or smoke, small, full: computed where missing
seed = 0  # numbers are over all seeds
device = "auto"  # auto, cpu or cuda
audio = ""  # a sound file of yours, to be compared in "Your turn"
reference = ""  # the sound it is compared with
output = ""  # folder for results; default _build/results

# %% tags=["remove-cell"]
from IPython.display import Markdown, display

from paper_code import side_by_side
from paper_code.display import pages, players
from paper_code.display.verdicts import claims_table, statements_table
from paper_code.jnd_loss import (
    agreement_figure,
    held_out_figures,
    held_out_tables,
    live,
    page,
    people_figures,
    people_tables,
    sound_figures,
    surprises,
    tables,
)
from paper_code.jnd_loss.answer import answer
from paper_code.jnd_loss.networks import JNDNetwork
from paper_code.jnd_loss.study import open_study
from paper_code.lab import claims

players.activate()

# %% tags=["hide-input"]
study = open_study(profile, seed, device, output)
answer(study)

# %% tags=["hide-input"]
page.first_player(study)

# %% [markdown]
# ## The data
#
# The paper's judgements are public, as lists of file names with answers. The sounds are not. So this chapter has real
# answers of real listeners, and where it needs sounds, it makes them again: **every sound on this page is a
# substitute.** Each name tells what was done to a recording and how strongly. We do the same, with the released
# generator, to a piece of another recording of read speech.

# %% tags=["hide-input"]
if study.synthetic:
    display(
        Markdown(
            ":::{warning}\nNo recordings were found. The sounds **and the answers** behind the numbers on this page were "
            "**made up by the synthesiser and by rules**. They say nothing about people.\n:::"
        )
    )
page.data(study)

# %% [markdown]
# One list, of equalisers, is left out: half of its rows name one file twice, and many of those were called different.
# The judgements are divided by the speaker of the recording. Nothing learns from the speakers f1, f5, m1 and m5.
#
# ## The people
#
# ### What they can just hear
#
# The paper takes the answers of a listener to follow a Gaussian: at strength $\rho$ she says "different" with
# probability $c(\rho \mid \mu, \sigma^2)$, and $\mu$ is her threshold. The likelihood of $N$ answers $h_j$ is
#
# $$ \mathcal{L}(\mu, \sigma^2) = \prod_{j=1}^{N} (1 - h_j)\,(1 - c(\rho_j \mid \mu, \sigma^2))
# + h_j\, c(\rho_j \mid \mu, \sigma^2). $$
#
# We fit it to the answers of all listeners together, and beside it a model of a *population*: each listener has her own
# threshold, thresholds are log-normal, and some answers are lapses.

# %% tags=["hide-input"]
people_figures.psychometric_curves(study.one("people"))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
people_tables.their_listeners(study.one("people"))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
people_tables.balance_and_consistency(study.one("people"))

# %% [markdown]
# ### How the threshold grows with the reference
#
# In six of the lists the reference itself holds noise. Weber's law says that the change one can just hear is a fixed
# share of what is there. That would be a slope of 1 in the figure.

# %% tags=["hide-input"]
people_figures.weber_growth(study.one("people"))

# %% [markdown]
# ## Figure 2: asking where it matters
#
# Questions far above or below the threshold teach nothing. So the paper asks where the listener's threshold most likely
# is, by all of her answers so far. We let this procedure question observers who are drawn from the real curves, and
# compare it with three others: strengths at random, the usual staircase of psychoacoustics, and a Bayesian procedure
# that chooses the most telling question.

# %% tags=["hide-input"]
people_figures.figure_2(study.one("people"))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
people_tables.trials(study.one("people"))

# %% [markdown]
# {doc}`listening_jnd` asks *you* by the same procedure, and shows your threshold on the curve of the paper's listeners.
#
# ## Table 1: the perturbations
#
# Thirteen ways to change a sound, each with a level from 0 to 100.

# %% tags=["hide-input"]
sound_figures.table_1_measured(study.one("perturbations"))

# %% tags=["hide-input"]
for category in sound_figures.CATEGORIES:
    display(sound_figures.table_1_player(category, study.synthetic))

# %% [markdown]
# The released code differs from the paper's table in many places.

# %% tags=["hide-input"]
people_tables.paper_and_code()

# %% [markdown]
# ## The metric
#
# Both sounds go through the same network $F$ of 14 convolutions with 3 taps, each with batch normalisation and a leaky
# rectifier; all but the last halve the length. The distance is
#
# $$ D(x, y) = \sum_l \frac{1}{T_l C_l} \lVert w_l \odot (F_l(x) - F_l(y)) \rVert_1 $$
#
# with a weight $w_l$ for each channel. A tiny classifier maps $D$ to the answer that people gave, and the binary
# cross-entropy is minimised. There are four ways to get there: *pre* takes a network that was trained to classify
# sounds, with all weights 1; *lin* learns the weights $w_l$ on it; *fin* learns all of it further; *scratch* learns
# everything from the judgements.

# %%
# NBVAL_CHECK_OUTPUT
JNDNetwork()

# %% [markdown]
# ### The released metric
#
# The authors' weights are here, read from their checkpoints without TensorFlow. For their own sample sounds they give
# their own numbers.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
page.known_answers(study)

# %% [markdown]
# It has surprises, which come from its normalisation: mean and variance are taken over the two sounds *as they are
# used*, one by one. So whatever is the same everywhere in a sound is lost, its level first of all.

# %% tags=["hide-input"]
surprises.table(study)

# %% tags=["hide-input"]
surprises.player(study)

# %% [markdown]
# ## The run
#
# We train all four ways on the rendered judgements at 16 kHz, and a fifth that is *fit for use*: its normalisation
# takes both sounds of a pair together, so that they do not depend on a batch and keep their difference in level. The
# paper's task for *pre* was to tell scenes and household sounds apart; ours is to tell 227 speakers apart.

# %% tags=["hide-input"]
page.told(study)

# %% tags=["hide-input"]
held_out_figures.learning_curves(study)

# %% [markdown]
# ## Does it predict what people answer?
#
# Floor first: a logistic regression on the *levels* of both sounds. It never hears anything, and it is what a metric
# has to beat.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
held_out_tables.held_out(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
held_out_tables.others(study)

# %% tags=["hide-input"]
held_out_figures.by_list(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
held_out_tables.by_list(study)

# %% [markdown]
# ### Is it calibrated?

# %% tags=["hide-input"]
held_out_figures.calibration(study)

# %% [markdown]
# ### Delay and level
#
# In training, half of the batches get 0.25 s of silence, at the beginning or the end of each sound. That should
# teach the network to ignore a delay.

# %% tags=["hide-input"]
held_out_figures.robustness(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
held_out_tables.delays(study)

# %% [markdown]
# ## Figure 1: noise or a narrow band?
#
# The paper opens with a pair: the same speech with white noise, and without its high frequencies. Which one is nearer
# to the original?

# %% tags=["hide-input"]
sound_figures.noise_or_band_figure(study.one("noise_or_band"))

# %% tags=["hide-input"]
sound_figures.noise_or_band_player(study.synthetic)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
sound_figures.noise_or_band_table(study.one("noise_or_band"))

# %% [markdown]
# ## Table 2: agreement with listeners
#
# The paper's three listening tests are not public. A real one that is holds 16 utterances in nine versions of speech
# codecs, rated by 21 listeners {cite:p}`stahl2024`. We do what the paper does: correlations per speaker, and the share
# of pairs of conditions of which a measure says, as the majority of listeners does, which one is nearer to the
# reference. The last column is the paper's fourth test, made again: two perturbations of one recording, of which real
# people's curves say which one fewer would hear.

# %% tags=["hide-input"]
agreement_figure.agreement_figure(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.table_2(study, side_by_side.kept())

# %% [markdown]
# ## Paper and here

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
claims_table(claims.judge("jnd_loss", study.measurements, study.profile))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
statements_table(claims.judge_ours("jnd_loss", study.measurements, study.profile))

# %% [markdown]
# ### What explains the differences
#
# This section is about the published runs. If you ran the chapter yourself, trust your tables first.
#
# *The people.* What the paper says of its listeners comes out: balanced answers, and about as much agreement of a
# listener with herself. Its model of them does not. One Gaussian fits no list, because listeners differ from each other
# more than one listener's answers scatter. A population of listeners, each with her own threshold, describes the lists
# far better, though not perfectly. This matters for a metric: where one half of all people hear a difference and the
# other half do not, no metric can predict an answer without knowing who was asked.
#
# *The judgements.* Everything that hears the two sounds predicts about the same share of answers: our four trainings,
# the same network untrained, the released weights, and a plain log-spectral distance. The levels alone predict more. We
# think that the reason is the way in which the judgements were made. In each list one strength is changed, and the
# strength decides nearly everything about the answer. The levels tell it exactly. A distance has to guess it from the
# sound, whose words and voice move it too. What the network could add is how *this* piece of speech hides *this* noise.
# Our substitutes cannot show that fully, since the listeners heard other sentences; but the released network was
# trained on the right ones, and does no better here. The curves of our trainings are flat for their second half, so
# a longer one of the same kind would not change much.
#
# *The listening test.* Good codecs of today make speech anew and keep no waveform. The perturbations of the paper keep
# it: noise is added, a codec quantises, a room rings on, and the rest of the sound stays in its place to the sample. So
# a network can learn to subtract two waveforms, and it seems to. The figure on delay shows it: 10 ms are more to it
# than most of the differences that people heard. The silence in training helps little, because half of the padded pairs
# stay in step, and the others are 0.25 s apart, which is more than anything the network could align.
#
# *Level.* The normalisation in each layer takes the level of a whole sound away, in both released and retrained
# metrics. The one that is fit for use normalises both sounds of a pair together. It hears level, costs as much, and
# predicts nearly as many answers as the others. For a loss that is the smaller risk: a model trained with the released
# metric may answer at any level.
#
# ## Your turn
#
# Two sounds of yours, for instance a recording and what a codec made of it:
#
# ```bash
# python -m paper_code.jnd_loss.compare original.wav decoded.wav
# papermill book/jnd_loss.ipynb out.ipynb -p reference original.wav -p audio decoded.wav
# ```

# %% tags=["hide-input"]
page.own_pair(audio, reference)

# %% [markdown]
# In a live notebook these controls compute again:

# %% tags=["hide-input", "recordings"]
live.far(study)

# %% [markdown]
# To use the metric in your own training:
#
# ```python
# from paper_code.losses import make_loss
#
# loss = make_loss("jnd")  # the released metric, 22,050 Hz; make_loss("jnd", metric="fit_for_use") is ours, 16 kHz
# loss(estimate, reference).backward()  # both [batch, time]
# ```
#
# {doc}`jnd_denoiser` trains a speech enhancer with it, as the paper does.
#
# ## How this page was made

# %% tags=["hide-input"]
pages.record(study.results)
