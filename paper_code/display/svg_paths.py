"""Paths of matplotlib as SVG writes them: whole numbers, each point as a step from the one before."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, Transform

UNITS = 10  # of a picture in a pixel of the page


def units(pixels: float) -> int:
    """Pixels of the page in units of the picture."""
    return round(float(pixels) * UNITS)


def path_data(path: Path, transform: Transform, clip: Bbox | None, filled: Any) -> str:
    """The data of a path in pixels of the page, cut at the edges of the axes."""
    if filled is not None and clip is not None and not _is_curved(path):
        return _commands(transform.transform_path(path).clip_to_bbox(clip))
    edges = None if clip is None or filled is not None else (clip.xmin, clip.ymin, clip.xmax, clip.ymax)
    return _commands(
        path.cleaned(
            transform, remove_nans=True, clip=edges, simplify=filled is None and edges is not None, curves=True
        )
    )


def _is_curved(path: Path) -> bool:
    return path.codes is not None and np.isin(path.codes, (Path.CURVE3, Path.CURVE4)).any()


def marker(shape: Path, x: float, y: float) -> str:
    """One marker at a place in pixels. Matplotlib's curved markers are circles, which SVG has an arc for."""
    if not _is_curved(shape):
        return _commands(Affine2D().translate(x, y).transform_path(shape))
    box = shape.get_extents()
    radius = units(box.width / 2)
    start = f"M{units(x + box.x0)} {units(y + (box.y0 + box.y1) / 2)}"
    return f"{start}a{radius} {radius} 0 1 0 {2 * radius} 0a{radius} {radius} 0 1 0-{2 * radius} 0z"


def _commands(path: Path) -> str:
    """A path as SVG writes it: the first point absolute, the others as steps from the point before."""
    data, here, last = "", np.zeros(2, int), ""
    for points, code in path.iter_segments(simplify=False, curves=True):
        if code == Path.STOP:
            break
        if code == Path.CLOSEPOLY:
            data, last = data + "z", "z"
            continue
        ends = np.round(points.reshape(-1, 2) * UNITS).astype(int)
        letter = {Path.MOVETO: "M", Path.LINETO: "l", Path.CURVE3: "q", Path.CURVE4: "c"}[code]
        steps = ends if letter == "M" else ends - here
        if letter == "l" and not steps.any():
            continue
        here = ends[-1]
        numbers = "".join(f"{number}" if number < 0 else f" {number}" for number in steps.ravel())
        data += numbers if letter == last else letter + numbers.lstrip(" ")
        last = letter
    return data
