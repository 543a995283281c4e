"""Tests of the plot."""

from xml.etree import ElementTree as ET

from tests.bench.scale.plot import Curve, Panel, draw

CURVES = [Curve("a <few> jobs", [(1_000, 0.02), (1_000_000, 0.03)], 0), Curve("all", [(1_000, 0.02)], 1, "6 4")]
_SPACE = "{http://www.w3.org/2000/svg}"


def _read() -> ET.Element:
    return ET.fromstring(draw([Panel("one", CURVES), Panel("two", CURVES[:1])], "jobs", "s"))  # noqa: S314 - our own


def test_axes_are_marked_at_powers_of_ten_and_each_label_stands_once() -> None:
    words = [element.text for element in _read().iter(f"{_SPACE}text")]
    for panels, word in ((2, "1,000"), (2, "1,000,000"), (2, "0.01"), (2, "0.1"), (1, "a <few> jobs"), (1, "all")):
        assert words.count(word) == panels


def test_a_point_lies_where_its_logarithm_is() -> None:
    (left, right), *_ = (
        [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]
        for curve in _read().iter(f"{_SPACE}polyline")
    )
    grid = sorted({float(line.attrib["x1"]) for line in _read().iter(f"{_SPACE}line") if "y1" in line.attrib})
    assert left[0] in grid
    assert right[0] in grid
    assert left[1] > right[1]


def test_it_is_readable_on_dark_paper() -> None:
    assert "prefers-color-scheme: dark" in draw([Panel("one", CURVES)], "jobs", "s")
