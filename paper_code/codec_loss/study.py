"""What the chapter shows: the results of a profile, and beside them the original and the really coded sounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import torch
from torch import nn

from paper_code.audio import corpora
from paper_code.audio.clips import Clip
from paper_code.audio.codecs import Codec, CodecError, code_clip
from paper_code.codec_loss import evaluation, experiment, imitation, stimuli, weights
from paper_code.codec_loss.configs import LossNetworkConfig
from paper_code.codec_loss.tracks import TRACKS, excerpt
from paper_code.display.players import Missing, missing_recording
from paper_code.lab import run
from paper_code.lab.intervals import Interval, interval
from paper_code.lab.store import Result, Store, open_store
from paper_code.lab.study import ChapterStudy, require_seed

CHAPTER = "codec_loss"
PAPER_CODEC = Codec("mp3", 16)
BROADBAND = 5000  # Hz
Sound = Clip | Missing


@dataclass(frozen=True)
class Study(ChapterStudy):
    """The results of the chapter, with their networks, models, sounds and values.

    others: loss networks for another codec than the paper's, where one was asked for; then these are shown, and the
    models A to D stay those of the paper's codec.
    """

    others: tuple[Result, ...] = ()

    @cached_property
    def networks(self) -> dict[str, Result]:
        """ "spectrogram", "frequency_aware" and "time" -> the loss network that is shown."""
        shown = self.others or [result for result in self.results if result.seed == self.seed]
        return {result.config["network"]: result for result in shown if "network" in result.config}

    @property
    def codec(self) -> Codec:
        """The codec that the shown loss networks imitate."""
        config = self.networks["spectrogram"].config
        return Codec(config["codec"], config["bitrate"])

    def models(self, cutoff: int = 3000) -> dict[str, Result]:
        """ "a" to "d" -> the autoencoder whose sounds are limited to `cutoff` Hz."""
        found = [r for r in self.results if r.seed == self.seed and r.config.get("cutoff") == cutoff]
        return {result.config["model"]: result for result in sorted(found, key=lambda r: r.config["model"])}

    @cached_property
    def measurements(self) -> dict[str, list[float]]:
        """Named values over seeds, of the paper's codec; see `evaluation.measurements`."""
        return evaluation.measurements(self.results)

    def value(self, name: str) -> Interval | None:
        """Mean and 95 % interval over seeds of a measurement; None where it is not defined."""
        finite = [value for value in self.measurements[name] if value == value]
        return interval(finite) if finite else None

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
        if (kept := result.folder / experiment.WEIGHTS).exists():
            made = imitation.make_network(LossNetworkConfig.from_dict(result.config))
            made.load_state_dict(torch.load(kept, weights_only=True))
            return made.eval()
        found, _, about = weights.load_network(network)
        if about["codec"] != self.codec.key:
            raise weights.WeightsError(
                f"the released network imitates {about['codec']}, and the weights for {self.codec.title} were not kept."
            )
        return found

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
    store, chosen = open_store(output), Codec(codec, float(bitrate))
    if profile == "published":
        results = require_seed(run.results(CHAPTER, profile, store), seed)
    else:
        known = run.seeds_of(CHAPTER, profile)
        results = run.results(CHAPTER, profile, store, known if seed in known else [seed], device=device, **_stand_in())
    others = () if chosen == PAPER_CODEC else _networks_for(chosen, profile, seed, store, device)
    return Study(results, seed, others)


def _networks_for(codec: Codec, profile: str, seed: int, store: Store, device: str) -> tuple[Result, ...]:
    """The loss networks for another codec; their weights are kept, for a reader's own sound."""
    profile = "small" if profile == "published" else profile
    asked = run.experiments(
        CHAPTER, profile, seed, list(experiment.NETWORKS), codec=codec.name, bitrate=codec.kilobits, **_stand_in()
    )
    run.announce(CHAPTER, list(asked.items()), store)
    return tuple(
        run.result(CHAPTER, name, config, store, device, keep_checkpoint=True) for name, config in asked.items()
    )


def recordings_here() -> bool:
    """Whether all recordings of the chapter can be had: folder, cache or download."""
    return corpora.available(file.path for side in ("test", "validation", "train") for file in stimuli.recordings(side))


def _stand_in() -> Mapping[str, str]:
    return {} if recordings_here() else {"recordings": "synthetic"}


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
