"""A sweep as pictures: every trial as a line over its settings, and maps of two settings in sample beside out of sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from bot.backtest.sweep.overfit import yearly_sharpe
from bot.backtest.sweep.table import Swept, by_size, mapped
from bot.backtest.sweep.trial import Trial
from bot.domain.text import counted
from bot.ops.page.drawings import Axis, HeatMap, Parallel

_LINES: Final = 1_000
"""So many of the best and worst are drawn: more are a grey area that nobody can read."""
_PAIRS: Final = 6

_Value = Callable[[Trial], float | None]


def parallel(swept: Swept) -> tuple[Parallel, ...]:
    """One picture of all trials, the best by the first days on top; () for fewer than two."""
    if len(swept.ranked) < 2:
        return ()
    shown = _shown(swept.ranked)
    keys = [key for key, _ in shown[0].changes]
    values = [by_size({x.changes[n][1] for x in shown}) for n in range(len(keys))]
    axes = [Axis(key.rsplit(".", 1)[-1], tuple(found)) for key, found in zip(keys, values, strict=True)]
    inside, outside = _sharpes(swept)
    lines = tuple(
        (
            *(float(found.index(value)) for found, (_, value) in zip(values, x.changes, strict=True)),
            inside(x), outside(x), float(x.trades), x.result,
        )
        for x in reversed(shown)
    )  # fmt: skip
    results = tuple(Axis(name) for name in ("Sharpe in", "Sharpe out", "trades", "result"))
    left_out = len(swept.ranked) - len(shown)
    note = "Green is the best by Sharpe ratio in sample, which had the choice; out of sample had no say." + (
        f" {counted(left_out, 'trial')} of the middle {'is' if left_out == 1 else 'are'} not drawn."
        if left_out
        else ""
    )
    return (Parallel("Every trial, setting by setting", (*axes, *results), lines, len(axes), note),)


def _shown(ranked: Sequence[Trial]) -> list[Trial]:
    if len(ranked) <= _LINES:
        return list(ranked)
    return [*ranked[: _LINES // 2], *ranked[-_LINES // 2 :]]


def heat_maps(swept: Swept) -> tuple[HeatMap, ...]:
    """Of each pair of settings that vary (the first six) the mean Sharpe ratio in sample and out of sample."""
    if not swept.ranked:
        return ()
    inside, outside = _sharpes(swept)
    has_rest = swept.split + 1 < len(swept.ranked[0].returns)  # one day has no deviation
    pairs = list(combinations(mapped(swept.ranked), 2))[:_PAIRS]
    parts = (("in sample", inside), ("out of sample", outside)) if has_rest else (("in sample", inside),)
    return tuple(_map(swept.ranked, pair, name, value) for pair in pairs for name, value in parts)


def _map(trials: Sequence[Trial], pair: tuple[int, int], name: str, value: _Value) -> HeatMap:
    row, column = pair
    cells: dict[tuple[str, str], list[float]] = {}
    for x in trials:
        found = value(x)
        cells.setdefault((x.changes[row][1], x.changes[column][1]), []).extend(
            () if found is None else (found,)
        )
    rows, columns = (by_size({place[n] for place in cells}) for n in (0, 1))
    down, across = (trials[0].changes[n][0].rsplit(".", 1)[-1] for n in pair)
    values = tuple(tuple(_mean(cells.get((r, c))) for c in columns) for r in rows)
    note = "The mean over all other settings." if len(trials[0].changes) > 2 else ""
    if any(value is None for line in values for value in line):
        note = f"{note} — is unknown: not tried, or nothing was traded.".strip()
    return HeatMap(
        f"Sharpe ratio {name}: {down} and {across}", down, across, tuple(rows), tuple(columns), values, note
    )


def _mean(values: list[float] | None) -> float | None:
    return sum(values) / len(values) if values else None


def _sharpes(swept: Swept) -> tuple[_Value, _Value]:
    """A trial's yearly Sharpe ratio in the first days, and in the rest; each is reckoned once for all pictures."""
    inside = {x.changes: yearly_sharpe(np.array(x.returns[: swept.split])) for x in swept.ranked}
    outside = {x.changes: yearly_sharpe(np.array(x.returns[swept.split :])) for x in swept.ranked}
    return lambda x: inside[x.changes], lambda x: outside[x.changes]
