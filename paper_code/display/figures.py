"""A matplotlib figure for the book: drawn for light and for dark, for the page and for a phone."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable

import matplotlib
from matplotlib import pyplot
from matplotlib.collections import PolyQuadMesh, QuadMesh
from matplotlib.figure import Figure

from paper_code.display.markup import Shown, element, prose
from paper_code.display.style import THEMES, Theme

PIXELS_PER_INCH = 96  # of the page
PIXEL_DPI = 2 * PIXELS_PER_INCH  # sharp on dense screens
PHONE_MEDIA = "(max-width: 600px)"
# The kinds of file, and what makes them the same each time. A spectrogram is 1.5 MB as PNG and 120 kB as WebP.
KINDS = {
    "svg": {"metadata": {"Date": None, "Creator": None}},
    "png": {"metadata": {"Software": None}},
    "webp": {"pil_kwargs": {"quality": 75}},
}
PATHS = re.compile(rb' d="[^"]+"')  # in an SVG file; their numbers come with six digits
DIGITS = re.compile(rb"(\.\d\d)\d+")


class Drawing(Shown):
    """A figure of the book; see show."""


def show(draw: Callable[[Theme], Figure], caption: str, alt: str, kind: str = "auto") -> Drawing:
    """A figure in both modes, with caption and alternative text, embedded in the notebook.

    draw: draws with the inks of a Theme and returns the figure; it is called for light and dark and,
    where the figure takes its width from the theme (`theme.figure(...)`), again at the width of a phone.
    caption: says what to look for.   alt: says what is to be seen, for those who cannot see it.
    kind: "svg", "png", "webp", or "auto": WebP if the figure holds images, else SVG.
    Raises ValueError on an empty caption or alternative text or an unknown kind.
    """
    if not caption.strip() or not alt.strip():
        raise ValueError("a figure needs a caption (what to look for) and an alternative text (what is to be seen)")
    if kind not in ("auto", *KINDS):
        raise ValueError(f"wanted the kind 'auto', {', '.join(map(repr, KINDS))}; found {kind!r}")
    pictures = "".join(_picture(draw, theme, alt, kind) for theme in THEMES.values())
    html = element("figure", pictures + element("figcaption", prose(caption)), class_="figure-pair")
    return Drawing(html, f"Figure: {caption}")


def _picture(draw: Callable[[Theme], Figure], theme: Theme, alt: str, kind: str) -> str:
    """The figure in one mode; a phone's version beside it if the drawing follows the theme's width."""
    address, size = _drawn(draw, theme, kind)
    phone, phone_size = _drawn(draw, theme.phone(), kind)
    # The size is said so that the page does not jump when a picture comes.
    source = element("source", media=PHONE_MEDIA, srcset=phone, **phone_size)
    image = element(
        "img",
        class_=f"figure-{theme.name}",
        src=address,
        alt=alt,
        **size,
        # Without the book's style the light one is shown, and both fit the page.
        style="max-width:100%;height:auto" + (";display:none" if theme.name == "dark" else ""),
    )
    return element("picture", (source if phone_size != size else "") + image)


def _drawn(draw: Callable[[Theme], Figure], theme: Theme, kind: str) -> tuple[str, dict[str, str]]:
    """The figure as a data: address, and its width and height on the page."""
    with matplotlib.rc_context(theme.settings()):
        figure = draw(theme)
        if not isinstance(figure, Figure):
            raise TypeError(f"draw(theme) must return a matplotlib Figure, found {type(figure).__name__}")
        chosen = ("webp" if _holds_images(figure) else "svg") if kind == "auto" else kind
        file = io.BytesIO()
        figure.savefig(file, format=chosen, dpi=PIXEL_DPI, transparent=True, **KINDS[chosen])
    pyplot.close(figure)  # figures made with pyplot would otherwise be shown, and kept, by the notebook
    mime = "image/svg+xml" if chosen == "svg" else f"image/{chosen}"
    width, height = (str(round(inches * PIXELS_PER_INCH)) for inches in figure.get_size_inches())
    content = (
        PATHS.sub(lambda path: DIGITS.sub(rb"\1", path[0]), file.getvalue()) if chosen == "svg" else file.getvalue()
    )
    address = f"data:{mime};base64,{base64.b64encode(content).decode()}"
    return address, {"width": width, "height": height}


def _holds_images(figure: Figure) -> bool:
    return any(
        axes.images or any(isinstance(c, QuadMesh | PolyQuadMesh) for c in axes.collections) for axes in figure.axes
    )
