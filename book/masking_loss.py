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
# # A masking threshold as a loss
#
# *After {cite:t}`byun2021`.*
#
# A loud sound hides softer sounds that lie near it in frequency. Audio coders have used this for thirty years: they put
# their noise where the sound masks it. A neural coder that learns from the squared error knows nothing of masking. It
# makes the noise small, wherever the noise lies. The authors compute for every frame the threshold below which noise is
# hidden, and the coder learns from the noise that rises above this threshold.

# %% tags=["parameters", "hide-input"]
profile = "published"  # or smoke, small, full: computed where missing
seed = 0  # the run you hear, where it has that coder; numbers are over all seeds
device = "auto"  # auto, cpu or cuda
audio = ""  # a file of speech of yours, for "Your turn"
output = ""  # folder for results; default _build/results
bitrate = 20  # kb/s, for "Your turn": 13, 20 or 24
ratings = ""  # a file with ratings of the MUSHRA test, or a folder of such files

# %% tags=["remove-cell"]
from IPython.display import Markdown, display

from paper_code.display import frame_walker, pages, players
from paper_code.display.verdicts import claims_table, statements_table
from paper_code.hearing import MaskingModel
from paper_code.lab import claims
from paper_code.masking_loss import (
    charts,
    figures,
    hearing_figures,
    listening,
    live,
    own,
    real_listeners,
    setting_tables,
    tables,
)
from paper_code.masking_loss.answer import answer
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.objective import TotalLoss
from paper_code.masking_loss.configs import sized
from paper_code.masking_loss.loss import LogMelLoss, MaskingLoss
from paper_code.masking_loss.pmsqe import PMSQE
from paper_code.masking_loss.study import open_study

NOT_SWEPT = (
    "*Only the profile full trains coders with another gamma and other scales. An earlier version of this page had one "
    "short training of each: they differed by less than two seeds of one of them do.*"
)

players.activate()
frame_walker.activate()

# %% tags=["hide-input"]
study = open_study(profile, seed, device, output)
answer(study)

# %% tags=["hide-input"]
figures.first_player(study)

# %% tags=["hide-input"]
if study.synthetic:
    display(
        Markdown(
            ":::{warning}\nNo recordings were found. Every sound on this page was **made by the built-in "
            "synthesiser**, and its numbers say nothing about real speech.\n:::"
        )
    )

# %% [markdown]
# ## The data
#
# The paper used read sentences of TIMIT, which is sold under licence. We use free recordings of people who read books.
# No speaker appears on two sides. The test speakers come from LibriSpeech's part "other", which speech recognisers find
# harder.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
setting_tables.recordings()

# %% [markdown]
# Every utterance is divided by its largest sample, as we read the paper's "minmax normalization".
#
# These recordings were made at home, with the noise of a room, and there are fewer of them to learn from than in the
# paper. So compare the coders with each other and with AMR-WB, and do not compare single numbers with the paper's.
#
# ## The method
#
# ### What a sound hides
#
# Psychoacoustic model 1 of MPEG-1 {cite:p}`spanias2007` looks at one frame at a time. It finds the tones and, in each
# critical band, the noise that is left. Each of them is a masker: it hides weaker sounds nearby, more of them above its
# own frequency than below, and noise hides more than a tone does. All maskers and the threshold in quiet add up to the
# global masking threshold $T$.
#
# :::{dropdown} The formulas of model 1
# Frequencies are on the Bark scale, and nothing is heard below the threshold in quiet ($f$ in Hz, $T_q$ in dB):
#
# $$ z(f) = 13\arctan(0.00076 f) + 3.5\arctan\left((f/7500)^2\right), $$
#
# $$ T_q(f) = 3.64\left(\tfrac{f}{1000}\right)^{-0.8} - 6.5\,e^{-0.6\left(\frac{f}{1000} - 3.3\right)^2}
#    + 10^{-3}\left(\tfrac{f}{1000}\right)^4. $$
#
# Take a masker of level $P$ at $z_m$. At a distance of $\Delta z$ Bark it hides what is below $P - 0.275 z_m - 6.025 +
# S$ if it is a tone, and below $P - 0.175 z_m - 2.025 + S$ if it is noise. The slopes are
#
# $$ S(\Delta z, P) = \begin{cases}
#    17\Delta z - 0.4P + 11 & -3 \le \Delta z < -1 \\
#    (0.4P + 6)\Delta z & -1 \le \Delta z < 0 \\
#    -17\Delta z & 0 \le \Delta z < 1 \\
#    (0.15P - 17)\Delta z - 0.15P & 1 \le \Delta z < 8,
#    \end{cases} $$
#
# steep below the masker, flat above it, and flatter the louder it is. The powers of all of these and of $T_q$ add up.
# :::
#
# The threshold depends on how loud the speech is played. Here full scale is 90.3 dB SPL, so that one step of 16 bits is
# 0 dB. If you play the speech louder, you hear more of the noise than the model says.

