"""Figures of a page that are neither candles nor a line over time: a distribution, a map of two settings, many at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many of something fell between ``edges`` (one more than ``counts``). ``unit`` stands behind the edges."""

    title: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    unit: str = "USD"
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A value for each pair of ``rows`` and ``columns``; None where there is none. Green above 0, red below."""

    title: str
    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """``labels``: a value is a place among them; empty: it is a number."""

    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parallel:
    """A line a trial over parallel axes, coloured by its value on the axis of index ``colour``; drawn in the order given.

    None is unknown: it has a place of its own below the axis, and no colour.
    """

    title: str
    axes: tuple[Axis, ...]
    lines: tuple[tuple[float | None, ...], ...]
    colour: int
    note: str = ""
