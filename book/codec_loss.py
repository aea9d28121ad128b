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
# # A codec as a loss
#
# *After {cite:t}`ananthabhotla2019`.*
#
# An MP3 encoder knows what we do not hear: at a low bit rate it leaves out whatever the rest of the sound masks. So
# let two sounds go through the encoder before they are compared, and a network that learns from the comparison need
# not care for what nobody hears. An encoder has no gradient; therefore the authors train one network to imitate it,
# and with that network, frozen, they train another. Their question: does it sound better than with a plain L1 loss?

# %% tags=["parameters"]
profile = "published"  # or smoke, small, full: computed where missing
seed = 0  # the run you hear; numbers are over all seeds
device = "auto"  # auto, cpu or cuda
audio = ""  # a sound file of yours, for "Your turn"
output = ""  # folder for results; default _build/results
codec = "mp3"  # or aac, opus, vorbis, amr_wb: trains the loss networks for it
bitrate = 16  # kb/s; Models A to D keep the released networks (MP3, 16 kb/s)
answers = ""  # a file with answers to the A/B test, or a folder of such files

# %% tags=["remove-cell"]
from IPython.display import Markdown, display

from paper_code.codec_loss import charts, figures, listening, own, setting_tables, tables
from paper_code.codec_loss.loss import CodecLoss, MagnitudeLoss, TimeCodecLoss
from paper_code.codec_loss.networks import EncoderNetwork, SpectrogramUNet, TimeUNet, parameter_count
from paper_code.codec_loss.study import open_study
from paper_code.codec_loss.tracks import FIGURES, TRACKS
from paper_code.display import pages, players
from paper_code.display.verdicts import claims_table, statements_table
from paper_code.lab import claims

players.activate()

# %% tags=["hide-input"]
study = open_study(profile, seed, device, output, codec, bitrate)
figures.first_player(study)

# %% tags=["hide-input"]
if study.synthetic:
    display(
        Markdown(
            ":::{warning}\nNo recordings were to be had: every sound on this page was **made by the built-in "
            "synthesiser**, and its numbers say nothing about real sounds.\n:::"
        )
    )
if study.others:
    display(
        Markdown(
            f":::{{note}}\nThe loss networks on this page imitate **{study.codec.title}**. Models A to D and the claims "
            "are those of the paper's codec.\n:::"
        )
    )

# %% [markdown]
# ## The data
#
# The paper used 10,000 lossless tracks of a streaming service, which are private. Here free recordings stand in for
# them, most of them music.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
setting_tables.recordings()

# %% [markdown]
# As in the paper, everything is mixed to one channel and resampled to 16 kHz. What the choice changes: this is little
# material, so each training track is also used at six other speeds, at other levels, and now and then mixed with a
# second one, *before* it goes through the real encoder; every pair is a real one. The loss networks hear six more
# such versions, tilted towards the treble by up to 6 dB an octave and half the times with some white noise: in most of
# this music little happens above 4 kHz, where the codec's low-pass and most of its holes are. Much of the training
# music has been through a lossy codec before, at rates so high that at 16 kHz and 16 kb/s this hardly matters; the
# test recordings are lossless. A network that has heard half an hour of music knows less music than one that has
# heard 10,000 tracks: where it fails, this is the first suspect.
#
# ## The method
#
# ### The codec
#
# MP3 at 16 kb/s is LAME, through ffmpeg, as in the paper; the decoded sound is aligned to the sample. LAME also cuts
# off the treble, the earlier the lower the rate. The others come at no cost through the same door.

# %% tags=["hide-input"]
setting_tables.codecs(study)

# %% tags=["hide-input"]
charts.responses()

# %% [markdown]
# ### Networks that imitate it
#
# The paper has two. Both are U-Nets and learn, with an L1 loss, from pairs of original and coded sound. The first, after
# {cite:t}`jansson2017`, sees magnitude spectrograms of 512 bins and 128 frames; its output is a mask between 0 and 1
# times its input. The second sees waveforms of 16,384 samples. With the paper's number of filters they have this many
# weights:

# %%
# NBVAL_CHECK_OUTPUT
{network.__name__: parameter_count(network(32)) for network in (SpectrogramUNet, TimeUNet)}

