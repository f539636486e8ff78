"""Which rows cannot be true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from bot.backtest.store.intake.numbers import Flags, Floats
from bot.backtest.store.kinds import Int64s

_LARGEST: Final = 1e15
"""Beyond it a float no longer counts single units: no price and no volume is that large."""

_DEAREST: Final = 1e7
"""USD: ten times the dearest share there ever was."""

_MANY, _LARGE = 40, 1000.0
"""Prices, and USD: an index or a stock of a thousand still has cents in nearly every bar."""


def bad_bars(prices: Mapping[str, Floats]) -> tuple[Flags, str]:
    """Rows that no bar can be, and in words what is wrong with the first of them."""
    o, h, low, c, volume = (prices[name] for name in ("open", "high", "low", "close", "volume"))
    wrongs = {
        "a figure is unknown or absurd": ~_all_sane(o, h, low, c, volume),
        "a price is not above 0": ~((o > 0) & (h > 0) & (low > 0) & (c > 0)),
        "a price is above 10,000,000 USD; is it in a smaller unit?": np.fmax.reduce([o, h, low, c])
        > _DEAREST,
        "the volume is below 0": volume < 0,
        "the high is below another price": (h < o) | (h < c) | (h < low),
        "the low is above another price": (low > o) | (low > c),
    }
    return _first_wrong(wrongs)


def seems_in_cents(prices: Mapping[str, Floats]) -> bool:
    """Whether no price of many has cents, though all are large: of true prices one in a hundred has none."""
    each = np.concatenate([prices[name] for name in ("open", "high", "low", "close")])
    known = each[np.isfinite(each)]
    return len(known) >= _MANY and bool((known >= _LARGE).all() and (known == np.rint(known)).all())


def seems_a_running_sum(days: Int64s, volume: Floats) -> bool:
    """Whether the volume never falls within a day, and grows in each: then it counts from the day's beginning."""
    long_days = [part for part in np.split(volume, np.flatnonzero(np.diff(days)) + 1) if len(part) >= _MANY]
    return bool(long_days) and all((np.diff(x) >= 0).all() and x[-1] > x[0] for x in long_days)


def bad_books(bid: Floats, ask: Floats, counts: Mapping[str, Floats], last: Floats) -> tuple[Flags, str]:
    """Rows that no quote can be. A side may be absent (NaN); a crossed book is a fact, for ``data check`` to tell.

    ``counts`` by their columns' names.
    """
    wrongs = {
        "a figure is absurd": np.isinf(bid) | np.isinf(ask) | (bid > _LARGEST) | (ask > _LARGEST),
        "a price is below 0": (bid < 0) | (ask < 0),
        "the last price is below 0 or absurd": ~_sizes_sane(last),
    }
    wrongs |= {f"{name} is below 0 or absurd": ~_sizes_sane(values) for name, values in counts.items()}
    return _first_wrong(wrongs)


def _sizes_sane(sizes: Floats) -> Flags:
    return np.asarray(np.isnan(sizes) | ((sizes >= 0) & (sizes < _LARGEST)), dtype=np.bool_)


def _all_sane(*columns: Floats) -> Flags:
    return np.asarray(
        np.logical_and.reduce([np.isfinite(x) & (np.abs(x) < _LARGEST) for x in columns]), dtype=np.bool_
    )


def _first_wrong(wrongs: Mapping[str, Flags]) -> tuple[Flags, str]:
    bad = np.logical_or.reduce(list(wrongs.values()))
    if not bad.any():
        return bad, ""
    first = int(np.argmax(bad))
    return bad, next(words for words, rows in wrongs.items() if rows[first])
