"""Prices that cannot be, or that a strategy must not take at their word: splits, spikes, frozen or missing volume."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from bot.backtest.store.check.day_bars import DayBars, SymbolBars
from bot.backtest.store.check.findings import DataFinding, DataSeverity, import_again
from bot.backtest.store.intake.numbers import Flags
from bot.backtest.store.kinds import Kind
from bot.backtest.store.splits import LONG_WEEKEND, split_in_words

_SPIKE: Final = 0.10
"""A minute that leaves the price by so much and is back at once. Limit up-limit down (SEC, 2012) halts large stocks at 5 %."""
_NEAR_A_HUNDRED: Final = 0.06
"""An overnight move beside the leap itself."""


def impossible(bars: SymbolBars) -> Iterator[DataFinding]:
    """Bars that no trading makes: a price not above 0, a high below a low."""
    odd = tuple(x.day for x in bars.days if _impossible(x).any())
    if odd:
        yield _wrong(
            bars,
            "prices that cannot be (not above 0, or a high below a low)",
            odd,
            import_again(bars.symbol, odd),
        )


def _impossible(x: DayBars) -> Flags:
    low = np.minimum.reduce([x.open, x.close, x.high])
    sane = np.isfinite(x.open + x.high + x.low + x.close + x.volume)
    return np.asarray(~sane | (x.low <= 0) | (x.low > low) | (x.high < np.maximum(x.open, x.close)))


def spikes(bars: SymbolBars) -> Iterator[DataFinding]:
    """A minute far from both neighbours that agree with each other."""
    found = [(x, int(np.argmax(_spikes(x)))) for x in bars.days if _spikes(x).any()]
    if found:
        x, n = found[0]
        yield _wrong(
            bars,
            f"a price leaps and is back a minute later ({x.day}: low {x.low[n]:g}, high {x.high[n]:g} "
            f"beside {x.close[n - 1]:g})",
            tuple(day.day for day, _ in found),
            f"fetch the day again: ibkr-bot data fetch {bars.symbol} --from {x.day} --to {x.day} --replace",
        )


def _spikes(x: DayBars) -> Flags:
    odd: Flags = np.zeros(len(x.close), dtype=np.bool_)
    if len(x.close) < 3:
        return odd
    before, after = x.close[:-2], x.open[2:]
    agree = np.abs(after / before - 1) < _SPIKE / 3
    far = (x.high[1:-1] > before * (1 + _SPIKE)) | (x.low[1:-1] < before * (1 - _SPIKE))
    odd[1:-1] = agree & far
    return odd


def splits(bars: SymbolBars) -> Iterator[DataFinding]:
    """An overnight leap near n:1 or 1:n."""
    for before, after in pairwise(bars.days):
        if (after.day - before.day).days > LONG_WEEKEND:
            continue
        ratio = float(before.close[-1] / after.open[0])
        size = ratio if ratio > 1 else 1 / ratio
        if abs(size / 100 - 1) < _NEAR_A_HUNDRED:
            yield _wrong(
                bars,
                f"prices leap a hundredfold overnight ({before.close[-1]:g} to {after.open[0]:g}): cents on one side, dollars on "
                "the other",
                (after.day,),
                "divide the cents by 100 in the file and import it again with --replace",
            )
            continue
        words = split_in_words(float(before.close[-1]), float(after.open[0]))
        if words is not None:
            yield _wrong(
                bars,
                f"looks like a {words} split ({before.close[-1]:g} to {after.open[0]:g} overnight)",
                (after.day,),
                f"backtest to {before.day} or from {after.day}, or import bars that are adjusted for splits with --replace; "
                "recorded option strikes follow the raw price",
            )


def without_volume(bars: SymbolBars) -> Iterator[DataFinding]:
    """Days whose bars all have no volume: an index, or a source without it."""
    odd = tuple(x.day for x in bars.days if not x.volume.any())
    if odd:
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.NOTE,
            "no volume at all",
            odd,
            "set strategies.scalp.min_relative_volume to 0, or no signal fires; an index cannot be traded",
        )


def _wrong(bars: SymbolBars, what: str, days: tuple[date, ...], remedy: str) -> DataFinding:
    return DataFinding(bars.symbol, Kind.BARS_1M, DataSeverity.WRONG, what, days, remedy)