# %% [markdown]
# The paper's Table 1 gives filters of the first layer only. The spectrogram network doubles them layer by layer, as the
# network does that it follows; the time-domain network adds as many each time, as {cite:t}`stoller2018` do, since
# doubling over eight layers would need more weights than the paper's graphics card held.
#
# Beside them stands a variant of ours. A convolution does the same in every bin, and so the spectrogram network has to
# guess where in the spectrum it is; but a codec's low-pass and its masking go by the frequency. The *frequency-aware*
# network is the spectrogram network with the frequency as a second input and a bias for each bin of its mask. It starts
# as the best fixed filter, and everything else is alike.
#
# ### The autoencoder
#
# Eight layers that halve the rate, eight that double it, and in the middle exactly half as many numbers as the sound has
# samples:

# %%
# NBVAL_CHECK_OUTPUT
encoder = EncoderNetwork(filters=12, bottleneck=128)
parameter_count(encoder), encoder.bottleneck / 256

# %% [markdown]
# The paper does not say how the weights start. With independent random ones (He, Glorot), and with upsampling by
# interpolation even when the decoder started as the encoder's transpose, every trial of ours with L1 soon fell to an
# output of silence. Silence is a trap for L1, since half of the error is gone when the network says nothing.
#
# So the network starts as what a good linear coder does. Of 256 samples that are limited to 3 kHz out of 8, little more
# than 96 numbers are free {cite:p}`slepian1978`, and the bottleneck has 128. Each layer joins two neighbouring blocks and
# keeps their strongest directions; the decoder is the transpose. As far as the channels go, they come in pairs of
# opposite sign, so that rectifying loses nothing {cite:p}`balduzzi2017`; beyond, a direction has one channel with an
# offset. All four models start from the same weights. (An earlier version of this page had pairs of channels
# throughout. Then the bottleneck holds 64 directions, the band above 2 kHz is lost from the start, and no training of
# ours brought it back: all models stayed at 14 dB.)

# %% tags=["hide-input"]
display(
    Markdown(
        "Before the first step, the five test tracks come back at {:.1f} dB. What is missing is bent by the "
        "tanh of the last layer: taken back, it would be {:.1f} dB.".format(*tables.start(study))
    )
)

# %% [markdown]
# ### Four losses
#
# With the sound $x$, the output $x_p$ and their magnitude spectrograms $S$ and $S_p$, **Model A** learns with plain L1,
# **Model B** adds the magnitudes:
#
# $$ L_A = \lVert x - x_p \rVert_1, \qquad
#    L_B = \lambda_a \lVert x - x_p \rVert_1 + \lambda_b \lVert S - S_p \rVert_1. $$

# %%
loss_b = MagnitudeLoss()

# %% [markdown]
# **Model C** compares what the spectrogram network $C^S$ leaves of them, and the activations $\phi_m$ of its layers,
#
# $$ L_C = \lambda_a \lVert x - x_p \rVert_1 + \lambda_b \lVert C^S(S) - C^S(S_p) \rVert_1
#    + \lambda_c \sum_m \lambda_m \lVert \phi_m(S) - \phi_m(S_p) \rVert_1, $$

# %%
loss_c = CodecLoss.pretrained()
loss_c.terms

# %% [markdown]
# and **Model D** does so with waveforms and the time-domain network $C^T$, without the first term:
#
# $$ L_D = \lambda_a \lVert C^T(x) - C^T(x_p) \rVert_1 + \lambda_b \sum_m \lambda_m \lVert \phi_m(x) - \phi_m(x_p)
#    \rVert_1. $$

# %%
loss_d = TimeCodecLoss.pretrained()
loss_d.terms

# %% [markdown]
# The paper gives none of the weights $\lambda$. Here every term, and within the features every layer, is divided by the
# size it has at the start of the training (measured at the first step and once more after 100), so that all count
# alike, the rule of {cite:t}`germain2018`. The loss networks are frozen and in evaluation mode.
#
# ## The run

# %% tags=["hide-input"]
display(Markdown(setting_tables.summary(study)))
setting_tables.settings(study)

# %% tags=["hide-input"]
charts.network_curves(study)

# %% tags=["hide-input"]
charts.model_curves(study)

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
setting_tables.runs(study)

# %% [markdown]
# ## Does it imitate the codec?
#
# ### Figure 2: three tracks
#
# The paper shows that the spectrogram network learns the low-pass *and* the gaps that masking tears into the
# spectrum, and the time-domain network a noisier version of it.

# %% tags=["hide-input"]
figures.figure_2(study)

