"""Makes data/weights from our own trained metrics: python -m paper_code.jnd_loss.own_release RESULT_FOLDER [...].

A result folder is that of the run "fit_for_use", with its weights. They keep their precision, so that a distance is that
of the result. `release` does the same for the checkpoints of the paper's authors.
"""

import sys
from pathlib import Path

from paper_code.audio.terminal import ended
from paper_code.jnd_loss.configs import MetricConfig
from paper_code.jnd_loss.stimuli import SAMPLE_RATE
from paper_code.jnd_loss.weights import METRIC, own_metric
from paper_code.lab import weights
from paper_code.lab.store import load


def release(folder: Path) -> Path:
    """Write the network of a result folder into data/weights, under the name of its run.

    Raises ValueError for another run, StoreError where the folder is no result, WeightsError where it holds no weights.
    """
    result = load(folder, "jnd_loss")
    file = own_metric(result.experiment)
    config = MetricConfig.from_dict(result.config)
    about = {
        "sample_rate": SAMPLE_RATE,
        "normalisation": config.used_normalisation,
        "classifier_input": config.classifier_input,
        "config_hash": config.hash,
        "profile": config.profile,
        "code": result.trained["code"]["commit"],
    }
    return weights.save(file, METRIC, weights.kept(folder, METRIC), about)


if __name__ == "__main__":
    sys.exit(ended(lambda: weights.command(release, __doc__)))