# %%
model = MaskingModel(sample_rate=16000, frame_length=512)

# %% tags=["hide-input", "recordings"]
hearing_figures.threshold(study)

# %% [markdown]
# The same works with any sound: `hearing.masking_threshold(waveform)`. It computes all frames at once, which is much
# faster than frame by frame ({doc}`reproduce` has the times).
#
# The paper leaves the details to a textbook, and this chapter follows the textbook. In the same year the paper's
# laboratory published code for speech enhancement that departs from it in five ways: a rectangular window;
# neighbourhoods of tones counted in lines that were meant for 44.1 kHz; the offset of tones for noise too; a lower
# threshold in quiet; and a spectrum without its factor 1/512. This is what each of them does to the threshold of the
# frame above:

# %% tags=["hide-input", "recordings"]
hearing_figures.laboratory_port(study)

# %% tags=["hide-input", "recordings"]
hearing_figures.deviations(study)

# %% [markdown]
# The last of the five is not a matter of taste. There the threshold came from a spectrum without the factor 1/512, and
# the noise from a power with that factor once instead of squared, so the two are 27 dB apart. The last column shows how
# much noise would then be left to hear. Plain slips of that code are left out here: a branch that never runs,
# frequencies one line too high, bands that share a line. The paper does not say which code its own runs used.
#
# ### The masking loss
#
# Let $X$ be the spectrum of the original frame, $Y$ that of the decoded one, $P$ the power, and $H_i$ the mel filters
# with 16, 32 and 64 bands (Eq. 1 and 2). The noise $P_n = |Y - X|^2$ and the threshold are compared in dB, and only
# what rises above the threshold counts (Eq. 3 and 4):
#
# $$ D^i = \max\left(10\log_{10} H_i P_n - 10\log_{10} H_i T,\; 0\right), $$
#
# $$ L_{nm} = \frac{1}{N}\sum_{i=1}^{N} \lVert w_i \odot D^i \rVert_1. $$
#
# The weights come from the perceptual entropy $E$: the number of bits that noise just below the threshold would cost.
# It is taken relative to the largest band (Eq. 5 and 6):
#
# $$ E_f = \log_2\left(2\frac{|\Re X_f|}{\sqrt{6 T_f}} + 1\right)
#    + \log_2\left(2\frac{|\Im X_f|}{\sqrt{6 T_f}} + 1\right), $$
#
# $$ w_i = \left(\frac{H_i E}{\max H_i E}\right)^\gamma. $$

# %%
masking_loss = MaskingLoss(sample_rate=16000, bands=(16, 32, 64), gamma=0.8, model=MaskingModel(16000, 512, 480))

# %% [markdown]
# In the trainings this loss, the squared error and the log-mel loss look at the coder's own frames, 512 samples every
# 480, after the frames were put together again. (PMSQE has frames of its own, every 256 samples.) The Hann window of
# the threshold is nearly 0 where two frames meet, so noise right at the joins weighs less than other noise.

# %% [markdown]
# ### What it is compared with
#
# The log-mel loss of {cite:t}`kankanahalli2018` compares logarithms of mel spectra. PMSQE {cite:p}`martindonas2018` is
# a differentiable form of the measure behind PESQ. The paper trained no coder with the squared error alone. We did,
# because otherwise one cannot tell what any of the three losses adds. The paper gives the log-mel loss four scales, and
# gives no weight for it or for PMSQE. Here both mel losses have the same three scales, so that they differ only in what
# they compare. The weights are the baseline's and our own.

