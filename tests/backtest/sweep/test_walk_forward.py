"""Walk forward: a fold's choice knows nothing of its days, and the folds cover all days but the first stretch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.sweep.trial import Trial
from bot.backtest.sweep.walk_forward import walk_forward, walk_forward_table

RETURNS = st.floats(-0.05, 0.05).map(lambda x: round(x, 6))


def trial(name: str, returns: list[float]) -> Trial:
    days = tuple(f"day {n:03}" for n in range(len(returns)))
    return Trial((("strategies.scalp.fast_ema", name),), days, tuple(returns))


@given(
    st.integers(1, 6).flatmap(
        lambda folds: st.tuples(
            st.just(folds),
            st.integers(2 * (folds + 1), 60).flatmap(
                lambda days: st.lists(st.lists(RETURNS, min_size=days, max_size=days), min_size=1, max_size=5)
            ),
        )
    )
)
def test_what_comes_later_changes_no_choice(drawn: tuple[int, list[list[float]]]) -> None:
    folds, matrix = drawn
    trials = [trial(f"{n}", returns) for n, returns in enumerate(matrix)]

    found = walk_forward(trials, folds)

    assert len(found) == folds
    assert sum(len(x.returns) for x in found) + len(found[0].before) == len(matrix[0])
    for n, x in enumerate(found):
        known = len(x.before)
        other = [
            trial(f"{k}", [*row[:known], *(-value for value in row[known:])]) for k, row in enumerate(matrix)
        ]
        assert walk_forward(other, folds)[n].chosen.changes == x.chosen.changes


def test_the_winner_of_the_first_half_is_chosen_though_it_loses_then() -> None:
    early = trial("3", [0.01, 0.02] * 5 + [-0.01, -0.02] * 5)
    late = trial("9", [-0.01, -0.02] * 5 + [0.01, 0.02] * 5)

    [fold] = walk_forward([late, early], 1)
    table = walk_forward_table([fold])

    assert fold.chosen == early
    assert (fold.first, fold.last) == ("day 010", "day 019")
    assert table is not None
    assert table.rows[0][2] == "fast ema 3"
    assert table.rows[-1][-1].startswith("-")


def test_too_few_days_or_no_possible_trial_give_no_folds() -> None:
    assert walk_forward([trial("3", [0.01] * 5)], 2) == ()
    assert walk_forward([Trial((), error="refused")], 1) == ()
    assert walk_forward_table([]) is None
