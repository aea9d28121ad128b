"""What the cells of the timbre-loss chapter show: figures, players and widgets, from a study.

Chapter: timbre_loss
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paper_code.audio import clips
from paper_code.display import mask_blocks, players, region_player
from paper_code.display.figures import Drawing, show
from paper_code.display.markup import Shown, element, prose
from paper_code.display.style import Theme
from paper_code.display.svg import PanelFigure
from paper_code.lab.intervals import Interval, interval_of_defined, mean_of_defined, wilson
from paper_code.timbre_loss import body, charts, configs, figures, maps, mask_runs, salience, stimuli
from paper_code.timbre_loss.figures import BeforeAfter, Listened
from paper_code.timbre_loss.measurements import title
from paper_code.timbre_loss.own import Own
from paper_code.timbre_loss.phrases import SAMPLES, finish
from paper_code.timbre_loss.spectrograms import BINS, FFT, HOP, SAMPLE_RATE, hertz_of_bins, log_spectrogram
from paper_code.timbre_loss.study import Study
from paper_code.timbre_loss.weights import released

METHODS = {"activation": "class activation map", "gradients": "integrated gradients", "occlusion": "occlusion"}
MOMENTS = {  # name in figures -> source and kind, see salience
    "vibrato, imposed": ("imposed", "vibrato"),
    "onsets, real phrases": ("real", "onset"),
    "onsets, cello A": ("melodies", "onset"),
    "noise, real phrases": ("real", "noise"),
}
PAIRS = {"cellos": "two cellos", "null": "null test", "body": "known filter"}
FLOORS = ("nearest mean", "logistic regression")
KINDS = ("rectangles", "squares")
IMPOSED = "cello A, vibrato on some notes"
WHEN = ("raw", "smoothed")  # of the arrays with a mask's scores, a clip each
TOP = 5000.0  # Hz, of the players' spectrograms
MAP_SECONDS = 37 * 8 * HOP / SAMPLE_RATE  # what the cells of a map cover
MAP_HERTZ = 32 * 8 * SAMPLE_RATE / FFT
SWEPT = {
    "unsmoothed": "score, before smoothing",
    "score": "score, after smoothing",
    "size": "size in dB",
    "judge": "second network",
}


PLAYED = (
    "All at one loudness. Does the block mask bring the input nearer to the target, and what does the noisy mask do? The "
    "fixed equaliser learned nothing: it is the difference of the two cellos' mean spectra."
)
ROLES = ("plain", "reference", "document", "corrected", "codec", "stronger")


def player(study: Study, run: str, clip: int = 0) -> Shown:
    """A player of one clip: the input, the target, and the input under each mask that is heard."""
    sounds = study.sounds(run, clip)
    roles = dict(zip(sounds, ROLES, strict=False))
    return players.compare(sounds, f"One phrase, {title(run)}", PLAYED, roles=roles, max_frequency=TOP)


def first_player(study: Study) -> Shown:
    """The sounds that make the point: the input, the same through a mask of blocks, and the target."""
    sounds = list(study.sounds("cellos").items())
    few = dict([sounds[0], sounds[2], sounds[1]])
    roles = dict(zip(few, ("plain", "document", "reference"), strict=True))
    return players.compare(few, "From one cello to the other", FIRST, roles=roles, max_frequency=TOP)


FIRST = (
    "A phrase of cello B, the same through a learned mask, and cello A playing it. Does the mask bring B nearer to A?"
)


def own_sound(study: Study, path: str) -> Shown:
    """A reader's own sound, its score, and the class activation map over it, to be heard region by region."""
    clip = clips.resample(clips.require_signal(clips.read(path)), SAMPLE_RATE)
    middle = max(0, (len(clip.waveform) - SAMPLES) // 2)
    wave = finish(clip.waveform[middle : middle + SAMPLES], torch.Generator().manual_seed(0))
    network = released()[0]
    spectrogram = log_spectrogram(wave)[None]
    cam = maps.activation_maps(network, spectrogram)[0]
    first, second = stimuli.TITLES["cellos"]
    seconds, hertz = cam.shape[1] * 8 * HOP / SAMPLE_RATE, MAP_HERTZ
    over = region_player.ActivationMap(cam.numpy(), seconds, hertz, f"speaks for {first}", f"speaks for {second}")
    with torch.no_grad():
        score = float(network(spectrogram))
    caption = f"Your sound, the middle {len(wave) / SAMPLE_RATE:.1f} s: score {score:.2f} (0: {first}, 1: {second})."
    heard = clip.with_waveform(wave, "levelled, with the common noise")
    return region_player.region_player(heard, clip.title, caption, over)


def told(study: Study) -> Shown:
    """What was run, in a sentence."""
    kind = "synthetic sounds" if study.synthetic else "real recordings"
    size = configs.PROFILES[study.profile].title
    count = len(study.results)
    seeds = f"{len(study.seeds)} seed{'s' if len(study.seeds) > 1 else ''}"
    text = f"Shown here: the profile *{study.profile}* ({size}), {seeds}, {kind}, {count} runs."
    return Shown(element("p", prose(text)), text)


def controls(study: Study) -> Shown:
    """What the confounds alone give, and what the null test gives, in a sentence with numbers."""
    parts = [
        (name, interval_of_defined(study.measurements.get(measurement, ())))
        for name, measurement in (
            ("level and rests alone tell the cellos apart", "accuracy of confounds, cellos"),
            ("the null test scores", "accuracy, null test"),
        )
    ]
    said = "; ".join(f"{name} in {_percent(value)} of all cases" for name, value in parts if value is not None)
    text = f"Measured: {said}. Chance is 50 %."
    return Shown(element("p", prose(text)), text)


def _percent(value: Interval) -> str:
    return (
        f"{100 * value.mean:.0f} ± {100 * value.half_width:.0f} %" if value.count > 1 else f"{100 * value.mean:.0f} %"
    )


def learning_curves(study: Study) -> Drawing:
    """The training loss of every task, mean over seeds, for both networks."""
    panels = {"paper's kind of network": "", "network with rows": "_rows"}

    def draw(theme: Theme) -> PanelFigure:
        figure, axes = theme.figure(1, 2, height=2.5, sharey=True)
        for place, (name, ending) in zip(axes, panels.items(), strict=True):
            for (pair, called), line in zip(PAIRS.items(), ("-", ":", "--"), strict=True):
                curves = [result.curves["network/loss"] for result in study.of(pair + ending)]
                if curves:
                    mean = _smoothed(np.mean(curves, axis=0))
                    place.plot(mean, color=theme.colour("document"), linestyle=line, linewidth=1.4, label=called)
            place.set(title=name, xlabel="step", ylim=(0, 0.3))
        axes[0].set_ylabel("squared error")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
        return figure

    caption = (
        "The squared error of the score while it is learned, mean over seeds and over 10 steps; 0.25 is a score that is "
        "always one half. A curve that falls says only that the training material is told apart, even in the null test, "
        "where the network learns single notes by heart. The table below counts on notes it never heard."
    )
    return show(draw, caption, "Curves of the training loss over the steps for the three tasks and two networks.")


def _smoothed(values: NDArray, steps: int = 10) -> NDArray:
    return np.convolve(values, np.ones(min(steps, len(values))) / min(steps, len(values)), mode="valid")


def parameters(study: Study) -> Drawing:
    """Accuracy against parameters: every width of the paper's kind of network, beside the floors."""
    points = []
    for run in ("cellos", *(f"cellos_width{width}" for width in configs.WIDTHS)):
        results = study.of(run)
        if results:
            count = sum(result.metrics["phrases"] for result in results)
            share = sum(r.metrics["phrases"] * r.metrics["accuracy"]["network"] for r in results) / count
            points.append(
                charts.Accuracy(results[0].metrics["parameters"], share, *wilson(round(share * count), count))
            )
    floors = {name: mean_of_defined(study.measurements[f"accuracy of {name}, cellos"]) for name in FLOORS}
    return charts.accuracy_against_parameters(points, floors, reported=0.93)


def figure_1(study: Study) -> Drawing:
    """Figure 1 of the paper, for the first clip."""
    spectrogram, block, noisy = (
        study.input("cellos"),
        study.mask("cellos", "rectangles"),
        study.mask("cellos", "gaussian"),
    )
    return figures.figure_1(*_arrays(spectrogram, spectrogram + block, block, noisy), stimuli.TITLES["cellos"])


def figure_2(study: Study) -> Drawing:
    """Figure 2 of the paper: rectangles and squares of two clips, before and after smoothing."""
    clips = {f"clip {clip + 1}": {kind: _before_after(study, kind, clip) for kind in KINDS} for clip in range(2)}
    return figures.figure_2(clips)


def _before_after(study: Study, kind: str, clip: int) -> BeforeAfter:
    raw, smoothed = _arrays(study.mask("cellos", kind, clip, raw=True), study.mask("cellos", kind, clip))
    scores = [float(values[clip]) for values in (study.shown("cellos").arrays[f"{when}/{kind}"] for when in WHEN)]
    return BeforeAfter(raw, smoothed, *scores)


def _arrays(*tensors: Tensor) -> list[NDArray]:
    return [tensor.numpy() for tensor in tensors]


def figure_3(study: Study) -> Drawing:
    """Figure 3 of the paper: class activation maps over a real phrase and over one of cello A."""
    result = study.shown("cellos")
    shown = zip(
        result.metrics["listened"], result.arrays["listened/spectrograms"], result.arrays["listened/maps"], strict=True
    )
    listened = {
        IMPOSED if name.startswith("melody") else name: Listened(4 * mask_runs.unpacked(cells).numpy(), cam)
        for name, cells, cam in shown
    }
    return figures.figure_3(listened, stimuli.TITLES["cellos"][0])


def blocks(study: Study) -> Shown:
    """The mask of blocks with its sliders."""
    result = study.shown("cellos")
    if "grid" not in result.metrics:
        result = next(r for r in study.of("cellos") if "grid" in r.metrics)
    arrays = {name.removeprefix("grid/"): a for name, a in result.arrays.items() if name.startswith("grid/")}
    settings = block_figure(arrays, result.metrics["grid"], stimuli.TITLES["cellos"])
    return mask_blocks.mask_blocks(settings, "A mask of blocks", BLOCKS)


def block_figure(
    arrays: Mapping[str, NDArray], about: Mapping[str, Any], classes: tuple[str, str]
) -> mask_blocks.MaskBlocks:
    """What block_grid.learn has kept, for display.mask_blocks. classes: what the scores 0 and 1 stand for, in words."""
    return mask_blocks.MaskBlocks(
        positions=arrays["positions"],
        heights=tuple(about["heights"]),
        widths=tuple(about["widths"]),
        numbers=tuple(about["numbers"]),
        first_gains=tuple(about["first_gains"]),
        clips=tuple(
            mask_blocks.BlockClip(
                title, arrays["gains"][k], float(arrays["before"][k]), arrays["raw"][k], arrays["smoothed"][k]
            )
            for k, title in enumerate(about["titles"])
        ),
        bins=BINS,
        frames=about["frames"],
        window=about["window"],
        top=SAMPLE_RATE / 2,
        seconds=(about["frames"] - 1) * HOP / SAMPLE_RATE,
        classes=classes,
    )


BLOCKS = (
    "Choose how large the blocks are, how many, and how loud they were at first. Compare the score before and after "
    "smoothing: what smoothing takes away, the network had heard at the edges of the blocks."
)


def sweep(study: Study) -> Drawing:
    """What alpha and beta do."""
    result = next(r for r in study.of("cellos") if "sweep/score" in r.arrays)
    values = {name: result.arrays[f"sweep/{key}"] for key, name in SWEPT.items()}
    return charts.sweep(mask_runs.WEIGHTS, mask_runs.WEIGHTS, values, f"One seed, {mask_runs.SWEPT} clips.")


def truth(study: Study) -> Drawing:
    """The true filter beside what the network with rows and the fixed equaliser make of it."""
    learned = {f"seed {n}": np.asarray(curve) for n, curve in enumerate(study.curves("body_rows", "smoothed_within"))}
    equaliser = np.mean(study.curves("body_rows", "equaliser"), axis=0)
    return charts.mask_against_truth(hertz_of_bins().numpy(), learned, body.mask().numpy(), equaliser)


def regions(study: Study) -> Shown:
    """A real phrase to listen to region by region, with the class activation map over it."""
    result = study.shown("cellos")
    name, cam = result.metrics["listened"][0], result.arrays["listened/maps"][0]
    first, second = stimuli.TITLES["cellos"]
    over = region_player.ActivationMap(cam, MAP_SECONDS, MAP_HERTZ, f"speaks for {first}", f"speaks for {second}")
    return region_player.region_player(study.passage(name), name, REGIONS, over)


REGIONS = (
    "Mark a part of the spectrogram and hear only it, or everything but it. Switch the map on: red speaks for cello A. Is "
    "there vibrato, a note that begins, or the noise of the bow?"
)


def salience_chart(study: Study) -> Drawing:
    """What frames with vibrato, onsets and noise weigh more than steady ones, by three methods."""
    differences = {}
    for method, called in METHODS.items():
        values = {}
        for moment, (source, kind) in MOMENTS.items():
            value = _over_passages(study, f"{method}/{source}/{kind}")
            if value is not None:
                values[moment] = value
        differences[called] = values
    common = [m for m in MOMENTS if all(m in values for values in differences.values())]
    return charts.salience({name: {m: values[m] for m in common} for name, values in differences.items()})


def _over_passages(study: Study, name: str) -> Interval | None:
    """Mean over networks for each passage, then mean and interval over passages; real phrases are the same for all."""
    columns = [
        result.arrays[f"salience/{name}"] for result in study.of("cellos") if f"salience/{name}" in result.arrays
    ]
    if not columns:
        return None
    if "/real/" in name:
        return salience.over_passages([{name: column} for column in columns])[name]
    return interval_of_defined(np.concatenate(columns).tolist())


def own_words(found: Own) -> Shown:
    """What came out for a reader's own two folders, in sentences, and what was converted."""
    texts = [*found.words, *found.notes]
    return Shown(element("ul", "".join(element("li", prose(text)) for text in texts)), "\n".join(texts))


def own_maps(found: Own) -> Drawing:
    """Class activation maps over the reader's changed clips."""
    shown = {f"clip {n + 1}": Listened(c.spectrogram.numpy(), c.map.numpy()) for n, c in enumerate(found.changed[:2])}
    return figures.figure_3(shown, found.names[0])