# %% tags=["hide-input"]
display(*(figures.imitation_player(study, track) for track in FIGURES))

# %% [markdown]
# ### Measured
#
# The paper gives pictures, no numbers. A lazy network could learn the low-pass alone and look good on average, so
# each network stands here beside the best fixed filter, fitted to the training material, and beside doing nothing.
# A *hole* is a cell of the spectrogram below the cut-off and within 60 dB of the strongest one that comes out 20 dB
# or more weaker than it went in. *Precision*: how many of the network's holes are the codec's; *recall*: how many of the
# codec's holes the network has; *F1* is their harmonic mean. The row *gain per bin* is ours, too: each bin of the
# spectrogram network's output times one fixed number, fitted to the training material as the filter is.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.imitation(study)

# %% [markdown]
# The test recordings are of other kinds than the training music: solo instruments, percussion, loops. On unseen pieces
# of the kind it was trained on, the same network does better:

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.imitation(study, "validation")

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.waveforms(study)

# %% tags=["hide-input"]
charts.hole_ranking(study)

# %% tags=["hide-input"]
figures.where_the_holes_are(study)

# %% tags=["hide-input"]
charts.level_errors(study)

# %% [markdown]
# ## Does it make a better teacher?
#
# ### Table 3: signal-to-noise ratio
#
# The sounds are limited to 3 kHz, as in the paper. It found Model C slightly above the baselines, and D far below.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.table_3(study)

# %% [markdown]
# All models begin alike and learn from the same sounds; what differs is where in the sound their losses pull. The L1 of
# waveforms pulls at loud cells and at silence alike; a loss through a network that sees a logarithm may pull elsewhere:

# %% tags=["hide-input"]
tables.pulls(study)

# %% [markdown]
# ### Figure 4: what they sound like

# %% tags=["hide-input"]
figures.figure_4(study)

# %% tags=["hide-input"]
display(*(figures.model_player(study, track) for track in TRACKS))

# %% [markdown]
# ### Tables 4 and 5: what listeners said
#
# Fourteen people compared all pairs of five versions of five tracks. They called Model C better as often as the
# original, and Model A hardly ever.

# %% tags=["hide-input"]
listeners = listening.read_answers(study, answers)
listening.wins(listeners)

# %% tags=["hide-input"]
listening.ties(listeners)

# %% tags=["hide-input"]
display(Markdown(listening.arithmetic()))

# %% [markdown]
# {doc}`listening_codec` is the same test with our models: fifty comparisons, some fifteen minutes. At the end it gives
# you a file; with `-p answers folder` this page counts the files of a folder.
#
# ### Predictions
#
# No metric has listened. What two of them predict stands apart from what people said: PEASS
# {cite:p}`emiya2011`, trained on listening tests of source separation (0 to 100), and the log-spectral distance
# {cite:p}`gray1976`. For very bad sounds the overall score of PEASS is no longer monotone: it may rise as a sound
# gets worse.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.predictions(study)

# %% [markdown]
# ### Figure 5: broadband sounds
#
# With sounds limited to 5 kHz instead of 3, the paper saw Models B and C fill the spectrum with pulses that are heard
# as clicks, since a magnitude does not say when in a frame something happens; Model D did not click.

# %% tags=["hide-input"]
figures.figure_5(study)

# %% tags=["hide-input"]
display(*(figures.model_player(study, track, 5000) for track in FIGURES))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.clicks(study)

# %% [markdown]
# ### Section 8.2: aliasing
#
# The paper saw images of the band above it whenever it trained with the time-domain loss.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.aliasing(study)

# %% [markdown]
# ### What the loss costs

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
tables.cost(study)

# %% [markdown]
# ## Beyond the paper: the same loss and other rates
#
# A loss that has learned what MP3 leaves out at 16 kb/s should not mind what is left out at higher rates. Does it? Here
# one clip is coded at many rates, and each version compared with the original.

# %% tags=["hide-input"]
charts.losses_by_rate(study, FIGURES[0])

# %% [markdown]
# With the parameters `codec` and `bitrate` the loss networks are trained for another codec, and the imitation part of
# this page shows them:
#
# ```bash
# papermill book/codec_loss.ipynb out.ipynb -p codec opus -p bitrate 24 -p profile small
# ```
#
# ## Paper and here
#
# What the paper claims, with limits set before the runs were looked at; only the rows of Models A, B and D by the
# other reading of the ratio were added after Model A's was known. *Reproduced* means that the whole 95 % interval
# over seeds lies on the claimed side; *trend only*, that only the mean does, or that there is one seed.

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
claims_table(claims.judge("codec_loss", study.measurements, study.profile))

