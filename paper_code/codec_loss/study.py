"""What the chapter shows: the results of a profile, and beside them the original and the really coded sounds."""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import ClassVar

from torch import nn

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec, CodecError, code_clip
from paper_code.audio.signals import as_number
from paper_code.codec_loss import experiment, weights
from paper_code.codec_loss.building import loss_network
from paper_code.codec_loss.configs import BROAD, FAIR, MODELS, NARROW, NETWORKS, LossNetworkConfig
from paper_code.codec_loss.tracks import TRACKS, excerpt
from paper_code.display.players import Missing, missing_recording
from paper_code.lab.chapter import Chapter
from paper_code.lab.paths import shown
from paper_code.lab.results import results
from paper_code.lab.store import Result, open_store
from paper_code.lab.study import ChapterStudy, open_results, stand_in
from paper_code.lab.weights import find

PAPER_CODEC = Codec("mp3", 16)
BROADBAND = BROAD  # Hz
Sound = Clip | Missing


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter, with their networks, models, sounds and values.

    others: loss networks for another codec than the paper's, where one was asked for; then these are shown, and the
    models A to D stay those of the paper's codec.
    """

    chapter: ClassVar[Chapter] = experiment.CHAPTER

    others: tuple[Result, ...] = ()

    @cached_property
    def heard_results(self) -> list[Result]:
        """The results of the seed whose sounds are heard; of the first where that seed only repeats some models."""
        whole = {result.seed for result in self.results if "network" in result.config}
        seed = self.seed if self.seed in whole else self.seeds[0]
        return [result for result in self.results if result.seed == seed]

    @cached_property
    def networks(self) -> dict[str, Result]:
        """ "spectrogram", "frequency_aware" and "time" -> the loss network that is shown."""
        shown = self.others or self.heard_results
        return {result.config["network"]: result for result in shown if "network" in result.config}

    @property
    def codec(self) -> Codec:
        """The codec that the shown loss networks imitate."""
        config = self.networks["spectrogram"].config
        return Codec(config["codec"], config["bitrate"])

    def models(self, cutoff: int = NARROW) -> dict[str, Result]:
        """ "a" to "d", then "c_fair" -> the autoencoder whose sounds are limited to `cutoff` Hz."""
        models = {
            result.config["model"]: result
            for result in self.heard_results
            if result.config.get("cutoff") == cutoff and "rates" not in result.config
        }
        return {model: models[model] for model in (*MODELS, FAIR) if model in models}

    @cached_property
    def trials(self) -> dict[str, Result]:
        """ "a" to "c_aware" -> the trials of the learning rate of a model."""
        return {result.config["model"]: result for result in self.heard_results if "rates" in result.config}

    def repeats(self, model: str) -> list[int]:
        """The seeds with which a model was trained in the narrow band."""
        return sorted({result.seed for result in self.results if result.experiment == f"model_{model}"})

    def original(self, track: str, cutoff: int | None = None) -> Sound:
        """An excerpt (see tracks.TRACKS), limited to `cutoff` Hz if given; where it is not here, how to get it."""
        return _original(track, cutoff, self.synthetic)

    def coded(self, track: str, codec: Codec | None = None) -> Sound:
        """The excerpt after a real codec (default: the one that the networks imitate)."""
        return _coded(track, codec or self.codec, self.synthetic)

    def heard(self, result: Result, track: str) -> Clip:
        """What a network made of an excerpt, with the licence of the recording it was made from."""
        clip = result.audio(track, TRACKS[track].title)
        if self.synthetic:
            return clip
        recording = corpora.recording(TRACKS[track].path)
        return replace(clip, licence=recording.licence, attribution=recording.attribution)

    def imitator(self, network: str) -> nn.Module:
        """The network that imitates the shown codec: with the weights kept beside its result, else as released.

        Raises WeightsError where there are neither.
        """
        result = self.networks[network]
        file = find(result)
        if file is None:
            raise weights.WeightsError(
                f"the {network} network for {self.codec.title} was not kept: delete {shown(result.folder)} and train it "
                "again."
            )
        made = loss_network(LossNetworkConfig.from_dict(result.config))
        made.load_state_dict(weights.kept(file))
        return made.eval()

    @property
    def heard_tracks(self) -> list[str]:
        """The tracks that every result has sounds of."""
        return [track for track in TRACKS if (self.networks["spectrogram"].folder / f"{track}.flac").is_file()]


def open_study(
    profile: str = "published",
    seed: int = 0,
    device: str = "auto",
    output: str = "",
    codec: str = "mp3",
    bitrate: float = 16,
) -> Study:
    """The results of a profile, computed where they are missing.

    profile: "published" for the best complete set that comes with the book, or smoke, small, full. seed: one that the
    profile does not average over is computed alone. output: folder of the results. codec, bitrate (kb/s): another than
    MP3 at 16 kb/s trains the loss networks for it; "published" then stands for small.
    Without recordings the synthesiser's sounds are learned. Raises LabError, CodecError with what to do.
    """
    chosen = Codec(codec, as_number("bitrate", bitrate))
    of_profile = open_results(experiment.CHAPTER, profile, seed, device, output)
    others = () if chosen == PAPER_CODEC else _networks_for(chosen, profile, seed, device, output)
    return Study(of_profile, seed, others)


def _networks_for(codec: Codec, profile: str, seed: int, device: str, output: str) -> tuple[Result, ...]:
    """The loss networks for another codec."""
    return tuple(
        results(
            experiment.CHAPTER,
            "small" if profile == "published" else profile,
            open_store(output),
            [seed],
            [f"network_{network}" for network in NETWORKS],
            device,
            codec=codec.name,
            bitrate=codec.kilobits,
            **stand_in(experiment.CHAPTER),
        )
    )


@cache
def _original(track: str, cutoff: int | None, synthetic: bool) -> Sound:
    try:
        return excerpt(track, cutoff, synthetic)
    except corpora.RecordingMissing:
        return missing_recording(TRACKS[track].title, [TRACKS[track].path])


@cache
def _coded(track: str, codec: Codec, synthetic: bool) -> Sound:
    original = _original(track, None, synthetic)
    if isinstance(original, Missing):
        return original
    try:
        return code_clip(original, codec)
    except CodecError as error:
        return Missing(f"{TRACKS[track].title}, {codec.title}", f"The codec could not be run: {error}")
