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


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_labels_on_the_colours_are_legible(mode: str) -> None:
    for role in style.ROLES:
        assert style.contrast(style.role_ink(role, mode), style.role_colour(role, mode)) >= 4.5


def test_roles_differ_without_colour() -> None:
    looks = {(str(style.DASHES[role]), style.MARKERS[role]) for role in style.ROLES}
    assert len(looks) == len(style.ROLES)
    assert len(set(style.MARKERS.values())) == len(style.ROLES)


@pytest.mark.parametrize(("role", "mode"), [("blue", "light"), ("plain", "sepia")])
def test_unknown_words_are_named(role: str, mode: str) -> None:
    with pytest.raises(ValueError, match=r"found '(blue|sepia)'"):
        style.role_colour(role, mode)


def test_nothing_is_smaller_than_nine_points() -> None:
    sizes = [value for key, value in style.THEME.settings().items() if re.search("size$", key) and "fig" not in key]
    assert len(sizes) >= 6
    assert min(sizes) >= 9


@pytest.mark.parametrize("across", style.PANEL_INCHES)
def test_no_text_is_under_eight_points_on_a_phone(across: int) -> None:
    """The text of the book is 358 pixels wide on a phone of 390; a panel is shown no wider than that."""
    shown = min(358, style.PANEL_INCHES[across] * style.PIXELS_PER_INCH) / style.PIXELS_PER_INCH
    assert style.SMALL_POINTS * shown / style.PANEL_INCHES[across] >= 8


def test_every_axes_is_a_panel_or_every_column() -> None:
    figure, axes = style.THEME.figure(2, 3, height=1.5, sharex=True)
    assert (figure.across, figure.panels) == (3, [[each] for each in axes])
    assert figure.get_size_inches().tolist() == [style.PANEL_INCHES[3], 9.0]
    assert all(each.xaxis.get_tick_params()["labelbottom"] for each in axes)
    figure, axes = style.THEME.figure(2, 3, stacked=True, sharex=True)
    assert figure.panels == [[axes[k], axes[k + 3]] for k in range(3)]  # axes are in reading order
    assert [each.xaxis.get_tick_params()["labelbottom"] for each in axes] == [False] * 3 + [True] * 3


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
    for mode, values in {"light": light, "dark": dark}.items():
        for role in style.ROLES:
            assert values[f"role-{role}"].upper() == style.role_colour(role, mode)
            assert values[f"ink-{role}"].upper() == style.role_ink(role, mode)
            rule = rf'\[data-role="{role}"\] {{ --mark: var\(--role-{role}\); --mark-ink: var\(--ink-{role}\); }}'
            assert re.search(rule, CSS)


def test_the_style_sheet_changes_the_ink_of_figures() -> None:
    """Every colour that differs between the modes has its rules, and no other."""
    theme = style.THEME
    inks = {"look-ink": theme.ink, "look-muted": theme.muted, "look-line": theme.grid}
    inks |= {f"role-{role}": theme.colour(role) for role, modes in style.ROLES.items() if len(set(modes)) > 1}
    rules = re.findall(r'\.figure-panels \[(fill|stroke)="(#\w+)"\] \{ (\w+): var\(--([\w-]+)\); \}', CSS)
    wanted = [(kind, colour.lower(), kind, name) for name, colour in inks.items() for kind in ("fill", "stroke")]
    assert sorted(rules) == sorted(wanted)
    assert theme.ink == blocks()[0]["look-ink"].upper()
    assert theme.muted == blocks()[0]["look-muted"].upper()


def test_the_style_sheet_is_legible() -> None:
    for values in blocks()[:2]:
        for text in ("ink", "muted", "good", "half", "bad"):
            for ground in ("ground", "panel"):
                assert style.contrast(values[f"look-{text}"], values[f"look-{ground}"]) >= (7 if text == "ink" else 4.5)
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
