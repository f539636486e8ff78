"""How the trades' results are spread: steps of a round size, cut at zero, so that no bar holds both profits and losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from bot.backtest.outcome import Outcome
from bot.ops.page.drawings import Distribution

_BARS: Final = 24
"""At most about so many."""


def results(out: Outcome) -> tuple[Distribution, ...]:
    """The trades after commissions; () for fewer than two."""
    found = [float(x.pnl) for x in out.trades.values()]
    if len(found) < 2:
        return ()
    edges = round_edges(found)
    counts = [0] * (len(edges) - 1)
    for value in found:
        counts[min(int((value - edges[0]) // (edges[1] - edges[0])), len(counts) - 1)] += 1
    return (Distribution("Trades by result after commissions", tuple(edges), tuple(counts)),)


def round_edges(values: Sequence[float]) -> list[float]:
    """Edges around all values, multiples of 1, 2 or 5 times a power of ten; every value but the last edge lies below its own."""
    low, high = min(*values, 0.0), max(*values, 0.0)
    rough = max(high - low, 1e-9) / _BARS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first, last = math.floor(low / step), math.floor(high / step) + 1
    return [n * step for n in range(first, last + 1)]
