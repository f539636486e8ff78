"""Prices on the contract's tick grid. Rule: rounding never costs us: entries down, targets and stops up, and no
price is made from a last trade."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import Contract, TickGrid
from bot.domain.messages import PlaceBracket


@dataclass(frozen=True, slots=True)
class BracketPrices:
    """Entry limit, target limit and stop trigger, all per unit and on the grid."""

    entry: Decimal
    target: Decimal
    stop: Decimal

    @property
    def is_sane(self) -> bool:
        """A long bracket's order: 0 < stop < entry < target."""
        return 0 < self.stop < self.entry < self.target


def bracket_prices(place: PlaceBracket) -> BracketPrices:
    """The approved prices on the grid: never paying more, never selling for less, never risking more."""
    ticks = place.contract.ticks
    return BracketPrices(
        ticks.round_down(place.entry_limit), ticks.round_up(place.target), ticks.round_up(place.stop)
    )


def protection_prices(place: PlaceBracket, paid: Decimal) -> BracketPrices:
    """Prices for a fresh pair around a position bought at ``paid`` on average.

    Where the fill was so much better than the limit that the planned stop lies above it, the plan's ratio decides.
    """
    planned = bracket_prices(place)
    if planned.stop < paid < planned.target:
        return BracketPrices(paid, planned.target, planned.stop)
    ticks = place.contract.ticks
    stop = max(ticks.round_down(paid * place.stop / place.entry_limit), least(ticks))
    return BracketPrices(paid, ticks.round_up(paid * place.target / place.entry_limit), stop)


def least(ticks: TickGrid) -> Decimal:
    """The smallest price on the grid."""
    return ticks.steps[0][1]


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
