"""Prices on the contract's tick grid: a bracket's three, and the limits of a closing order. The one place that rounds.

Rule: rounding never adds risk and never asks for more than was meant. An entry pays no more than was approved; a stop
rounds up, towards the entry; a target rounds down, towards being reached. No price is made from a last trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import Contract, TickGrid
from bot.domain.frozen import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class BracketPrices:
    """Entry limit (or the price paid), target limit and stop trigger: per unit, as orders carry them."""

    entry: Decimal
    target: Decimal
    stop: Decimal

    @property
    def is_sane(self) -> bool:
        """A long bracket's order: 0 < stop < entry < target."""
        return 0 < self.stop < self.entry < self.target


def bracket_around(
    grid: TickGrid, entry: Decimal, take_profit_pct: Decimal, stop_loss_pct: Decimal
) -> BracketPrices:
    """Target and stop around ``entry``, which stays as it is; the target is at least one tick above it.

    The prices of a premium of a few ticks may come out without room for a stop: see ``is_sane``.
    """
    target = max(grid.round_down(entry * (1 + take_profit_pct)), one_tick_above(grid, entry))
    return BracketPrices(entry, target, grid.round_up(entry * (1 - stop_loss_pct)))


def on_grid(grid: TickGrid, planned: BracketPrices) -> BracketPrices:
    """Approved prices on this grid; what lies on it already stays, and what makes no sense stays without sense."""
    entry, target = grid.round_down(planned.entry), grid.round_down(planned.target)
    if planned.target > planned.entry:
        target = max(target, one_tick_above(grid, entry))
    return BracketPrices(entry, target, grid.round_up(planned.stop))


def protection_around(grid: TickGrid, planned: BracketPrices, paid: Decimal) -> BracketPrices:
    """Prices for a fresh pair around a position bought at ``paid`` on average.

    Where the fill was so much better than the limit that the planned stop lies above it, the plan's ratio decides.
    """
    kept = on_grid(grid, planned)
    if kept.stop < paid < kept.target:
        return BracketPrices(paid, kept.target, kept.stop)
    moved = bracket_around(grid, paid, planned.target / planned.entry - 1, 1 - planned.stop / planned.entry)
    # A stop at or above the price paid would go off at once: the tick below it is the nearest that may stand.
    return BracketPrices(paid, moved.target, max(least(grid), min(moved.stop, one_tick_below(grid, paid))))


def counted_from(grid: TickGrid, planned: BracketPrices, paid: Decimal) -> BracketPrices:
    """The plan's target and stop in the same proportion to the price ``paid``; the plan itself where that is its entry."""
    target = max(grid.round_down(paid * planned.target / planned.entry), one_tick_above(grid, paid))
    return BracketPrices(paid, target, grid.round_up(paid * planned.stop / planned.entry))


def follow(grid: TickGrid, trigger: Decimal, below: Decimal) -> Decimal:
    """The limit of a stop that lies ``below`` its trigger: on the grid, and at least its smallest price."""
    return max(least(grid), grid.round_down(trigger - below))


def least(grid: TickGrid) -> Decimal:
    """The smallest price on the grid."""
    return grid.steps[0][1]


def climb(grid: TickGrid, price: Decimal, ticks: int) -> Decimal:
    """The grid price that many ticks higher."""
    for _ in range(ticks):
        price += grid.increment(price)
    return price


def one_tick_above(grid: TickGrid, price: Decimal) -> Decimal:
    """The lowest price on the grid that is above this one."""
    lower = grid.round_down(price)
    return lower + grid.increment(lower)


def one_tick_below(grid: TickGrid, price: Decimal) -> Decimal:
    """The highest price on the grid that is below this one."""
    upper = grid.round_up(price)
    return grid.round_down(upper - grid.increment(upper))


def selling_price(contract: Contract, bid: Decimal, ticks_below: int, max_slip: float) -> Decimal:
    """A limit ``ticks_below`` the bid, never further than ``max_slip`` of it, never below one tick."""
    ticks = contract.ticks
    price = ticks.round_down(bid)
    for _ in range(ticks_below):
        price = ticks.round_down(price - ticks.increment(price))
    floor = ticks.round_up(bid * (1 - Decimal(str(max_slip))))
    return max(price, min(floor, ticks.round_down(bid)), least(ticks))


def buying_price(contract: Contract, ask: Decimal, ticks_above: int, max_slip: float) -> Decimal:
    """The mirror of :func:`selling_price`, from the ask up."""
    ticks = contract.ticks
    price = ticks.round_up(ask)
    for _ in range(ticks_above):
        price = ticks.round_up(price + ticks.increment(price))
    ceiling = ticks.round_down(ask * (1 + Decimal(str(max_slip))))
    return min(price, max(ceiling, ticks.round_up(ask)))
