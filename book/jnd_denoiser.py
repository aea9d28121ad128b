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
# # A learned metric as a loss: speech without noise
#
# *After {cite:t}`manocha2020`, section 4.2 and Figure 3.*
#
# A network takes the noise out of speech. What it is trained with decides which faults it makes: the plain difference of
# waveforms, the features of a network that learned to classify sounds {cite:p}`germain2018`, or the metric of
# {doc}`jnd_loss`, which learned from what people can just hear. The paper asked people, and they preferred the third.

# %% tags=["parameters", "hide-input"]
profile = "published"  # or smoke, small, full: computed where missing
seed = 0  # the trainings you hear; numbers are over all seeds
device = "auto"  # auto, cpu or cuda
audio = ""  # a sound file of yours, to be denoised in "Your turn"
answers = ""  # a folder with answers to the listening test
output = ""  # folder for results; default _build/results

# %% tags=["remove-cell"]
from IPython.display import Markdown, display

from paper_code.display import pages, players
from paper_code.display.verdicts import claims_table, statements_table
from paper_code.jnd_loss.enhancement import figures, listening, page, scores, tables
from paper_code.jnd_loss.enhancement.answer import answer
from paper_code.jnd_loss.enhancement.study import open_study
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
# The paper trains on VoiceBank-DEMAND: 11,572 sentences of 28 speakers in ten kinds of noise. Only 25 pairs of its test
# set are at hand. They are our **test**, and nothing here was trained or tuned on them. The released denoisers of both
# papers were trained on the other 28 speakers with noises of the same collection, so this test is closer to their training
# than to ours.
#
# Our trainings hear LibriSpeech, read by other people, with what noise there is: three recordings, a babble of three to
# eight other talkers, and coloured noise that swells and fades. Three in ten mixtures are in a room, that is a made impulse
# response; the wanted speech is then in that room too. No speaker and no second of a recording is on two sides. The car
# horn, dog and thunder of ESC-50 were left out, because their licence forbids commercial use.

# %% tags=["hide-input"]
if study.synthetic:
    display(
        Markdown(
            ":::{warning}\nNo recordings were found. Every sound on this page was **made by the built-in "
            "synthesiser**, and its numbers say nothing about real speech.\n:::"
        )
    )
tables.data()

# %% [markdown]
# ## The method
#
# ### The denoiser
#
# Fourteen convolutions of three taps, whose taps lie 1, 2, 4 … 4096 samples apart, and a last one of one tap. The network
# sees 1.02 s around every sample. Each layer adds a part of its activations, and a part of them normalised:
#
# $$ y = \mathrm{leaky}\bigl(a\,x + b\,\mathrm{norm}(x)\bigr), \qquad a = 1,\; b = 0 \text{ at first.} $$
#
# ### Three losses
#
# With clean speech $s$, the denoiser's output $\hat s$ and the activations $F_l$ of a network's layer $l$ with weights
# $w_l$ of its channels:
#
# $$ L_1 = \overline{|\hat s - s|}, \qquad
#    L_\mathrm{deep} = \sum_{l=0}^{5} \lambda_l\, \overline{|F_l(\hat s) - F_l(s)|}, \qquad
#    L_\mathrm{JND} = \sum_{l=0}^{13} \overline{|w_l (F_l(\hat s) - F_l(s))|}. $$
#
# *Deep features.* {cite:t}`germain2018` compare the first six layers of a network that learned to classify scenes. We take
# the network that the JND paper calls *pre*, as its authors released it. Like Germain, we count all layers once until a
# warm-up ends (a thirty-second of the steps, as ten epochs are of 320), and then divide each by its mean in the warm-up.
#
# *JND.* All 14 layers are added, as the paper says. Two bugs of its released training code are not copied: it orders the
# features wrongly before it weights them, and it never loads the learned weights.
#
# Both metrics hear 22,050 Hz, so the sounds are resampled on their way. Both normalise every channel, so **they hardly
# notice the level of a sound**: nothing in these losses keeps the output as loud as the speech. The column *level* below
# tells what became of it.
#
# ### What needs no training
#
# Three floors: doing nothing, a Wiener filter, and the log-spectral amplitude estimator {cite:p}`ephraim1985`, on which the
# paper's baseline OMLSA is built. With the ratios $\xi$ (speech over noise, from the frame before) and $\gamma$ (what is
# measured over noise), their gains are
#
# $$ G_\mathrm{Wiener} = \frac{\xi}{1+\xi}, \qquad
#    G_\mathrm{log} = \frac{\xi}{1+\xi}\exp\Bigl(\tfrac12 \int_v^\infty \tfrac{e^{-t}}{t}\,dt\Bigr), \quad
#    v = \frac{\xi\gamma}{1+\xi}. $$
#
# The noise is followed by an estimator that waits where speech is likely {cite:p}`gerkmann2012`. All constants are those of
# the papers.
#
# ## The run

# %% tags=["hide-input"]
page.told(study)

# %% tags=["hide-input"]
tables.settings(study)

# %% [markdown]
# A short training cannot repair a bad start. The authors' networks start at random and give noise at first. So before we
# trained, we compared three starts: *random*; *identity*, where two channels carry the signal and its negative through all
# layers; and *subtraction*, where the layers tell the noise, which is taken from the input, beginning with none. We chose
# identity, because it needs no change of the network; an identity is also in Germain's code, but not used there.

