"""The conditions of Table 1 and of section 4.1: coders trained here, and AMR-WB, each from a waveform to a waveform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from paper_code.audio.codecs import Codec, code
from paper_code.lab.config import Config, ConfigError
from paper_code.lab.store import Result
from paper_code.masking_loss.coder import bitstream
from paper_code.masking_loss.coder.coder import SpeechCoder
from paper_code.masking_loss.configs import CoderConfig

AMR_WB_RATES = {13.0: 12.65, 20.0: 19.85, 24.0: 23.85}  # kb/s: beside which coders AMR-WB stands in Table 1
TITLES = {"mse": "MSE", "log_mel": "log-mel", "pmsqe": "PMSQE", "masking": "masking"}
PEASS_SHORTEST = 0.5  # s
LONGER = ", longer"  # how the title of a coder that was trained longer than the others of its profile ends


@dataclass(frozen=True, kw_only=True)
class Measured(Config):
    """What is measured of a condition, and on what.

    recordings: "real" or "synthetic".   utterances: how many of a side are measured at most, 0 for all.
    predicted: how many of the test utterances PEASS is asked about, each of another speaker; 0 leaves PEASS out.
    predicted_seconds: of the middle of each.   heard: how many decoded test utterances are kept as sounds.
    """

    recordings: str = "real"
    utterances: int = 0
    predicted: int = 10
    predicted_seconds: float = 4.0
    heard: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("utterances", "predicted", "heard"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is 0 or more; found {getattr(self, name)}.")
        if self.predicted_seconds < PEASS_SHORTEST:
            raise ConfigError(f"PEASS needs {PEASS_SHORTEST} s; predicted_seconds is {self.predicted_seconds}.")


@dataclass(frozen=True, kw_only=True)
class TrainedCoder(CoderConfig, Measured):
    """A coder to be trained and measured. Paper: Byun et al. 2021, section 4. Chapter: masking_loss."""

    def of_the_warm_up(self) -> CoderConfig:
        """As CoderConfig has it: what is measured later has no part in the warm-up."""
        known = self.as_dict()
        return CoderConfig(**{field.name: known[field.name] for field in fields(CoderConfig)}).of_the_warm_up()


@dataclass(frozen=True, kw_only=True)
class AmrWb(Measured):
    """AMR-WB at a bit rate (kb/s) that it has. Paper: Byun et al. 2021, Table 1. Chapter: masking_loss."""

    kilobits: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.codec()  # an impossible rate is told now

    def codec(self) -> Codec:
        """The codec; raises CodecError for a rate that it does not have."""
        return Codec("amr_wb", self.kilobits)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A waveform [time] as the decoder gives it, aligned with the original and as long.

    bits: of the file or of the frames as written.   symbols: [frame, 256] of a trained coder, None of AMR-WB.
    """

    waveform: Tensor
    bits: int
    symbols: Tensor | None = None


Condition = Callable[[Tensor], Decoded]


def of_coder(coder: SpeechCoder, file: Path) -> Condition:
    """A trained coder, by way of a real file that is written, read again and decoded.

    What is measured is then what a listener gets, and the bits are those on the disk. Raises BitstreamError, OutputError.
    """

    def condition(waveform: Tensor) -> Decoded:
        found = bitstream.quantised(coder, waveform)
        bitstream.write(file, bitstream.pack(coder, found))
        data = bitstream.read(file)
        file.unlink()
        return Decoded(bitstream.decode(coder, data), 8 * len(data), found.symbols)

    return condition


def of_amr_wb(config: AmrWb) -> Condition:
    """AMR-WB through the real encoder and decoder; its delay of 95 samples is taken off, and the length kept.

    The bits are those of the frames as they are stored: whole bytes, with the byte that each begins with, 0.55 to
    0.75 kb/s more than the nominal rate. Raises CodecError.
    """

    def condition(waveform: Tensor) -> Decoded:
        found = code(waveform, config.codec())
        return Decoded(found.waveform, found.bits)

    return condition


def family_of(condition: str) -> str:
    """What a condition is called without its rate and settings: "AMR-WB", "masking" of "masking 20, gamma 0"."""
    return condition.split()[0]


def condition_of(result: Result) -> str:
    """What a result is of: its `title`, and "masking 20, longer" if it was trained longer than the others."""
    return title(result.config) + (LONGER if result.experiment.endswith("_longer") else "")


def title(config: Mapping[str, Any]) -> str:
    """ "AMR-WB 12.65", "masking 20", and for a sweep "masking 20, gamma 0" or "masking 20, bands 16-32".

    config: the settings of a result. The rate is the one wanted, in kb/s.
    """
    if "loss" not in config:
        return f"AMR-WB {config['kilobits']:g}"
    name = f"{TITLES[config['loss']]} {config['bitrate']:g}"
    usual = {field.name: field.default for field in fields(CoderConfig)}
    if config["gamma"] != usual["gamma"]:
        name += f", gamma {config['gamma']:g}"
    if tuple(config["bands"]) != usual["bands"]:
        name += f", bands {'-'.join(map(str, config['bands']))}"
    return name