# %%
log_mel_loss = LogMelLoss.three_scales()
pmsqe = PMSQE()

# %% [markdown]
# ### The coder
#
# Frames of 512 samples, which overlap by 32, go through a convolutional encoder to 256 numbers. Each number goes to one
# of 32 bins, and a decoder turns them into a frame again. The paper follows the coder of {cite:t}`kankanahalli2018`.
# With the 64 channels of that coder it has about as many weights as the paper says, 1.5 million. (The paper speaks of
# bottlenecks. With the usual ones, which narrow to a few channels, the coder would have far fewer weights. So the
# blocks here are the baseline's.) This is the coder of the profile *full*.

# %%
# NBVAL_CHECK_OUTPUT
sum(weights.numel() for weights in SpeechCoder(width=64).parameters())

# %% [markdown]
# In training, a number $h_n$ goes to every bin $\beta_b$ a little, and more to a nearer one (section 2.2). The decoder
# gets $\sum_b a_{nb}\beta_b$. In use, the number goes to the nearest bin. The bins and their sharpness $\tau$ are
# trained with the network:
#
# $$ a_{nb} = \frac{e^{-\tau|h_n - \beta_b|}}{\sum_c e^{-\tau|h_n - \beta_c|}}, \qquad
#    p_b = \frac{1}{N}\sum_n a_{nb}. $$
#
# All of it learns together from (Eq. 7)
#
# $$ O = \alpha_1 L_{mse} + \alpha_2 L_c + \alpha_3 L_e + \alpha_4 L_{nm}, \qquad
#    L_c = \frac{1}{N}\sum_{n,b}\sqrt{a_{nb}} - 1, \qquad L_e = -\sum_b p_b\log_2 p_b. $$
#
# $L_c$ asks for a clear choice of a bin, and $L_e$ is the entropy of the symbols. There are 256 symbols in every 480
# samples at 16 kHz, so $L_e$ bits a symbol are $256 \cdot 16000 / 480 \cdot L_e$ bits a second. The training moves
# $\alpha_3$ until that rate is right.

# %%
objective = TotalLoss(sized("full", seed=0, loss="masking", bitrate=20.0))

# %% [markdown]
# :::{dropdown} Where the paper's formulas need an interpretation
# - *Signs.* In print the exponent of $a_{nb}$ lacks its minus; without it the farthest bin would win. The entropy has a
#   minus before a norm, which has already swallowed the sign of the logarithm; as printed, certainty would cost.
# - *$L_{mse}$* is printed as a sum of squares. But its weight 60 comes from a coder that used the root of the mean, and
#   so does ours.
# - *$\alpha_4$.* With the paper's 0.003, the masking loss is only a small part of the squared error's term when our
#   trainings begin, and a short training does not feel it. So the profiles smoke and small give it a weight of the size
#   of the squared error's term. PMSQE has a smaller one, and the log-mel loss a very small one: see what explains the
#   differences. A table below shows the terms at the start and at the end.
# - *PMSQE* first brings both sounds to one level. In a run of a few frames this would make a pause as loud as speech.
#   So in training all runs of a step share one level.
# :::
#
# The paper estimates bit rates from the entropy. Here each coder also writes a real file, with a range coder
# {cite:p}`bamler2022`. We measure and hear what comes out of that file again.
#
# ### What it has to beat
#
# Two coders on this page have no network. The first is the simplest one there is: an MDCT of 64 samples
# {cite:p}`princen1987`, the lower half of its lines, one size of step for all of them. It has as many symbols a frame
# as the paper's coder, the same distribution for all of them and the same entropy coder. Only its step is fitted to the
# rate. A network that loses to it has not learned to code.
#
# The second is what our short trainings start from. Its blocks are longer, of 120 samples with an overlap of 32
# {cite:p}`malvar1992`. Before a line is quantised it is divided by a power of the level around it, and the decoder
# finds that level in the numbers themselves {cite:p}`balle2016`:
#
# $$ y_k = \frac{c_k}{(e_k + \epsilon)^{b/2}}, \qquad e_k = \sum_j \omega_{j}\, c_{k+j}^2, \qquad b = 0.4. $$
#
# So loud parts of the spectrum get larger steps, and the noise follows the sound. No loss and no recording has a part
# in this start, except that its step is found for the rate.