# %% tags=["hide-input"]
# NBVAL_CHECK_OUTPUT
statements_table(claims.judge_ours("codec_loss", study.measurements, study.profile))

# %% [markdown]
# ### What explains the differences
#
# *These are short runs.* The table of settings says how short: minutes and hours of two processor cores instead of
# days of a graphics card, and thirty minutes of music instead of 10,000 tracks. There is one seed, so at best a trend
# can come out.
#
# *The imitation.* On unseen pieces like those it was trained on, the spectrogram network beats the best fixed filter
# and finds several times as many of the codec's holes: it has begun to learn masking. On the test recordings, which
# are of other kinds, its error is larger than the filter's. The row *gain per bin* shows where that comes from: with
# one fixed number for each bin the network beats the filter there too, and what those numbers mend is above the
# codec's cut-off, where the network lets sound through that the codec always removes. Neither training music with
# more treble nor the paper's number of filters mended it. Telling the network the frequency does: with the same
# sounds, steps and filters, the frequency-aware network beats the filter on the test recordings, too, and finds
# nearly half of the holes there, most of them in the right place. Masking goes by the frequency; we think that a
# network that knows it needs less music to learn the rest. The curves of precision and recall show a second thing. An
# L1 loss asks for the median, and where a hole is likely but not sure, the median is a shallow one; so at the depth
# of 20 dB every network finds fewer holes than it knows of. The time-domain network comes a little nearer to the
# coded waveform than doing nothing does, but its spectrogram is farther away, and it finds next to no holes: an error
# in the waveform is made of the strong cells, and masking is about the weak ones.
#
# *The models.* They begin as the same linear coder, and that start, not the losses, makes most of what is measured here:
# compare the last row of Table 3. It is limited by the tanh that the paper has in its last layer, which bends loud
# sounds. The paper's ratios of 46 to 63 dB are out of reach for such a network as long as it does not unlearn that bend.
# If the paper took 20 times the logarithm of a ratio of energies, they stand for 23 to 31 dB by the usual formula, and
# that is about where ours are. We think this is the more likely reading.
#
# Each loss first throws the models off their start and then leads them back, as the curves of the run show. Model C
# is thrown the farthest and comes back the least, and the metrics that predict quality put it last; the paper's
# listeners put it first. Nearly all of its gradient falls into cells more than 80 dB under the strongest, which
# nobody hears: the table below Table 3 shows it. So the terms of Eq. 3, which we weigh by their size, are far from
# equal in what they pull, and the waveform is hardly heard among them. Two things make it so: the network's input is
# a logarithm, and the prediction inherits its slope; and the features are compared before the mask makes quiet cells
# quiet again. With the frequency-aware network the prediction pulls at audible cells, too, and only the features do
# not. The paper gives no weights; ones that balance the gradients, with that network, are what we would try next.
#
# *Broadband.* 5 kHz is more than the bottleneck holds, so here the start itself clicks, at the edges of its blocks of 256
# samples; the last row of that table counts it. Training takes most of these pulses away, in Model C most of all, which
# pays with noise. None of our models fills the spectrum with pulses as the paper's B and C do: they start with the right
# phase, and a loss that cannot see phase does not take it away in so few steps.
#
# *The listeners.* The paper's main result is what people said, and no people have been asked here yet.
#
# ## Your turn
#
# To hear your own sound through the real codec and through the networks that imitate it, side by side:
#
# ```bash
# papermill book/codec_loss.ipynb out.ipynb -p audio my.wav
# ```

# %% tags=["hide-input"]
if audio:
    mine = own.through(study, audio)
    display(own.player(study, mine), own.scores(mine))
else:
    display(Markdown("*No sound of your own was given to this run.*"))

# %% [markdown]
# To use the loss in a training of yours; the weights come with the repository:
#
# ```python
# from paper_code.codec_loss.loss import CodecLoss
#
# loss = CodecLoss.pretrained()  # or FrequencyAwareCodecLoss
# loss(estimate, reference, sample_rate=16000).backward()  # both [batch, time], in [-1, 1]
# ```
#
# ## How this page was made

# %% tags=["hide-input"]
pages.record([*study.results, *study.others])
