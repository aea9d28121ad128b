"""What the chapter shows of its sounds: players, the spectrograms of Figures 2, 4 and 5, and where the holes are.

Roles, here and in every figure of the chapter: the real codec orange; Model A plain blue, Model B pink, as the stronger
baseline; vermilion for the spectrogram network, Model C, which learns from it, and the paper's other proposal, Model D,
dotted in curves; green for Fair Model C, our variant. Among the networks, pink for the frequency-aware one, our stronger
variant, and green for the time-domain network.
"""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.colors import to_rgb

from paper_code.audio.clips import Clip
from paper_code.codec_loss import holes
from paper_code.codec_loss.configs import FAIR, MODELS
from paper_code.codec_loss.imitation import to_domain
from paper_code.codec_loss.networks import FRAME, HOP, magnitude_spectrogram
from paper_code.codec_loss.study import BROADBAND, Sound, Study
from paper_code.codec_loss.tracks import FIGURES, TRACKS
from paper_code.display import players
from paper_code.display.figures import Drawing, show
from paper_code.display.spectrograms import FLOOR_DB
from paper_code.display.style import SPECTRUM_MAP, PanelFigure, Theme

NETWORK_TITLES = {
    "spectrogram": "Spectrogram network",
    "frequency_aware": "Frequency-aware network",
    "time": "Time-domain network",
}
NETWORK_ROLES = {"spectrogram": "document", "frequency_aware": "stronger", "time": "corrected"}
MODEL_TITLES = {**{model: f"Model {model.upper()}" for model in MODELS}, FAIR: "Fair Model C"}
MODEL_ROLES = {"a": "plain", "b": "stronger", "c": "document", "d": "document", FAIR: "corrected"}
ORIGINAL = "Original"
BAND = 3000  # Hz, of the models' sounds
SHOWN = 2.5  # s of each excerpt in a figure: enough to see the cells of the spectrogram
POOLED = 2  # bins in one row of a picture
FULL_SCALE = FRAME / 4  # the magnitude of a sine of amplitude 1 under a Hann window

Column = Mapping[str, Sound]


def first_player(study: Study) -> players.Player:
    """The idea in sound: a track, after the real codec, after the network that imitates it."""
    track = FIGURES[0]
    imitated = _imitated(study, track)
    sounds = {name: imitated[name] for name in (ORIGINAL, study.codec.title, NETWORK_TITLES["spectrogram"])}
    caption = "The network never sees the codec at work: it guesses, from the sound alone, what the codec takes out."
    return _player(study, sounds, f"{TRACKS[track].title}: coded, and imitated", caption, 8000)


def figure_2(study: Study) -> Drawing:
    """Three tracks: the original, the real codec, and the imitations."""
    columns = {TRACKS[track].title: _imitated(study, track) for track in FIGURES}
    return _grid(
        columns,
        8,
        "Figure 2 of the paper, with our tracks: the original, the codec, and the networks, 0 to 8 kHz; the "
        "frequency-aware one is ours. Look at the black gaps below the codec's cut-off in the second row: the codec left "
        "these cells out, and the rows of the networks should show the same gaps. All spectrograms −80 to 0 dB re full "
        "scale.",
        "Spectrograms of three tracks side by side, five rows: the original with energy up to 8 kHz, the coded sound, "
        "cut off and full of gaps, and the outputs of the spectrogram, the frequency-aware and the time-domain network.",
    )


def imitation_player(study: Study, track: str) -> players.Player:
    """The rows of Figure 2 of one track, to be heard."""
    title = f"{TRACKS[track].title}: original, codec, imitations"
    caption = (
        "The magnitudes of the first two networks are heard with the phase of the really coded sound, as in the paper."
    )
    return _player(study, _imitated(study, track), title, caption, 8000)


def figure_4(study: Study) -> Drawing:
    """Three tracks: the original and what the autoencoders made of it."""
    columns = {TRACKS[track].title: _decoded(study, track, BAND) for track in FIGURES}
    return _grid(
        columns,
        4,
        "Figure 4 of the paper, with our tracks: the original, limited to 3 kHz, and what the autoencoders make of it; "
        "the last row is ours. The upper quarter, 3 to 4 kHz, should be empty: whatever appears there is an image of the "
        "band below, the aliasing of the paper's §8.2.",
        "Spectrograms of three tracks side by side, 0 to 4 kHz, six rows: the original, empty above 3 kHz, and the "
        "outputs of Models A, B, C and D and of Fair Model C.",
    )