# %%
transform = SpeechCoder(width=0, start="lapped")

# %% [markdown]
# ## The run

# %% tags=["hide-input"]
display(Markdown(setting_tables.summary(study)))
setting_tables.settings(study)

# %% [markdown]
# :::{dropdown} How a short training begins
# A short training cannot begin at random. With its baseline's start (He's) the output is thousands of times too strong,
# and most of the steps would go into making it small. So in the profiles smoke and small a network stands beside the
# transform of the last section, and at first adds nothing to it. It takes 16 neighbouring samples at a time, as
# channels, which makes the same blocks much cheaper. It has no offsets: silence stays silence. The exponents, weights
# and gains of the transform's normalisation are trained with it.
#
# The first trainings of this kind failed in three ways, which tell what matters. *The soft quantiser.* With the paper's
# soft assignment and its penalty $L_c$, the rate fell by a quarter within some hundred steps, whatever $\alpha_3$ did.
# Now a number becomes its bin in training, as in use, and only the gradient is that of the soft mean
# {cite:p}`mentzer2018`. *The control.* $\alpha_3$ moved the rate late and then too far. Now the size of the steps is
# moved, and $\alpha_3$ stays. *The bins.* With 32 bins loud sounds are coded coarsely, which cost more than any loss
# brought; 64 are used. The paper does not give their number.
#
# Learning rate and weights of the profile small were chosen in some ten trials of the masking coder on the validation
# speakers. All coders share the rate.
# :::

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
display(Markdown(setting_tables.cost_of_full(study)))

# %% [markdown]
# `make book PROFILE=full` trains as many coders at a time as there are processor cores. Each resumes where it was
# interrupted.

