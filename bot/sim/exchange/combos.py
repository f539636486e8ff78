"""Combinations: several contracts bought and sold as one. What one costs, and what a fill of one is made of. Pure.

Rule: a combination is traded and never held; positions, money and margin know its legs alone. Its price is USD per unit of the
leg with the largest multiplier (a covered call of 100 shares and one option costs the share's price less the option's), and is
negative where money comes in (IBKR Campus, "Complex Orders").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import ConId, Side, Symbol
from bot.sim.exchange.conditions import BookOf
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.market.quotes import EMPTY_BOOK, TopOfBook

# As gateways print them in openOrder and execDetails: one id for every combination in USD (recorded openOrder messages).
COMBO_ID = 28812380
COMBO_CLASS = "COMB"
COMBO = "BAG"
"""IB's kind of a combination. The bot has no such kind: it trades none, and its journal stays readable to older releases."""


@dataclass(frozen=True, slots=True)
class ComboLeg:
    """``ratio`` contracts or shares, bought or sold for one of the combination bought."""

    contract: Contract
    side: Side
    ratio: int

    @property
    def signed(self) -> int:
        return self.side.sign * self.ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo(Contract):
    """IB's BAG. ``con_id`` is of this combination alone; on the wire all of them bear :data:`COMBO_ID`."""

    legs: tuple[ComboLeg, ...]

    def weight(self, leg: ComboLeg) -> Decimal:
        """How often a leg's price is counted, signed."""
        return Decimal(leg.signed * leg.contract.multiplier) / self.multiplier

    @property
    def description(self) -> str:
        """IB's comboLegsDescrip: ``265598|1,413952948|-1``."""
        return ",".join(f"{leg.contract.con_id}|{leg.signed}" for leg in self.legs)


def wire_kind(contract: Contract) -> str:
    """The contract's secType on the wire."""
    return COMBO if isinstance(contract, Combo) else str(contract.sec_type)


@dataclass(frozen=True, slots=True)
class LegFill:
    """What one leg trades when its combination does."""

    contract: Contract
    side: Side
    quantity: Units
    price: Decimal


def parts(contract: Contract, signed: Units) -> Iterator[tuple[Contract, Units]]:
    """What a trade of ``signed`` (negative: sold) of a contract moves: itself, or the legs of a combination."""
    if isinstance(contract, Combo):
        yield from ((leg.contract, signed * leg.signed) for leg in contract.legs)
    else:
        yield contract, signed


def consists_of(contract: Contract, con_id: ConId) -> bool:
    """Whether it is that contract, or has it as a leg."""
    return any(con_id == part.con_id for part, _ in ((contract, 1), *parts(contract, 1)))


def is_about(contract: Contract, symbol: Symbol) -> bool:
    """Whether it, or one of its legs, is that stock or an option on it."""
    return any(part.symbol == symbol for part, _ in parts(contract, 1))


def has_expired(contract: Contract, day: date) -> bool:
    """Whether it, or one of its legs, has seen its last day."""
    return any(part.expiry is not None and part.expiry <= day for part, _ in parts(contract, 1))


def combo_book(combo: Combo, book_of: BookOf) -> TopOfBook:
    """What the legs' quotes make it cost; a side is missing where one of the legs has none."""
    bid: Decimal | None = Decimal(0)
    ask: Decimal | None = Decimal(0)
    bid_sizes, ask_sizes = [], []
    for leg in combo.legs:
        book = book_of(leg.contract.con_id) or EMPTY_BOOK
        sides = (book.bid, book.bid_size), (book.ask, book.ask_size)
        (low, low_size), (high, high_size) = sides if leg.side is Side.BUY else sides[::-1]
        weight = combo.weight(leg)
        bid = None if bid is None or low is None else bid + weight * low
        ask = None if ask is None or high is None else ask + weight * high
        bid_sizes.append(low_size // leg.ratio)
        ask_sizes.append(high_size // leg.ratio)
    return TopOfBook(bid, ask, min(bid_sizes), min(ask_sizes), None)


def leg_fills(combo: Combo, side: Side, quantity: Units, price: Decimal, book_of: BookOf) -> list[LegFill]:
    """Legs at their quotes, the difference to ``price`` in one of them, so that they add up to it."""
    fills = [_at_quote(leg, side, quantity, book_of) for leg in combo.legs]
    weights = [combo.weight(leg) for leg in combo.legs]
    missing = price - sum((w * fill.price for w, fill in zip(weights, fills, strict=True)), Decimal(0))
    if missing:
        ways = sorted(range(len(fills)), key=lambda n: abs(weights[n]))
        moved = {n: fills[n].price + missing / weights[n] for n in ways}
        best = next((n for n in ways if moved[n] > 0), ways[0])
        fill = fills[best]
        fills[best] = LegFill(fill.contract, fill.side, fill.quantity, moved[best])
    return fills


def _at_quote(leg: ComboLeg, side: Side, quantity: Units, book_of: BookOf) -> LegFill:
    is_buy = (leg.side is Side.BUY) is (side is Side.BUY)
    book = book_of(leg.contract.con_id) or EMPTY_BOOK
    price = (book.ask if is_buy else book.bid) or book.last or Decimal(0)
    return LegFill(leg.contract, Side.BUY if is_buy else Side.SELL, quantity * leg.ratio, price)