def model_player(study: Study, track: str, cutoff: int = BAND) -> players.Player:
    """The rows of Figure 4 (or, at another cut-off, of Figure 5) of one track, to be heard."""
    title = f"{TRACKS[track].title}, limited to {cutoff / 1000:g} kHz: original and models"
    listen = "Listen for clicks." if cutoff == BROADBAND else "Listen for noise and dullness."
    return _player(study, _decoded(study, track, cutoff), title, listen, 8000 if cutoff == BROADBAND else 4000)


def figure_5(study: Study) -> Drawing:
    """Two tracks limited to 5 kHz: the original and the four autoencoders trained on such sounds."""
    columns = {TRACKS[track].title: _decoded(study, track, BROADBAND) for track in FIGURES[:2]}
    return _grid(
        columns,
        6,
        "Figure 5 of the paper, which shows one track; here two, limited to 5 kHz. Look for vertical lines: they are "
        "broadband pulses, heard as clicks. The paper sees them in Models B and C, and none in A and D.",
        "Spectrograms of two tracks side by side, 0 to 6 kHz, five rows: the original, empty above 5 kHz, and the "
        "outputs of Models A, B, C and D.",
    )


def where_the_holes_are(study: Study, track: str = FIGURES[1]) -> Drawing | players.Player:
    """Cells that the codec removes and the networks too, the codec only, the networks only; one track."""
    original, coded = study.original(track), study.coded(track)
    if not isinstance(original, Clip) or not isinstance(coded, Clip):
        return _player(
            study, {ORIGINAL: original}, "Where the holes are", "This figure needs the original sound.", 8000
        )
    maps = {}
    limit = study.networks["spectrogram"].metrics["cutoff"]
    for network, title in NETWORK_TITLES.items():
        maps[title] = hole_map(*_magnitudes(study, network, original, coded), limit)
    seconds = min(SHOWN, original.seconds)

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, len(maps), height=3.0, sharey=True)
        colours = [to_rgb(theme.colour(role)) for role in ("corrected", "codec", "stronger")]
        for place, (title, cells) in zip(axes, maps.items(), strict=True):
            picture = np.zeros((*cells.shape, 4))
            for kind, colour in enumerate(colours, start=1):
                picture[cells == kind] = (*colour, 1.0)
            extent = (0, cells.shape[1] * HOP / original.sample_rate, 0, original.sample_rate / 2000)
            place.imshow(picture, origin="lower", aspect="auto", extent=extent, interpolation="nearest")
            place.set(title=title, xlabel="seconds", xlim=(0, seconds), ylim=(0, np.ceil(limit / 1000)))
            place.grid(False)
        axes[0].set_ylabel("kHz")
        names = ("both", "codec only: missed", "network only: false")
        dots = [
            axes[0].plot([], [], "s", color=colour, label=name)[0] for colour, name in zip(colours, names, strict=True)
        ]
        figure.legend(handles=dots, loc="outside upper left", ncols=2)
        return figure

    return show(
        draw,
        f"The holes of '{TRACKS[track].title}': cells below the cut-off, within 60 dB of the strongest, that the codec "
        "(orange), the network (pink) or both (green) bring 20 dB or more under the original. A network that only "
        "learned the low-pass would be orange nearly everywhere.",
        "Maps of time against frequency, one a network, with coloured cells: removed by codec and network, by the "
        "codec only, by the network only.",
    )


def hole_map(found: torch.Tensor, coded: torch.Tensor, original: torch.Tensor, cutoff: float) -> np.ndarray:
    """0 where there is no hole, 1 in both, 2 in the coded sound only, 3 in `found` only: [bin, frame].

    found, coded, original: magnitudes [bin, frame]. cutoff: Hz.
    """
    real, ours = (holes.is_hole(part[None], original[None], cutoff)[0] for part in (coded, found))
    return (real & ours).int().add(2 * (real & ~ours).int()).add(3 * (ours & ~real).int()).numpy()