# %% tags=["hide-input"]
page.starts(study)

# %% tags=["hide-input"]
figures.learning_curves(study)

# %% [markdown]
# ## All methods on one test

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.overall(study)

# %% tags=["hide-input"]
figures.by_difficulty(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.by_group(study, "pesq")

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.by_group(study, "stoi")

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.by_group(study, "si_snr")

# %% [markdown]
# And on mixtures like those of our trainings, with speakers, noise and a recording that they did not hear:

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.overall(study, "mixtures")

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.by_kind(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.seeds(study)

# %% [markdown]
# ## Figure 3: who is preferred?
#
# The paper's figure shows votes. On 600 noisy recordings, 15 people a pair said whether they preferred the paper's denoiser
# or a baseline: Wavenet, OMLSA, a Wiener filter, and Germain's deep features. The paper reports that theirs was preferred
# over every baseline at every level of noise, and over deep features most clearly where there was little noise.
#
# We cannot ask 15 people here. What stands below is a **prediction**: for every utterance, the sound that a measure finds
# nearer to the clean speech counts as the preferred one. First the released denoiser of the paper, then our own trainings.

# %% tags=["hide-input"]
figures.figure_3(study, "manocha")

# %% tags=["hide-input"]
figures.figure_3(study, "jnd")

# %% [markdown]
# A hard and an easy utterance, through everything:

# %% tags=["hide-input"]
page.player(study, scores.GROUPS[0])

# %% tags=["hide-input"]
page.player(study, scores.GROUPS[-1])

# %% [markdown]
# ### With people
#
# The test itself is a page: {doc}`listening_denoiser`. Put the answers of all listeners into a folder
# (`-p answers folder`), and they are counted here.

# %% tags=["hide-input"]
listening.preferences(study, listening.read_answers(study, answers))

# %% [markdown]
# ## Paper and here

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
claims_table(claims.judge("jnd_denoiser", study.measurements, study.profile))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
statements_table(claims.judge_ours("jnd_denoiser", study.measurements, study.profile))

# %% [markdown]
# ### What explains the differences
#
# This section is about the published runs. If you ran the chapter yourself, trust your tables first.
#
# *The released denoisers.* By PESQ the order of the paper holds: the denoiser trained with the metric is above the one
# trained with deep features, in all groups but the hardest, and most clearly where there is little noise, as the paper
# says. By STOI and SI-SNR the two are alike. So the votes of the paper's listeners are plausible. Both are far below
# CMGAN, a network of two years later.
#
# *Another kind of noise.* On our mixtures the same two networks do harm. They learned from ten noises of one collection at
# 0 to 15 dB, and from speech without a room. The level of what they give falls: they take speech away with the noise. The
# fixed rules know nothing and lose nothing. A test on the corpus of the training does not show this.
#
# *Our trainings.* A denoiser on raw samples needs a long training. The paper's saw millions of files. Ours saw 1200 crops
# of two seconds, with a quarter of the channels. What such a training learns first brings artefacts that PESQ minds more
# than the noise. So our three numbers tell little about the three losses. Three things they do tell. The plain difference
# makes speech softer: where the noise is strong, too little costs less than something wrong. A loss that normalises its
# channels does not hold the level: look at the column *level*. The released denoiser has kept its level all the
# same; why, its loss does not explain. And deep features are the easier loss to begin with: their denoiser takes away noise
# in these few steps, while that of the JND loss ends no nearer to the clean speech by its own distance than it began.
#
# *Why is the JND loss hard to begin with?* Its gradient comes mostly from the last layers, which have a frame every
# 0.37 s; it is large and changes from crop to crop. We clip gradients to a norm of 1, which keeps the training in one
# piece, but not on course. The short training from the same start, whose learning rate falls after a few steps, ends nearer
# to the clean speech than the long one. So we think that our rate, five times the paper's, is too high for this loss; it
# was tuned for none of the three. Germain's loss has only the first six layers, and divides each by its mean.
#
# *What the predictions are worth.* The JND distance prefers what was trained with it. PESQ had no part in any training. In
# Table 2 of the paper it orders pairs well, and agrees with ratings less than the metric does. Only people can settle
# Figure 3.
#
# ## Your turn
#
# A sound file of yours (`-p audio my.wav`) is denoised here, its first half minute:
#
# ```bash
# papermill book/jnd_denoiser.ipynb out.ipynb -p audio my.wav
# ```
#
# Files of any length, rate and number of channels are denoised from the command line. Memory does not grow with the length:
#
# ```bash
# python -m paper_code.jnd_loss.denoise noisy.wav out.wav --method manocha
# ```
#
# The methods are `germain`, `manocha`, `jnd`, `l1`, `deep`, `wiener` and `logmmse`. The result is at 16 kHz. To train all
# denoisers again, at the size shown or at the full one:
#
# ```bash
# python -m paper_code.lab.run jnd_denoiser --profile full --all-seeds
# ```

# %% tags=["hide-input"]
display(page.own_sound(study, audio) if audio else Markdown("*No recording of your own was given to this run.*"))

# %% [markdown]
# ## How this page was made

# %% tags=["hide-input"]
pages.record(study.results)
