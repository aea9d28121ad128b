"""A matplotlib figure as small SVG pictures, one a panel: text stays text, images are embedded, nothing has an id.

Matplotlib's own SVG writer repeats the style at every tick and names clip paths and markers by ids, which would clash in
a page of many figures. Here one user unit is a tenth of a pixel of the page, so that coordinates are whole numbers.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, Transform
from numpy.typing import NDArray
from PIL import Image

from paper_code.display.style import PIXELS_PER_INCH, PanelFigure
from paper_code.display.svg_paths import UNITS, marker, path_data, units

SHARPNESS = 2  # pixels of an embedded image in a pixel of the page, for dense screens
FEW_COLOURS = 16  # up to so many, an image is a map of kinds and is kept without loss
WIDEST_KEY = 390  # pixels; on a phone 358 are left, and 9 pt are then more than 8
MARGIN = 2.0  # pixels around a panel
LARGEST_MARKER = 40  # pixels; what is larger is an area that matplotlib draws in the way of a marker
FONTS = "system-ui,-apple-system,'Segoe UI',Arial,sans-serif"
ANCHORS = {"left": ("start", 0.0), "center": ("middle", 0.5), "right": ("end", 1.0)}


@dataclass(frozen=True)
class Picture:
    """A panel. svg: as it stands in a page.   width, height: pixels of the page.   is_key: the legend of all panels."""

    svg: str
    width: int
    height: int
    is_key: bool = False


def pictures(figure: PanelFigure) -> list[Picture]:
    """The legend of the whole figure, if it has one, and its panels in order, all of one size where their axes are.

    Raises ValueError for formulas in its text, which need a typesetter, and for a legend too wide for a phone.
    """
    figure.set_dpi(PIXELS_PER_INCH)
    for number, axes in enumerate(figure.axes):
        axes.set_gid(f"axes {number}")
    renderer = SvgRenderer(*figure.get_size_inches() * PIXELS_PER_INCH)
    figure.draw(renderer)
    return [*_key(figure, renderer), *_panels(figure, renderer)]


def _key(figure: PanelFigure, renderer: SvgRenderer) -> list[Picture]:
    """The legend of the whole figure, if it has one."""
    if not figure.legends:
        return []
    box = Bbox.union([legend.get_window_extent(renderer) for legend in figure.legends])
    if box.width > WIDEST_KEY:
        raise ValueError(f"a legend of {box.width:.0f} pixels does not fit a phone; wanted {WIDEST_KEY}: fewer columns")
    return [_picture(renderer, [""], box.padded(MARGIN), is_key=True)]


def _panels(figure: PanelFigure, renderer: SvgRenderer) -> list[Picture]:
    """The panels; with the same space around the axes of all, so that axes side by side stand on one line."""
    panels = [[axes for axes in panel if axes in figure.axes] for panel in figure.panels]
    panels = [panel for panel in panels if panel]
    boxes = {axes: axes.get_tightbbox(renderer) for axes in figure.axes}
    above = MARGIN + max(boxes[panel[0]].y1 - panel[0].bbox.y1 for panel in panels)
    below = MARGIN + max(panel[-1].bbox.y0 - boxes[panel[-1]].y0 for panel in panels)
    left = min(0, *(box.x0 for box in boxes.values()))
    right = max(renderer.width, *(box.x1 for box in boxes.values()))
    return [
        _picture(
            renderer,
            [axes.get_gid() for axes in panel],
            Bbox([[left, panel[-1].bbox.y0 - below], [right, panel[0].bbox.y1 + above]]),
        )
        for panel in panels
    ]


def _picture(renderer: SvgRenderer, parts: Sequence[str], box: Bbox, is_key: bool = False) -> Picture:
    width, height = round(box.width), round(box.height)
    frame = f"{units(box.x0)} {units(renderer.height - box.y1)} {width * UNITS} {height * UNITS}"
    content = "".join(_written(renderer.drawn.get(part, [])) for part in parts)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}" width="{width}" height="{height}" fill="none" '
        f'stroke-linejoin="round" font-family="{FONTS}">{content}</svg>'
    )
    return Picture(svg, width, height, is_key)


@dataclass(frozen=True)
class _Mark:
    """Something drawn: a path, a text or an image. style: its attributes.   content: a path's data, or an element."""

    kind: str
    style: tuple[tuple[str, str], ...]
    content: str

    @property
    def can_join(self) -> bool:
        """Whether several in a row look the same as one: what is filled or seen through does not."""
        return self.kind == "text" or {name for name, _ in self.style} <= {"stroke", "stroke-width", "stroke-dasharray"}


def _written(marks: Iterable[_Mark]) -> str:
    """The marks as SVG; neighbours of one style share it."""
    written = ""
    for (kind, style, joins), same in groupby(marks, key=lambda mark: (mark.kind, mark.style, mark.can_join)):
        attributes = "".join(f' {name}="{value}"' for name, value in style)
        contents = [mark.content for mark in same]
        if kind == "path":
            contents = ["".join(contents)] if joins else contents
            written += "".join(f'<path{attributes} d="{data}"/>' for data in contents)
        else:
            written += f"<g{attributes}>{''.join(contents)}</g>" if style else "".join(contents)
    return written