def decibels(clip: Clip) -> np.ndarray:
    """What the figures show of a sound: levels (dB re full scale, -80 to 0) of cells [bin pair, frame] of the
    paper's spectrogram."""
    power = magnitude_spectrogram(clip.waveform).square().unflatten(0, (-1, POOLED)).mean(1)
    return 10 * np.log10((power / FULL_SCALE**2).clamp(10 ** (FLOOR_DB / 10), 1.0).numpy())


@torch.no_grad()
def _magnitudes(study: Study, network: str, original: Clip, coded: Clip) -> tuple[torch.Tensor, ...]:
    """Magnitudes of a network's output, of the coded sound and of the original, each [bin, frame]."""
    found = study.imitator(network)(to_domain(original.waveform[None], network))
    magnitudes = magnitude_spectrogram(found) if network == "time" else found
    return magnitudes[0], magnitude_spectrogram(coded.waveform), magnitude_spectrogram(original.waveform)


def _imitated(study: Study, track: str) -> dict[str, Sound]:
    sounds = {ORIGINAL: study.original(track), study.codec.title: study.coded(track)}
    return sounds | {title: study.heard(study.networks[name], track) for name, title in NETWORK_TITLES.items()}


def _decoded(study: Study, track: str, cutoff: int) -> dict[str, Sound]:
    models = study.models(cutoff)
    sounds: dict[str, Sound] = {ORIGINAL: study.original(track, cutoff)}
    return sounds | {MODEL_TITLES[model]: study.heard(result, track) for model, result in models.items()}


def roles(study: Study) -> dict[str, str]:
    """Label -> role, for every label of the chapter's players."""
    found = {ORIGINAL: "reference", study.codec.title: "codec"}
    found |= {title: NETWORK_ROLES[name] for name, title in NETWORK_TITLES.items()}
    return found | {title: MODEL_ROLES[name] for name, title in MODEL_TITLES.items()}


def _player(study: Study, sounds: Column, title: str, caption: str, top: float) -> players.Player:
    known = roles(study)
    return players.compare(sounds, title, caption, roles={name: known[name] for name in sounds}, max_frequency=top)


def _grid(columns: Mapping[str, Column], top: float, caption: str, alt: str) -> Drawing:
    """Spectrograms: a panel a track, in it a row a version. top: kHz."""
    versions = list(next(iter(columns.values())))
    pictures = {
        (version, track): decibels(sound) if isinstance(sound, Clip) else None
        for track, sounds in columns.items()
        for version, sound in sounds.items()
    }

    def draw(theme: Theme) -> PanelFigure:
        tracks = list(columns)
        figure, axes = theme.figure(len(versions), len(tracks), height=1.0, stacked=True, sharex=True, sharey=True)
        places = [(version, track) for version in versions for track in tracks]
        for axis, (version, track) in zip(axes, places, strict=True):
            _panel(axis, pictures[version, track], top)
            axis.set_ylabel(f"{_short(version)}\nkHz")
            if version == versions[0]:
                axis.set_title(track)
            if version == versions[-1]:
                axis.set_xlabel("seconds")
        return figure

    return show(draw, caption, alt)


def _panel(axis, picture: np.ndarray | None, top: float) -> None:
    axis.set(xlim=(0, SHOWN), ylim=(0, top))
    axis.grid(False)
    if picture is None:
        axis.text(0.5, 0.5, "recording not here", ha="center", va="center", transform=axis.transAxes, wrap=True)
        return
    frames = round(SHOWN * 16000 / HOP)
    axis.imshow(
        picture[:, :frames],
        origin="lower",
        aspect="auto",
        interpolation="bicubic",
        extent=(0, frames * HOP / 16000, 0, 8),
        cmap=SPECTRUM_MAP,
        vmin=FLOOR_DB,
        vmax=0,
    )
    axis.set(xlim=(0, SHOWN), ylim=(0, top))


def _short(version: str) -> str:
    """A name that fits beside a row: in two lines where it is long."""
    return (
        version.removesuffix(" network")
        .replace("Time-domain", "Time")
        .replace(" kb/s", "")
        .replace("-aware", "\n-aware")
    )
