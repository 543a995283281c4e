"""One measured figure and what it is held against."""

from dataclasses import dataclass


class NothingToMeasure(Exception):
    """What was asked for is not there; the text says what is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement of one run, comparable on any machine where `ratio` is what counts."""

    #: What was measured, in words.
    figure: str
    value: float
    #: Of `value` and `limit`.
    unit: str
    #: What the value is compared with, measured in the same run or stated by the goal.
    limit: float
    #: `value` divided by `limit`.
    ratio: float
    #: The goal in words: ``at most 1.5 us each``.
    goal: str
    met: bool


def at_most(figure: str, value: float, unit: str, limit: float, goal: str) -> Figure:
    """A figure whose goal is not to exceed the limit."""
    return Figure(figure, value, unit, limit, value / limit, goal, met=value <= limit)


def at_least(figure: str, value: float, unit: str, limit: float, goal: str) -> Figure:
    """A figure whose goal is to reach the limit."""
    return Figure(figure, value, unit, limit, value / limit, goal, met=value >= limit)
