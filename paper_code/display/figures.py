"""A matplotlib figure for the book: drawn once, as SVG panels whose ink follows the page.

What a notebook holds is `<figure>` with one `<img>` a panel, an SVG in light mode's colours on white: this is shown by
Jupyter, VS Code, nbviewer and GitHub, which strip inline SVG from notebooks or do not trust it. The book puts the SVG
itself in the place of each `<img>` (book/_ext/embedded_media.py), and its style sheet changes the colours of text, axes,
grid and of the roles that are black or blue with the reader's mode (book/_static/player.css knows them by their values
in `style.THEME`). The other roles' colours and those of spectrograms are the same in both modes.

Panels have the width of a column of the page. Where there is room, up to three stand side by side; on a phone they stand
below each other. So one drawing does for both, and its text is never shown under 8 pt.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import matplotlib

from paper_code.display.markup import Shown, element, prose
from paper_code.display.style import THEME, PanelFigure, Theme
from paper_code.display.svg import Picture, pictures


class Drawing(Shown):
    """A figure of the book; see show."""


def show(draw: Callable[[Theme], PanelFigure], caption: str, alt: str) -> Drawing:
    """A figure with caption and alternative text, embedded in the notebook.

    draw: draws with the inks of a Theme and returns the figure that `theme.figure(...)` made.
    caption: says what to look for.   alt: says what is to be seen, for those who cannot see it.
    Raises ValueError on an empty caption or alternative text, TypeError where draw returns something else.
    """
    if not caption.strip() or not alt.strip():
        raise ValueError("a figure needs a caption (what to look for) and an alternative text (what is to be seen)")
    with matplotlib.rc_context(THEME.settings()):
        figure = draw(THEME)
        if not isinstance(figure, PanelFigure):
            raise TypeError(f"draw(theme) must return the figure of theme.figure(...), found {type(figure).__name__}")
        panels = pictures(figure)
    images = "".join(_image(panel, alt if number == 0 else "") for number, panel in enumerate(panels))
    shown = element("div", images, class_=f"figure-panels across-{figure.across}", role="img", aria_label=alt)
    return Drawing(
        element("figure", shown + element("figcaption", prose(caption)), class_="drawing"), f"Figure: {caption}"
    )


def _image(panel: Picture, alt: str) -> str:
    """A panel for the notebook; the first of a figure carries the alternative text where the <div>'s label is lost."""
    return element(
        "img",
        class_="figure-key" if panel.is_key else "figure-panel",
        src=f"data:image/svg+xml;base64,{base64.b64encode(panel.svg.encode()).decode()}",
        alt=alt,
        width=str(panel.width),
        height=str(panel.height),
        style="background:#fff",  # dark notebooks would swallow the ink
    )
