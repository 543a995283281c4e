"""Curves over logarithmic axes as SVG, readable on light and on dark paper."""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

#: Pixels of one panel, and of the room around its axes.
_WIDTH, _HEIGHT = 324, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 38, 34, 44
#: Pixels of a line of the legend.
_LINE = 20
_COLOURS = (("#1f6feb", "#58a6ff"), ("#bc4c00", "#f0883e"), ("#1a7f37", "#3fb950"), ("#8250df", "#bc8cff"))
_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.curve { fill: none; stroke-width: 2 }
"""
_DARK = """\
text { fill: #f0f6fc }
.grid { stroke: #3d444d }
"""


class Curve(NamedTuple):
    """One line, with points of positive coordinates."""

    label: str
    points: Sequence[tuple[float, float]]
    #: Curves of one colour, a number below four, belong together.
    colour: int
    #: Pixels of a dash and of what is between two; empty for a whole line.
    dashes: str = ""


class Panel(NamedTuple):
    """One pair of axes."""

    title: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel], x: str, y: str) -> str:
    """All panels side by side over the same axes, of which these are the names; the legend has each label once."""
    curves = [curve for panel in panels for curve in panel.curves]
    axes = _Axes.around([point for curve in curves for point in curve.points])
    legend = _legend(curves)
    width, height = _WIDTH * len(panels), _HEIGHT + _LINE * max(map(len, legend)) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<style>\n{_STYLE}{_curves(0)}@media (prefers-color-scheme: dark) {{\n{_DARK}{_curves(1)}}}\n</style>",
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * _WIDTH} 0)">', *_panel(panel, axes, x, y), "</g>"]
    for column, entries in enumerate(legend):
        for row, curve in enumerate(entries):
            parts += _entry(curve, _LEFT + column * width // len(legend), _HEIGHT + row * _LINE)
    return "\n".join([*parts, "</svg>\n"])


class _Axes(NamedTuple):
    """Powers of ten at the ends."""

    left: int
    right: int
    bottom: int
    top: int

    @classmethod
    def around(cls, points: Sequence[tuple[float, float]]) -> "_Axes":
        x, y = ([log10(value) for value in values] for values in zip(*points, strict=True))
        return cls(
            floor(min(x)), max(ceil(max(x)), floor(min(x)) + 1), floor(min(y)), max(ceil(max(y)), floor(min(y)) + 1)
        )

    def place(self, x: float, y: float) -> tuple[float, float]:
        """In pixels of a panel."""
        across = (log10(x) - self.left) / (self.right - self.left)
        up = (log10(y) - self.bottom) / (self.top - self.bottom)
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        return round(_LEFT + across * (right - _LEFT), 1), round(bottom - up * (bottom - _TOP), 1)


def _panel(panel: Panel, axes: _Axes, x: str, y: str) -> Iterator[str]:
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text class="title" x="{middle}" y="20" text-anchor="middle">{escape(panel.title)}</text>'
    yield f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>'
    yield f'<text x="6" y="{_TOP - 8}">{escape(y)}</text>'
    for power in range(axes.left, axes.right + 1):
        at, bottom = axes.place(10.0**power, 10.0**axes.bottom)
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{_number(power)}</text>'
    for power in range(axes.bottom, axes.top + 1):
        left, at = axes.place(10.0**axes.left, 10.0**power)
        yield f'<line class="grid" x1="{left}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{left - 6}" y="{at + 4}" text-anchor="end">{_number(power)}</text>'
    for curve in panel.curves:
        places = [axes.place(*point) for point in curve.points]
        yield f'<polyline {_look(curve)} points="{" ".join(f"{across},{down}" for across, down in places)}"/>'
        yield from (
            f'<circle class="point-{curve.colour}" cx="{across}" cy="{down}" r="3"/>' for across, down in places
        )


def _legend(curves: Sequence[Curve]) -> list[list[Curve]]:
    """A column for each colour, in which each label stands once."""
    labels = {curve.label: curve for curve in curves}.values()
    colours = dict.fromkeys(curve.colour for curve in labels)
    return [[curve for curve in labels if curve.colour == colour] for colour in colours]


def _entry(curve: Curve, x: int, y: int) -> Iterator[str]:
    yield f'<line {_look(curve)} x1="{x}" x2="{x + 28}" y1="{y + 8}" y2="{y + 8}"/>'
    yield f'<text x="{x + 36}" y="{y + 12}">{escape(curve.label)}</text>'


def _look(curve: Curve) -> str:
    return f'class="curve colour-{curve.colour}" stroke-dasharray="{curve.dashes or "none"}"'


def _curves(shade: int) -> str:
    return "".join(
        f".colour-{number} {{ stroke: {colours[shade]} }}\n.point-{number} {{ fill: {colours[shade]} }}\n"
        for number, colours in enumerate(_COLOURS)
    )


def _number(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
