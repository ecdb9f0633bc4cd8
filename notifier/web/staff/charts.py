"""Pictures of figures: drawn on the server by pygal as SVG, each served from an address of its own and shown as an image.

An image needs neither script nor inline style on the page, so the page keeps its strict policy; the picture's own style stands inside
the picture. Each part has its own hatching beside its own colour, and its number written on it, so that it reads in print and without
colour. The table beside it says the same.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from textwrap import shorten
from typing import Any, Final
from xml.etree.ElementTree import Element

from notifier.services.report_shapes import Cell, Figure, Kind

COLOURS: Final = ("#0b4f4a", "#c98a00", "#3b6ea5", "#8a3b6b", "#5c6b70", "#a3c4bf", "#d9b86a")
"""One for each part; each differs from its neighbours in lightness too."""

_HATCHES: Final = (
    "", '<path d="M0,8 l8,-8" stroke="#fff" stroke-width="2.4"/>', '<circle cx="3" cy="3" r="1.7" fill="#fff"/>',
    '<path d="M0,4 h8" stroke="#fff" stroke-width="2"/>', '<path d="M4,0 v8" stroke="#fff" stroke-width="2"/>',
    '<path d="M0,0 l8,8 M0,8 l8,-8" stroke="#10191c" stroke-width="1.2"/>', '<path d="M0,4 h8 M4,0 v8" stroke="#10191c" stroke-width="1"/>',
)  # fmt: skip

_INK, _QUIET, _LINE = "#10191c", "#4a5559", "#c3cbce"
WIDE, NARROW = 740, 380
"""Widths that a picture is drawn for: a desk and a telephone."""

_PLATE: Final = "fill: #ffffff; stroke: none"
"""Numbers stand on the hatching: a plain white plate under each keeps them legible, also in print."""

MOST_ROWS: Final = 30
"""So many rows are drawn at most; the table has them all."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
}
"""Beside a picture: opened by itself, it may have its own style and nothing else."""


