"""The authors' own sample sounds through the released metrics: are they read as they were written?"""

from paper_code.audio import corpora
from paper_code.jnd_loss.loss import JNDLoss
from paper_code.jnd_loss.weights import METRICS

REFERENCE = "dpam_jnd_labels/sample_audio/ref.wav"
SAMPLES = {name: f"dpam_jnd_labels/sample_audio/{name}.wav" for name in ("2", "4")}


def paths() -> list[str]:
    """The recordings of the samples."""
    return [REFERENCE, *SAMPLES.values()]


def distances() -> dict[str, dict[str, float]]:
    """Metric -> sample -> distance from the authors' reference. Raises CorpusError."""
    reference = corpora.load(REFERENCE).waveform
    waveforms = {name: corpora.load(path).waveform for name, path in SAMPLES.items()}
    metrics = {name: JNDLoss.released(name) for name in METRICS}
    return {
        name: {sample: float(metric(waveform, reference)) for sample, waveform in waveforms.items()}
        for name, metric in metrics.items()
    }
