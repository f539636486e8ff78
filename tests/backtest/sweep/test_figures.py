"""A sweep's pictures hold every trial, and each map's cell is the mean of its trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bot.backtest.sweep.figures import heat_maps, parallel
from bot.backtest.sweep.overfit import yearly_sharpe
from bot.backtest.sweep.space import grid
from bot.backtest.sweep.table import heat_map, judge_sweep
from bot.backtest.sweep.trial import Trial

AXES = [
    ("strategies.scalp.fast_ema", ("5", "10", "8")),
    ("selection.expiry", ("weekly", "nearest")),
    ("a.b", ("1", "2")),
]


def trials() -> list[Trial]:
    random = np.random.default_rng(2)
    days = tuple(f"{n}" for n in range(40))
    return [
        Trial(changes, days, tuple(random.normal(0, 0.01, 40)), n, 3.5 * n)
        for n, changes in enumerate(grid(AXES))
    ]


def test_every_trial_is_a_line_from_its_settings_to_what_they_brought() -> None:
    swept = judge_sweep(trials(), 0.3)

    [found] = parallel(swept)

    names = [axis.name for axis in found.axes]
    assert names == ["b", "expiry", "fast_ema", "Sharpe in", "Sharpe out", "trades", "result"]
    assert found.axes[2].labels == ("5", "8", "10")
    assert len(found.lines) == 12
    best = found.lines[-1]  # drawn last, so that nothing covers it
    read = [found.axes[n].labels[int(best[n] or 0)] for n in range(3)]
    assert read == [value for _, value in swept.ranked[0].changes]
    assert best[found.colour] == max(line[found.colour] or 0 for line in found.lines)
    assert best[-2:] == (swept.ranked[0].trades, swept.ranked[0].result)


def test_a_map_s_cell_is_the_mean_of_its_trials_in_sample_and_out_of_sample() -> None:
    swept = judge_sweep(trials(), 0.3)

    maps = heat_maps(swept)

    assert len(maps) == 6
    outside = next(
        x for x in maps if "out of sample" in x.title and (x.down, x.across) == ("expiry", "fast_ema")
    )
    assert outside.rows == ("nearest", "weekly")
    cell = outside.values[1][outside.columns.index("10")]
    wanted = [
        yearly_sharpe(np.array(x.returns[28:]))
        for x in swept.ranked
        if {("selection.expiry", "weekly"), ("strategies.scalp.fast_ema", "10")} <= set(x.changes)
    ]
    assert len(wanted) == 2
    assert cell == pytest.approx(sum(x for x in wanted if x is not None) / 2)


def test_a_combination_that_was_not_tried_has_an_empty_cell() -> None:
    some = [
        x
        for x in trials()
        if x.changes[1:] != (("selection.expiry", "weekly"), ("strategies.scalp.fast_ema", "5"))
    ]

    maps = heat_maps(judge_sweep(some, 0.0))

    assert all("in sample" in x.title for x in maps)
    of_two = next(x for x in maps if (x.down, x.across) == ("expiry", "fast_ema"))
    assert of_two.values[1][of_two.columns.index("5")] is None


def test_of_nothing_possible_nothing_is_drawn() -> None:
    nothing = judge_sweep([Trial((), error="refused")], 0.3)

    assert parallel(nothing) == ()
    assert heat_maps(nothing) == ()


def idle(n: int) -> Trial:
    """One that never traded."""
    return Trial((("a.b", f"{n}"), ("c", "1")), tuple(f"{n}" for n in range(40)), (0.0,) * 40, 0, 0.0)


def test_an_unknown_ratio_is_drawn_as_unknown_and_not_as_0() -> None:
    losing = replace(idle(1), returns=tuple(-0.001 * (n % 3) for n in range(40)), trades=3)
    swept = judge_sweep([idle(2), losing], 0.3)

    [found] = parallel(swept)

    places = [[axis.name for axis in found.axes].index(name) for name in ("Sharpe in", "Sharpe out")]
    drawn = {line[0]: [line[n] for n in places] for line in found.lines}
    assert drawn[1.0] == [None, None]
    assert all(value is not None and value < 0 for value in drawn[0.0])
    assert [x.values[1] for x in heat_maps(swept)] == [(None,), (None,)]
    assert all("unknown" in x.note for x in heat_maps(swept))


def test_maps_are_of_settings_that_vary() -> None:
    swept = judge_sweep([replace(x, changes=(("A.same", "1"), *x.changes)) for x in trials()], 0.3)

    assert {x.down for x in heat_maps(swept)} | {x.across for x in heat_maps(swept)} == {
        "b",
        "expiry",
        "fast_ema",
    }
    table = heat_map(swept)
    assert table is not None
    assert [row[0] for row in table.rows] == ["1", "2"]