def draw(figure: Figure, *, narrow: bool = False) -> str:
    """A figure as an SVG document with a title and a description; an empty frame where it has nothing to draw."""
    assert figure.chart is not None, f"{figure.key} has no picture"
    kind, (width, height) = figure.chart.kind, size_of(figure, narrow=narrow)
    rows = figure.drawn_rows[: MOST_ROWS if not narrow else 16]
    lying, series, across = _lying(kind, len(rows)), len(figure.chart.columns), 1 if narrow else _across(figure)
    made = _kind(kind, lying)(
        width=width, height=height, explicit_size=True,
        style=_style(narrow), disable_xml_declaration=False, js=[], pretty_print=False, no_data_text="Nothing in this time",
        print_values=True, print_values_position="center" if lying or kind is Kind.STACK else "top", print_zeroes=False, show_legend=series > 1, legend_at_bottom=True,
        legend_at_bottom_columns=across, legend_box_size=16, margin=8, margin_bottom=8 + 24 * (-(-series // across) - series // across), spacing=6, truncate_legend=-1, truncate_label=-1,
        show_minor_x_labels=True, x_label_rotation=0 if lying else _turned(rows, width), min_scale=2, max_scale=6, order_min=0,
        include_x_axis=True, tooltip_border_radius=0, value_formatter=_formatter(figure, figure.chart.columns[0]),
    )  # fmt: skip
    for place in range(series):
        made.config.defs.append(_pattern(place))
        made.config.css.append(
            f"inline:.color-{place} {{ fill: url(#hatch-{place}) !important; stroke: {_INK} !important; }}"
        )
    order = list(reversed(rows)) if lying else list(rows)
    made.x_labels = [shorten(str(row[0]), 30 if narrow else 46, placeholder="…") for row in order]
    for column in figure.chart.columns:
        made.add(figure.head[column], [_value(row[column]) for row in order])
    made.add_xml_filter(lambda root: _described(root, figure, narrow))
    return str(made.render(is_unicode=True))


def size_of(figure: Figure, *, narrow: bool = False) -> tuple[int, int]:
    """The width and height of a picture, for keeping its place on a page."""
    assert figure.chart is not None, f"{figure.key} has no picture"
    rows = len(figure.drawn_rows[: MOST_ROWS if not narrow else 16])
    return NARROW if narrow else WIDE, _height(figure.chart.kind, rows, len(figure.chart.columns), narrow)


@lru_cache(maxsize=1)
def _library() -> Any:
    """pygal, loaded where something is drawn first. Its hook into imports (for plugins, of an old kind that warns) is taken out."""
    before = list(sys.meta_path)
    import pygal
    import pygal.style

    sys.meta_path[:] = [
        finder for finder in sys.meta_path if finder in before or type(finder).__name__ != "PluginImportFixer"
    ]
    return pygal


def _across(figure: Figure) -> int:
    """How many names of parts stand side by side under a wide picture."""
    assert figure.chart is not None
    return 2 if any(len(figure.head[column]) > 26 for column in figure.chart.columns) else 3


def _lying(kind: Kind, rows: int) -> bool:
    """Whether bars lie: also where one or two columns would be blocks."""
    return kind is Kind.BARS or rows <= 2


def _kind(kind: Kind, lying: bool) -> Any:
    pygal = _library()
    if kind is Kind.STACK:
        return pygal.HorizontalStackedBar if lying else pygal.StackedBar
    return pygal.HorizontalBar if lying else pygal.Bar


def _height(kind: Kind, rows: int, series: int, narrow: bool) -> int:
    legend = 0 if series == 1 else 26 * (series if narrow else -(-series // 2))
    if _lying(kind, rows):
        return 60 + max(1, rows) * (36 if kind is Kind.STACK else 22 + 14 * series) + legend
    return (320 if narrow else 340) + legend


def _letters(narrow: bool) -> int:
    """The size of all letters and digits in a picture."""
    return 15 if narrow else 14


@lru_cache(maxsize=2)
def _style(narrow: bool) -> Any:
    size = _letters(narrow)
    return _library().style.Style(
        background="#ffffff", plot_background="#ffffff", foreground=_INK, foreground_strong=_INK, foreground_subtle=_LINE,
        font_family="Arial, 'Noto Sans', sans-serif", label_font_size=size, major_label_font_size=size, legend_font_size=size,
        value_font_size=size, no_data_font_size=20, opacity="1", opacity_hover="1", transition="0s", colors=COLOURS,
        value_colors=(_INK,) * len(COLOURS), value_background="#ffffff", guide_stroke_color=_LINE, major_guide_stroke_color=_LINE,
        guide_stroke_dasharray="0", major_guide_stroke_dasharray="0",
    )  # fmt: skip


def _turned(rows: Sequence[Sequence[Cell]], width: int) -> int:
    """Degrees by which the names below columns are turned, where they would run into each other."""
    longest = max((len(str(row[0])) for row in rows), default=0)
    return 60 if longest * 8 > (width - 60) / max(1, len(rows)) else 0


def _pattern(place: int) -> str:
    colour, hatch = COLOURS[place % len(COLOURS)], _HATCHES[place % len(_HATCHES)]
    return (
        f'<pattern id="hatch-{place}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour}"/>{hatch}</pattern>'
    )


def _formatter(figure: Figure, column: int) -> Any:
    if column in figure.money:
        return lambda value: f"£{value / 100:,.2f}" if value is not None else ""
    return lambda value: f"{value:,g}" if value is not None else ""


def _value(cell: Cell) -> float | None:
    return cell if isinstance(cell, int | float) else None


def _put_plates(group: Element, narrow: bool) -> None:
    """Put a white plate under every number."""
    size = _letters(narrow)
    for parent in list(group.iter()):
        for place, words in reversed(list(enumerate(parent))):
            if str(words.tag).endswith("text") and words.text:
                width = len(words.text) * size * 0.56 + 6  # digits of Arial are 0.556 of its size wide
                plate = {
                    "x": f"{float(words.get('x', '0')) - width / 2:.1f}",
                    "y": f"{float(words.get('y', '0')) - size * 0.9:.1f}",
                    "width": f"{width:.1f}", "height": f"{size:.1f}", "style": _PLATE,
                }  # fmt: skip
                parent.insert(place, Element("rect", plate))


def _described(root: Element, figure: Figure, narrow: bool) -> Element:
    """Name the picture, and take out what only pygal's script would use."""
    for parent in list(root.iter()):
        for child in list(parent):
            tag = str(child.tag).rpartition("}")[2]
            if tag in ("desc", "title", "script") or "tooltip-overlay" in (child.get("class") or ""):
                parent.remove(child)
    for group in root.iter():
        if "text-overlay" in (group.get("class") or ""):
            _put_plates(group, narrow)
    root.set("role", "img")
    root.set("aria-labelledby", "name description")
    name, description = Element("title", {"id": "name"}), Element("desc", {"id": "description"})
    name.text, description.text = figure.title, figure.said
    root.insert(0, name)
    root.insert(1, description)
    return root
