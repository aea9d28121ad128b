"""What a training leaves to be measured: sound -> outputs [observed, time] of its generator, in weights.safetensors.

A generator has one input, so its outputs are all it can say, and the curves of the metrics need those of every observed
step. Of 1000 steps they are 17 MB, so they stay in the local store and are not committed.
"""

from paper_code.lab.weights import Kind

KIND = Kind(
    "bark_loss",
    "outputs of generators",
    "`python -m paper_code.lab.run bark_loss` trains them again; those of the committed results were not kept.",
)