class SvgRenderer(RendererBase):
    """Collects what a figure draws: the marks of each axes under its gid, what lies outside of all axes under ""."""

    def __init__(self, width: float, height: float) -> None:
        """width, height: pixels of the page."""
        super().__init__()
        self.width, self.height = width, height
        self.drawn: dict[str, list[_Mark]] = {"": []}
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self._target = self.drawn[""]

    def open_group(self, s: str, gid: str | None = None) -> None:
        """What follows belongs to other axes, or to an axis, whose marks are put in order."""
        if s == "axes":
            self._target = self.drawn.setdefault(gid or "", [])
        elif s == "matplotlib.axis":
            self._outer, self._target = self._target, []

    def close_group(self, s: str) -> None:
        """Back to where the group was opened."""
        if s == "axes":
            self._target = self.drawn[""]
        elif s == "matplotlib.axis":
            # An axis draws tick by tick; sorted, its grid lines are one path, its ticks another, its numbers one group.
            self._outer += sorted(self._target, key=lambda mark: (mark.kind, mark.style))
            self._target = self._outer

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Pixels."""
        return self.width, self.height

    def points_to_pixels(self, points: float) -> float:
        """Pixels of the page in so many points."""
        return points * PIXELS_PER_INCH / 72

    def get_image_magnification(self) -> float:
        """Pixels of an image in a pixel of the page."""
        return SHARPNESS

    def option_image_nocomposite(self) -> bool:
        """Images are not put together into one."""
        return True

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        """A line, or an area."""
        self._add("path", self._style(gc, rgbFace), path_data(path, transform + self._flip, self._clip(gc), rgbFace))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        """The same small path at many places, in one element; those outside of the axes are left out."""
        shape = marker_trans.transform_path(marker_path)
        if max(shape.get_extents().size) > LARGEST_MARKER:
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
            return
        clip = self._clip(gc)
        places = (trans + self._flip).transform(path.vertices)
        places = places[np.isfinite(places).all(1)]
        if clip is not None:
            places = places[(np.abs(places - (clip.p0 + clip.p1) / 2) <= np.abs(clip.size) / 2 + 1).all(1)]
        shape = Affine2D().scale(1, -1).transform_path(shape)
        face = rgbFace if len(shape.vertices) > 2 else None  # a stroke has no inside
        self._add("path", self._style(gc, face), "".join(marker(shape, x, y) for x, y in places))

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: NDArray, transform: Any = None) -> None:
        """An image [row, column, RGBA], embedded."""
        height, width = (size / SHARPNESS for size in im.shape[:2])
        place = f'x="{units(x)}" y="{units(self.height - y - height)}"'
        size = f'width="{units(width)}" height="{units(height)}"'
        self._add("image", (), f'<image {place} {size} preserveAspectRatio="none" href="{_embedded(im)}"/>')

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: bool | str = False,
        mtext: Text | None = None,
    ) -> None:
        """Text, held where matplotlib aligned it: fonts of the page are wider or narrower than the one it measured."""
        anchor, share = ANCHORS[mtext.get_horizontalalignment() if mtext else "left"]
        width = share * self.get_text_width_height_descent(s, prop, ismath)[0]
        x, y = x + width * np.cos(np.radians(angle)), y - width * np.sin(np.radians(angle))
        turned = f' transform="rotate({-angle:g} {units(x)} {units(y)})"' if angle else ""
        style = {
            "fill": to_hex(gc.get_rgb()),
            "font-size": str(units(self.points_to_pixels(prop.get_size_in_points()))),
        }
        style |= {} if anchor == "start" else {"text-anchor": anchor}
        if ismath:
            raise ValueError(f"the text of a figure holds no formulas (for axes, see style.logarithmic); found {s!r}")
        self._add("text", style, f'<text x="{units(x)}" y="{units(y)}"{turned}>{escape(s, quote=False)}</text>')

    def _add(self, kind: str, style: dict[str, str] | tuple, content: str) -> None:
        if content and (style or kind != "path"):
            self._target.append(_Mark(kind, tuple(dict(style).items()), content))

    def _clip(self, gc: GraphicsContextBase) -> Bbox | None:
        rectangle = gc.get_clip_rectangle()
        return None if rectangle is None else rectangle.transformed(self._flip)

    def _style(self, gc: GraphicsContextBase, face: Any) -> dict[str, str]:
        """Attributes of a path; none where it would not be seen."""
        style, alpha = {}, gc.get_alpha() if gc.get_forced_alpha() else None
        if face is not None and (opacity := _opacity(face, alpha)) > 0:
            style |= {"fill": to_hex(face), **({"fill-opacity": f"{opacity:.2g}"} if opacity < 1 else {})}
        if gc.get_linewidth() > 0 and (opacity := _opacity(gc.get_rgb(), alpha)) > 0:
            style |= {
                "stroke": to_hex(gc.get_rgb()),
                "stroke-width": str(units(self.points_to_pixels(gc.get_linewidth()))),
                **({"stroke-opacity": f"{opacity:.2g}"} if opacity < 1 else {}),
            }
            _, dashes = gc.get_dashes()
            if dashes is not None:
                style["stroke-dasharray"] = " ".join(str(units(self.points_to_pixels(d))) for d in dashes)
        return style


def _opacity(colour: Sequence[float], forced: float | None) -> float:
    if forced is not None:
        return forced
    return colour[3] if len(colour) > 3 else 1.0


def _embedded(image: NDArray) -> str:
    """An image [row, column, RGBA] as a data: address; spectrograms a tenth as large as without loss."""
    colours = np.unique(image.reshape(-1, image.shape[-1]), axis=0)
    file = io.BytesIO()
    quality = {"lossless": True} if len(colours) <= FEW_COLOURS else {"quality": 75}
    Image.fromarray(np.ascontiguousarray(image[::-1])).save(file, "WEBP", method=6, **quality)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