# %% tags=["hide-input"]
charts.training(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
setting_tables.terms(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
setting_tables.runs(study)

# %% [markdown]
# ## Section 4.1: gamma and the scales

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
display(tables.sweeps(study) if len(study.swept) > 1 else Markdown(NOT_SWEPT))

# %% [markdown]
# One number of the paper deserves a second look. The text gives 4.175 as its best PESQ on the *validation* set. Table 1
# gives the same number as the PESQ on the *test* set at 20 kb/s. Two different sets agree in three decimals only by
# chance, or one of them was reported twice.

# %% [markdown]
# ## Table 1: bit rate, PESQ, SNR
#
# AMR-WB {cite:p}`bessette2002` went through the real encoder, and its delay is taken off. It has nine fixed bit rates,
# of which three lie near those of our coders. *MDCT* and *untrained* are the two transforms. PESQ predicts the score
# that listeners would give, from 1 to 4.64.

# %% tags=["hide-input"]
charts.paper_and_here(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.table_1(study)

# %% tags=["hide-input"]
Markdown(tables.rates_of_utterances(study))

# %% [markdown]
# ### PEASS
#
# The paper adds scores of PEASS {cite:p}`emiya2011`, which was made for the separation of sources. They say how strong
# the artefacts are (APS), how strong the interference is (IPS), and how good the whole is (OPS). PEASS is slow, so it was
# asked about few utterances, of one seed: do not read an order of our coders into it.

# %% tags=["hide-input"]
charts.peass(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.table_1_peass(study)

# %% [markdown]
# ### What the loss is for
#
# The paper shows the noise of one frame. Here is all of it: in how many cells of the spectrogram the noise is above the
# threshold, and by how much.

# %% tags=["hide-input"]
charts.by_rate(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.noise(study)

# %% [markdown]
# Utterances differ more than coders do, so we also compare the coders utterance by utterance.

# %% tags=["hide-input"]
charts.differences(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.differences(study)

# %% [markdown]
# Each loss can also judge the coders that were trained with the others. A coder should at least win by its own loss:

# %% tags=["hide-input"]
charts.losses(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.losses(study)

# %% [markdown]
# ### How much of it is chance
#
# Another start or another order of the speech gives another coder. So each coder of Table 1 was trained with three
# seeds. Their scores in Table 1, and in the tables of noise, differences and losses, are means over the three. PEASS
# was asked about the first seed alone.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.repeated(study)

# %% [markdown]
# A difference between two losses counts only if it is larger than what a seed does to one of them. Seeds differ by
# little here: all coders begin as the same transform, and only the start of their network and the order of the speech
# change.

# %% [markdown]
# ### What more steps bring

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
display(tables.longer(study) if study.longer else Markdown("*The profile full has no longer trainings.*"))

# %% tags=["hide-input"]
display(*([charts.longer(study)] if study.longer else []))

# %% [markdown]
# Each loss asks for something of its own, and more steps bring more of that. Whether PESQ rises with it is another
# question: PESQ is nobody's loss here but, nearly, that of PMSQE. We do not know where a full training would end.

# %% [markdown]
# ## Figure 3: noise and threshold

# %% tags=["hide-input"]
figures.figure_3(study)

# %% [markdown]
# One frame can be chosen to show anything. So here are its neighbours, and below them the whole utterance to hear:

# %% tags=["hide-input"]
figures.walk(study)

# %% tags=["hide-input"]
figures.player(study, study.heard[0])

# %% [markdown]
# ## Figure 4: spectrograms

# %% tags=["hide-input", "recordings"]
figures.figure_4(study)

# %% tags=["hide-input"]
display(*(figures.player(study, study.heard[0], rate) for rate in (13, 24)))

# %% [markdown]
# The two players above hold the same utterance at the other two rates. Here are more voices, at 20 kb/s:

# %% tags=["hide-input"]
display(*(figures.player(study, name) for name in study.heard[1:]))

# %% [markdown]
# ## Figure 2: what listeners said
#
# In a MUSHRA test {cite:p}`bs1534` listeners rate all versions of a sound side by side from 0 to 100. The original is
# hidden among them.

# %% tags=["hide-input"]
display(Markdown(listening.about()))

# %% tags=["hide-input"]
heard = listening.read_ratings(study, ratings)
listening.figure_2(heard)

# %% tags=["hide-input"]
display(Markdown(listening.screening(heard)), *listening.tables(heard))

# %% [markdown]
# {doc}`listening_speech` is that test, with the coders of this page. At the end it gives you a file of ratings. With
# `-p ratings folder` this page counts the files of a folder.
#
# ### The same analysis on a test with real listeners
#
# {cite:t}`stahl2024` published the ratings of 21 listeners of speech codecs, with the sounds. Here this page does with
# their ratings what it would do with ratings of its own coders.

# %% tags=["hide-input", "recordings"]
real_listeners.figure()

# %% tags=["hide-input", "recordings"]
display(Markdown(real_listeners.screening()))

# %% tags=["hide-input", "recordings"]
real_listeners.means_table()

# %% tags=["hide-input", "recordings"]
real_listeners.differences_table()

# %% tags=["hide-input"]
real_listeners.player()

# %% [markdown]
# ## Paper and here
#
# This is what the paper claims. The limits were set before anyone looked at the runs. A few claims were added after a
# first, shorter training was known; each of these says so.
#
# *Reproduced* means that the whole 95 % interval over seeds lies on the claimed side. *Trend only* means that only the
# mean does, or that there is one seed, as for PEASS. *Not run at this size* marks what only a training of the paper's
# length or the profile full could give. AMR-WB and the transforms do not depend on a seed, so one measurement of them
# holds for every seed. What listeners said cannot be tested without listeners.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
claims_table(claims.judge("masking_loss", study.measurements, study.profile))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
statements_table(claims.judge_ours("masking_loss", study.measurements, study.profile))

# %% [markdown]
# ### What explains the differences
#
# This section is about the published runs. If you ran the chapter yourself, trust your tables first.
#
# *What changed since the first version of this page.* Its coders lost to the MDCT of Table 1 by most of a point of
# PESQ: they had not learned to code. They began as every second sample of the lower half of the band, learned with the
# paper's soft quantiser and its control of the rate, and had 32 bins. Four times as many steps helped less than the
# start does now. What we learned then still holds: in a short training the start, the quantiser and the weights decide
# more than the loss.
#
# *What the start does, and what training adds.* The largest step in Table 1 is from the MDCT to the untrained coder. It
# lets the noise follow the spectrum, which is what a masking threshold asks for too. Training adds what its loss asks
# for. At 13 kb/s every loss raises PESQ, PMSQE the most; at 20 kb/s PMSQE and the masking loss do; at 24 kb/s the
# masking loss alone. The squared error and the log-mel loss then lower it: they gain by their own measure, or by the
# mean over frames, and give up what the start knew of hearing. In no case does the network find a better transform by
# itself in so few steps; a network with the paper's 150 epochs may.
#
# *What the masking loss does.* At each rate its coder has noise above the threshold in fewer cells than all our others,
# and by fewer dB, whatever the seed. At 13 kb/s it pays for that with signal-to-noise ratio; at 20 and 24 kb/s it has
# the best of the trained coders. AMR-WB gives up the waveform for exactly this purpose. The masking coder has a little
# less of such noise at 13 and 24 kb/s, and a little more at 20, in files that are a few per cent larger; trained four
# times as long, it has less at 20, too. In PESQ and PEASS AMR-WB is still ahead of all our coders: it models the voice,
# which none of them does.
#
# *The band above 4 kHz.* None of our coders sends it: the transform keeps the lower half of the lines, and only the
# network can make something up. The squared error and the masking loss hardly ask for it: where the original is only a
# few dB above the threshold, leaving it out costs only these few dB. The log-mel loss asks how loud the band is, not
# what is in it. As large as the squared error when a training begins, it filled the band with noise, and its coder fell
# behind the MDCT in PESQ. So here it has a very small weight, and is not even the best by its own measure. The paper
# calls such noise spectral artefacts, and says that its own coder keeps the high frequencies. Ours does not.
#
# *PESQ and PMSQE.* In the paper PMSQE leads at every rate, here at 13 kb/s alone, though its own measure is the lowest
# of all coders at every rate: the training did what it was asked to. It learns from runs of a few frames, in which its
# model of loudness sees less than PESQ does of a sentence, and its trainings differ more from seed to seed than the
# others.
#
# *The bit rates* were controlled on frames of the training speakers. The test utterances are the shorter ones, with
# fewer pauses, and take a few per cent more: the table of trainings has the first rate, Table 1 the second. This is so
# for the transforms as well. Compare the differences in noise with those between rates.
#
# *The weights* decide much. The threshold of model 1 often lies only a few dB below the sound, and the masking loss
# does not ask for less noise than that. In an early training we gave it a far larger weight, as its laboratory's sum
# over a mini-batch suggests. Within a hundred steps the noise rose towards the threshold, and the coder lost several dB
# of its signal-to-noise ratio. The paper's coders all have nearly the same signal-to-noise ratio, which speaks for a
# small weight.

# %% tags=["hide-input"]
display(Markdown(f"*The listeners.* The paper's main result is what seven people said. {listening.asked(heard)}"))

# %% [markdown]
# ## Your turn
#
# Put noise under speech, or send it through one of the coders, and look at what the speech hides. In Jupyter you choose
# the utterance, the noise, its level and the frame; this page shows one choice.

# %% tags=["hide-input", "recordings"]
live.hides(study)

# %% [markdown]
# The slider above works on this page as it is. To hear the coders code your own voice:
#
# ```bash
# papermill book/masking_loss.ipynb out.ipynb -p audio my.wav -p bitrate 20
# ```

# %% tags=["hide-input"]
if audio:
    mine = own.through(study, audio, bitrate)
    display(own.player(mine), own.scores(mine))
else:
    display(Markdown("*No speech of your own was given to this run.*"))

# %% [markdown]
# The coders come with the repository, rounded to half precision, and write real files:
#
# ```bash
# python -m paper_code.masking_loss.code_speech encode my.wav my.pmlc --loss masking --rate 20
# python -m paper_code.masking_loss.code_speech decode my.pmlc back.wav
# ```
#
# To use the loss in your own training (estimate and reference must be aligned to the sample):
#
# ```python
# from paper_code.masking_loss.loss import MaskingLoss
#
# loss = MaskingLoss(sample_rate=16000)
# loss(estimate, reference).backward()  # both [batch, time], in [-1, 1]
# ```
#
# ## How this page was made
#
# The runs of one seed. {doc}`provenance` has all of them.

# %% tags=["hide-input"]
pages.record([result for result in study.results if result.seed == study.results[0].seed])
