"""A sweep's results: the best in the first part of the days beside what they did in the rest, and what the search is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.backtest.sweep.overfit import (
    YEAR_ROOT,
    daily_sharpe,
    deflated_sharpe,
    expected_best,
    probability_of_overfitting,
    to_choose_by,
    whole_return,
    yearly_sharpe,
)
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Trial
from bot.ops.page.document import Table


@dataclass(frozen=True, slots=True)
class Swept:
    """``split`` is the number of days in sample; ``ranked`` by the Sharpe ratio there, best first, and last where it is unknown.

    None: too little is known, of one combination or one day.
    """

    ranked: tuple[Trial, ...]
    refused: tuple[Trial, ...]
    split: int
    deflated: float | None
    by_luck: float | None
    overfit: float | None


def judge_sweep(trials: Sequence[Trial], out_of_sample: float) -> Swept:
    """Rank the trials by the first days; the rest of the days has no say."""
    good = [x for x in trials if not x.error]
    days = min((len(x.returns) for x in good), default=0)
    split = max(1, round(days * (1 - out_of_sample))) if days else 0
    matrix = np.array([x.returns[:days] for x in good], dtype=np.float64).T
    inside = [np.array(x.returns[:split]) for x in good]
    ranked = tuple(sorted(good, key=lambda x: (-to_choose_by(np.array(x.returns[:split])), x.changes)))
    sharpes = np.array([x for x in map(daily_sharpe, inside) if x is not None])
    best = np.array(ranked[0].returns[:split]) if ranked else None
    return Swept(
        ranked,
        tuple(x for x in trials if x.error),
        split,
        None if best is None else deflated_sharpe(best, sharpes, len(good)),
        expected_best(sharpes, len(good)) * YEAR_ROOT if len({*sharpes}) > 1 else None,
        None if best is None else probability_of_overfitting(matrix),
    )


def sweep_table(swept: Swept, shown: int) -> Table:
    """The best, in sample beside out of sample."""
    keys = [key for key, _ in swept.ranked[0].changes] if swept.ranked else []
    short = [key.rsplit(".", 1)[-1].replace("_", " ") for key in keys]
    columns = (*short, "trades", "Sharpe in", "Sharpe out", "return in", "return out", "result, USD")
    rows = tuple(_row(x, swept.split) for x in swept.ranked[:shown])
    right = tuple(range(len(keys), len(columns)))
    return Table(f"Best {min(shown, len(swept.ranked))} of {len(swept.ranked)}", columns, rows, right)


def _row(x: Trial, split: int) -> tuple[str, ...]:
    inside, outside = np.array(x.returns[:split]), np.array(x.returns[split:])
    sharpes = (cell_of(yearly_sharpe(part), ".2f") for part in (inside, outside))
    returns = (cell_of(whole_return(part), ".2%") for part in (inside, outside))
    return (*(value for _, value in x.changes), f"{x.trades}", *sharpes, *returns, f"{x.result:,.2f}")


def cell_of(figure: float | None, form: str) -> str:
    """A table's cell: empty where the figure is not known."""
    return "" if figure is None else format(figure, form)


def refused_table(swept: Swept, shown: int) -> Table | None:
    """What the settings' own checks refused, with the reason; None for nothing."""
    if not swept.refused:
        return None
    keys = [key.rsplit(".", 1)[-1].replace("_", " ") for key, _ in swept.refused[0].changes]
    rows = tuple((*(value for _, value in x.changes), x.error) for x in swept.refused[:shown])
    left_out = len(swept.refused) - len(rows)
    note = f"{left_out:,} more are not shown (--top)." if left_out else ""
    return Table("Refused by the settings' own checks", (*keys, "reason"), rows, (), note)


def without_effect(swept: Swept) -> tuple[str, ...]:
    """The keys of which no value made a difference to any day, whatever all else was: of a strategy that never fired, perhaps."""
    keys = [key for key, _ in swept.ranked[0].changes] if swept.ranked else []
    return tuple(key for n, key in enumerate(keys) if _is_without_effect(swept.ranked, n))


def _is_without_effect(trials: Sequence[Trial], place: int) -> bool:
    """False, too, where no two trials differ in that setting alone."""
    alike: dict[Changes, list[tuple[float, ...]]] = {}
    for x in trials:
        alike.setdefault(x.changes[:place] + x.changes[place + 1 :], []).append(x.returns)
    groups = [found for found in alike.values() if len(found) > 1]
    return bool(groups) and all(len({*found}) == 1 for found in groups)


def worth_in_words(swept: Swept) -> str:
    """What the search is worth, in one sentence each."""
    said = [f"{len(swept.ranked)} tried, {len(swept.refused)} refused by the settings' own checks."]
    if swept.by_luck is not None:
        said.append(f"The best of so many without skill would show a Sharpe ratio of {swept.by_luck:.2f}.")
    if swept.deflated is not None:
        said.append(
            f"Deflated Sharpe ratio of the best: {swept.deflated:.0%} (below 95 %: luck explains it; "
            "Bailey and López de Prado, 2014)."
        )
    if swept.overfit is not None:
        said.append(f"Probability of backtest overfitting: {swept.overfit:.0%} (Bailey and others, 2015).")
    if idle := without_effect(swept):
        said.append(f"No value of {' or '.join(idle)} made a difference on any of these days.")
    worths = {"the deflated Sharpe ratio": swept.deflated, "the probability of overfitting": swept.overfit}
    if unknown := [name for name, worth in worths.items() if worth is None]:
        said.append(f"Days and combinations are too few, or too alike, to say {' and '.join(unknown)}.")
    return " ".join(said)


def mapped(trials: Sequence[Trial]) -> list[int]:
    """The places of the keys that maps are drawn of: those with more than one value, if there are two of them."""
    keys = range(len(trials[0].changes)) if trials else range(0)
    varied = [n for n in keys if len({x.changes[n] for x in trials}) > 1]
    return varied if len(varied) > 1 else [*keys]


def heat_map(swept: Swept) -> Table | None:
    """Mean Sharpe ratio in sample over the first two keys that vary; None for fewer keys."""
    places = mapped(swept.ranked)[:2]
    if len(places) < 2:
        return None
    row_key, column_key = (swept.ranked[0].changes[n][0] for n in places)
    cells: dict[tuple[str, str], list[float]] = {}
    for x in swept.ranked:
        row, column = (x.changes[n][1] for n in places)
        sharpe = yearly_sharpe(np.array(x.returns[: swept.split]))
        cells.setdefault((row, column), []).extend(() if sharpe is None else (sharpe,))
    rows, columns = ({place[n] for place in cells} for n in (0, 1))
    ordered = by_size(columns)
    body = tuple((row, *(_mean(cells.get((row, column))) for column in ordered)) for row in by_size(rows))
    title = f"Sharpe ratio in sample: {row_key} (down) by {column_key} (across), mean over all else"
    return Table(title, (row_key.rsplit(".", 1)[-1], *ordered), body, tuple(range(1, len(ordered) + 1)))


def _mean(values: list[float] | None) -> str:
    return f"{sum(values) / len(values):.2f}" if values else ""


def by_size(values: Iterable[str]) -> list[str]:
    """Settings' values as a person would count them: numbers by size, then words."""
    return sorted(values, key=_number)


def _number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return math.inf, text
