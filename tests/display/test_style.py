"""Colours: the published palette, contrast by its closed-form cases, one look in Python and in the style sheet."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from paper_code.display import style
from paper_code.display.spectrograms import FLOOR_DB

CSS = (Path(__file__).parents[2] / "book" / "_static" / "player.css").read_text(encoding="utf-8")


def test_the_palette_is_okabe_and_ito() -> None:
    published = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    used = [colour for pair in style.ROLES.values() for colour in set(pair)]
    assert set(used) <= published | {"#FFFFFF"}
    assert len(used) == len(set(used))


def test_contrast_of_known_pairs() -> None:
    assert style.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert style.contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)  # the well-known near miss
    assert style.contrast("#D55E00", "#D55E00") == 1


@pytest.mark.parametrize("theme", style.THEMES.values(), ids=str)
def test_text_is_legible(theme: style.Theme) -> None:
    assert style.contrast(theme.ink, theme.ground) >= 7
    assert style.contrast(theme.muted, theme.ground) >= 4.5
    for role in style.ROLES:
        assert style.contrast(style.role_ink(role, theme), style.role_colour(role, theme)) >= 4.5


def test_roles_differ_without_colour() -> None:
    looks = {(str(style.DASHES[role]), style.MARKERS[role]) for role in style.ROLES}
    assert len(looks) == len(style.ROLES)
    assert len(set(style.MARKERS.values())) == len(style.ROLES)


@pytest.mark.parametrize(("role", "theme"), [("blue", "light"), ("plain", "sepia")])
def test_unknown_words_are_named(role: str, theme: str) -> None:
    with pytest.raises(ValueError, match=r"found '(blue|sepia)'"):
        style.role_colour(role, theme)


def test_nothing_is_smaller_than_nine_points() -> None:
    sizes = [
        value for key, value in style.THEMES["light"].settings().items() if re.search("size$", key) and "fig" not in key
    ]
    assert len(sizes) >= 6
    assert min(sizes) >= 9


def test_a_phone_stacks_the_panels() -> None:
    wide, axes = style.THEMES["dark"].figure(1, 3, height=2)
    narrow, stacked = style.THEMES["dark"].phone().figure(1, 3, height=2)
    assert wide.get_size_inches().tolist() == [7.0, 2.0]
    assert narrow.get_size_inches().tolist() == [3.6, 6.0]
    assert len(axes) == len(stacked) == 3


def variables(block: str) -> dict[str, str]:
    """The custom properties of a rule of the style sheet."""
    return dict(re.findall(r"--([\w-]+): (#\w+);", block))


def blocks() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Light; dark by a switch; dark by the reader's system."""
    found = re.findall(r"\{\n((?:\s+--[\w-]+: #\w+;\n)+)\s*\}", CSS)
    assert len(found) == 3
    light, dark, system = (variables(block) for block in found)
    return light, {**light, **dark}, {**light, **system}


def test_the_style_sheet_has_the_same_colours() -> None:
    light, dark, system = blocks()
    assert dark == system
    for name, values in {"light": light, "dark": dark}.items():
        assert values["look-ground"].upper() == style.THEMES[name].ground
        for role in style.ROLES:
            assert values[f"role-{role}"].upper() == style.role_colour(role, name)
            assert values[f"ink-{role}"].upper() == style.role_ink(role, name)
            rule = rf'\[data-role="{role}"\] {{ --mark: var\(--role-{role}\); --mark-ink: var\(--ink-{role}\); }}'
            assert re.search(rule, CSS)


def test_the_style_sheet_is_legible() -> None:
    for values in blocks()[:2]:
        for text in ("ink", "muted", "good", "half", "bad"):
            for ground in ("ground", "panel"):
                assert style.contrast(values[f"look-{text}"], values[f"look-{ground}"]) >= 4.5
        for mark in ("edge", "focus"):  # what is no text needs 3
            assert style.contrast(values[f"look-{mark}"], values["look-ground"]) >= 3


def test_the_legend_shows_the_colour_map() -> None:
    stops = re.search(r"linear-gradient\(90deg, ([^)]*)\)", CSS)[1].split(", ")
    colours = matplotlib.colormaps[style.SPECTRUM_MAP](np.linspace(0, 1, len(stops)))
    for stop, colour in zip(stops, colours, strict=True):
        difference = np.abs(np.array(matplotlib.colors.to_rgb(stop)) - colour[:3])
        assert difference.max() < 3 / 255, to_hex(colour)
    assert FLOOR_DB == -80
    ground = re.search(r"\.sound-plot \{ background: (#\w+)", CSS)[1]
    assert ground == to_hex(matplotlib.colormaps[style.SPECTRUM_MAP](0.0))
