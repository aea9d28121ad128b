"""Trained coders as files: what a training leaves in its folder, and the released ones in data/weights.

Those are data/weights/masking_loss_<loss>_<rate>.safetensors, one for each loss and bit rate of Table 1.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from paper_code.lab import paths, weights
from paper_code.lab.config import ConfigError, suggestion
from paper_code.lab.weights import WeightsError
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.coder.untrained import untrained_coder
from paper_code.masking_loss.configs import LOSSES, RATES, CoderConfig, UntrainedCoder, require_rate

KIND = weights.Kind(
    "masking_loss",
    "speech coder",
    "Coders come with the repository. To train one: `python -m paper_code.lab.run masking_loss --experiment "
    "coder_LOSS_RATE`, then `python -m paper_code.masking_loss.coder.release RESULT_FOLDER`.",
)


def released(loss: str, rate: float) -> Path:
    """The file of the coder that was trained with a loss ("mse", "log_mel", "pmsqe", "masking") for 13, 20 or 24 kb/s.

    Raises ConfigError for a loss or a rate that no coder was trained for.
    """
    if loss not in LOSSES:
        raise ConfigError(f"there is no coder for the loss {loss!r}. {suggestion(loss, LOSSES)}")
    return KIND.released(f"{loss}_{require_rate(rate):g}")


def about(config: CoderConfig) -> dict[str, Any]:
    """What a file says of the coder that was trained with some settings."""
    return {
        "loss": config.loss,
        "bitrate": config.bitrate,
        "width": config.width,
        "bins": config.bins,
        "start": config.start,
        "fold": config.fold,
        "config_hash": config.hash,
        "profile": config.profile,
    }


def about_untrained(config: UntrainedCoder) -> dict[str, Any]:
    """What a file says of the transform that codes with some settings."""
    return {
        "loss": config.transform,
        "bitrate": config.bitrate,
        "width": 0,
        "bins": config.bins,
        "config_hash": config.hash,
        "profile": config.profile,
    }


def keep(folder: Path, coder: SpeechCoder, about: Mapping[str, Any]) -> Path:
    """Write a trained coder as it is into the folder of its result: measured again, it gives the same. Raises OutputError.

    In half precision, as it is released, PESQ of an utterance would move by some 0.0005 and SNR by 0.001 dB.
    """
    return weights.save(folder / weights.WEIGHTS, KIND, coder.state_dict(), about)


def save(file: Path, coder: SpeechCoder, about: Mapping[str, Any]) -> Path:
    """Write a trained coder, its kernels in half precision. about: "loss", "bitrate", "width", "bins", what made it.

    Raises OutputError.
    """
    return weights.save(file, KIND, weights.half(coder.state_dict()), about)


def load_coder(loss: str, rate: float) -> SpeechCoder:
    """The coder of a loss and a bit rate (kb/s) as released, ready to code.

    Raises ConfigError as `released` does; WeightsError where the file is missing, damaged or of another coder.
    Paper: Byun et al. 2021, section 4. Chapter: masking_loss.
    """
    return load(released(loss, rate), loss, rate)


def load(place: Path, loss: str, rate: float) -> SpeechCoder:
    """The coder in a file, ready to code. Raises WeightsError where it is missing, damaged or of another loss or rate."""
    tensors, told = weights.read(place, KIND)
    if (told.get("loss"), told.get("bitrate")) != (loss, rate):
        held = f"{told.get('loss')!r} at {told.get('bitrate')} kb/s"
        raise WeightsError(f"wanted the coder of {loss!r} at {rate:g} kb/s; {place.name} holds {held}.")
    try:
        coder = _made(told)
        coder.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{place.name} lacks what a speech coder needs ({reason}): fetch it again.") from error
    return coder.eval()


def _made(told: Mapping[str, Any]) -> SpeechCoder:
    if told["width"] == 0:
        return untrained_coder(told["loss"], told["bins"])
    return SpeechCoder(told["width"], told["bins"], start=told["start"], fold=told["fold"])


def coders() -> Iterator[tuple[str, float, SpeechCoder]]:
    """Every released coder that is here, after its loss and its bit rate (kb/s).

    Raises WeightsError where there is none, or a file is damaged.
    """
    known = [(loss, rate) for loss in LOSSES for rate in RATES if released(loss, rate).is_file()]
    if not known:
        raise WeightsError(f"there is no released coder in {paths.shown(weights.FOLDER)}. {KIND.remedy}")
    return ((loss, rate, load_coder(loss, rate)) for loss, rate in known)
