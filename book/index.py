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
# # Perceptual audio losses
#
# ::::{div} lead
# Five documents make the same promise: a loss that listens like an ear trains better audio networks than a plain error
# does. This book takes each of them from recordings to figures. You can hear it, run it again and check it.
# ::::

# %% tags=["parameters", "remove-cell"]
profile = "published"
output = ""

# %% tags=["remove-cell"]
from paper_code.bark_loss.figures import landing_player
from paper_code.bark_loss.study import Study
from paper_code.display import pages
from paper_code.lab.store import open_store

study = Study(pages.stored("bark_loss", open_store(output), profile), seed=0)
rows = pages.judged(profile, output)

# %% tags=["remove-input"]
landing_player(study)

# %% [markdown]
# ## What held up

# %% tags=["remove-input"]
pages.scoreboard(rows)

# %% [markdown]
# Verdicts are computed from the results, over the seeds that were run. *Not run at this size* marks absolute values
# that need a training as long as the document's, where ours was shorter; orders and trends are judged at every length.
# {ref}`Every statement <all-claims>` stands at the end of this page, with the rule that judges it.
#
# ## The documents
#
# :::::{grid} 1 2 2 3
# :gutter: 3
#
# ::::{grid-item-card} A Bark filter bank
# :link: bark_loss
# :link-type: doc
#
# :::{card-header}
# Vinyard 2018
# :::
# A bank of narrow filters and a logarithm, compared by angle. Does a tiny network spend its weights better?
# :::{card-footer}
# Listen and read
# :::
# ::::
#
# ::::{grid-item-card} A codec as a loss
# :link: codec_loss
# :link-type: doc
#
# :::{card-header}
# Ananthabhotla, Ewert & Paradiso 2019
# :::
# A network that imitates an MP3 encoder shows another network which errors do not matter.
# :::{card-footer}
# Listen and read
# :::
# ::::
#
# ::::{grid-item-card} A learned timbre
# :link: timbre_loss
# :link-type: doc
#
# :::{card-header}
# Verma & Berger 2019
# :::
# A network that can tell two cellos apart steers an equaliser from one to the other. What does it listen to?
# :::{card-footer}
# Listen and read
# :::
# ::::
#
# ::::{grid-item-card} Just noticeable differences
# :link: jnd_loss
# :link-type: doc
#
# :::{card-header}
# Manocha et al. 2020
# :::
# A metric trained on people's answers to one question: do these two sound the same?
# :::{card-footer}
# Listen and read
# :::
# ::::
#
# ::::{grid-item-card} Cleaner speech by ear
# :link: jnd_denoiser
# :link-type: doc
#
# :::{card-header}
# Manocha et al. 2020, section 4.2
# :::
# The same metric as a loss for a network that takes noise out of speech, beside filters of the eighties.
# :::{card-footer}
# Listen and read
# :::
# ::::
#
# ::::{grid-item-card} A masking threshold
# :link: masking_loss
# :link-type: doc
#
# :::{card-header}
# Byun et al. 2021
# :::
# A speech coder learns to keep its noise below what the ear masks.
# :::{card-footer}
# Listen and read
# :::
# ::::
# :::::
#
# ## Run it
#
# ```bash
# make book                  # this site, from the committed results
# make book PROFILE=small    # everything again, from recordings
# make test                  # every check
# ```
#
# {doc}`reproduce` says what each command needs and how long it takes. It also shows how to run one chapter on your own
# audio, and how to use one of the losses in your own training.
#
# (all-claims)=
# ## All statements

# %% tags=["remove-input"]
pages.all_claims(rows)
