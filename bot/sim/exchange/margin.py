"""Reg T margin of a small US account: what positions tie up and what an order would.

Rule: long options are paid in full and have no loan value; long stock takes 50 % initially and 25 % to keep; short
stock 50 % and 30 % of its value on top of the proceeds; a naked short option takes its value plus 20 % of the
underlying less what it is out of the money, at least 10 %. A short call that shares cover ties up no more than the
shares and what it is in the money; spreads of one expiry tie up the most that they can lose at one price, an iron
condor that of one side.
Source: IBKR, "US Options Margin" (margin accounts); only pairs are looked for, so that the whole may be too high, as
IBKR says of its own search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import Right, SecType, Symbol
from bot.sim.exchange.fractions.sizes import Units, unsigned, whole_units
from bot.sim.exchange.logins.login import AccountType
from bot.sim.market.catalog import INDEX_SYMBOLS

_OF_A_STOCK, _OF_AN_INDEX = Decimal("0.20"), Decimal("0.15")
"""Of the underlying's value; a broad-based index needs less (FINRA Rule 4210 (f)(2))."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """USD tied up: to open, and to keep."""

    initial: Decimal
    maintenance: Decimal

    def __add__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial + other.initial, self.maintenance + other.maintenance)

    def __sub__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial - other.initial, self.maintenance - other.maintenance)


NOTHING = Requirement(Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Lot:
    """A position: signed quantity, its mark in USD a unit, and where the underlying stands."""

    contract: Contract
    quantity: Units
    mark: Decimal
    underlying: Decimal


@dataclass(frozen=True, slots=True)
class Naked:
    """Short options that neither shares nor a long option cover, in contracts."""

    calls: int = 0
    puts: int = 0
    spreads: Decimal = field(default=Decimal(0), compare=False)
    """USD that those may lose which a long option covers, each pair by itself."""


def margin(lots: Iterable[Lot], kind: AccountType = AccountType.MARGIN) -> Requirement:
    """What positions tie up together."""
    total = NOTHING
    for group in _by_symbol(lots):
        pairing = _Pairing(group)
        total = total + (
            pairing.in_cash() if kind is AccountType.CASH else _least_of(kind, pairing.requirement(), group)
        )
    return total


def _least_of(kind: AccountType, by_rule: Requirement, lots: list[Lot]) -> Requirement:
    """By risk in a portfolio margin account, for both, and never more than by rule."""
    if kind is not AccountType.PORTFOLIO:
        return by_rule
    risk = stressed(lots)
    return Requirement(min(by_rule.initial, risk), min(by_rule.maintenance, risk))


_STRESS = tuple(Decimal(n) / 100 for n in range(-15, 16, 3))
"""The underlying's moves that a stock portfolio is tried against (OCC, TIMS: 15 % up and down in ten equal steps)."""
_LEAST_A_UNIT = Decimal("0.375")
"""USD a unit of an option that a portfolio margin account holds at least (FINRA Rule 4210 (g))."""


def stressed(lots: list[Lot]) -> Decimal:
    """The most that one underlying's positions lose over the moves; an option keeps its time value (own simplification)."""
    worst = max(-sum((_gain(lot, move) for lot in lots), Decimal(0)) for move in _STRESS)
    options = (lot for lot in lots if lot.contract.sec_type is SecType.OPTION)
    least = sum(
        (unsigned(lot.quantity) * lot.contract.multiplier * _LEAST_A_UNIT for lot in options), Decimal(0)
    )
    return max(worst, least)


def _gain(lot: Lot, move: Decimal) -> Decimal:
    """USD that a position gains when its underlying moves by this part of its price."""
    units, spot = lot.quantity * lot.contract.multiplier, lot.underlying
    if lot.contract.sec_type is not SecType.OPTION:
        return units * lot.mark * move
    return units * (_inside(lot.contract, spot * (1 + move)) - _inside(lot.contract, spot))


def naked(lots: Iterable[Lot]) -> Naked:
    """How many short options nothing covers."""
    pairings = [_Pairing(group) for group in _by_symbol(lots)]
    left = [lot for pairing in pairings for lot in pairing.left]
    calls = sum(whole_units(-lot.quantity) for lot in left if lot.contract.right is Right.CALL)
    spreads = sum((pairing.at_risk() for pairing in pairings), Decimal(0))
    return Naked(calls, sum(whole_units(-lot.quantity) for lot in left) - calls, spreads)


def requirement(contract: Contract, quantity: Units, mark: Decimal, underlying: Decimal) -> Requirement:
    """Margin of ``quantity`` (signed) at ``mark`` USD per unit, alone; the underlying stands at ``underlying``."""
    value = unsigned(quantity) * mark * contract.multiplier
    if contract.sec_type is SecType.OPTION:
        return NOTHING if quantity >= 0 else _naked(contract, -quantity, mark, underlying)
    if quantity >= 0:
        return Requirement(value * Decimal("0.50"), value * Decimal("0.25"))
    return Requirement(value * Decimal("1.50"), value * Decimal("1.30"))


def _naked(contract: Contract, quantity: Units, mark: Decimal, underlying: Decimal) -> Requirement:
    strike = contract.strike or Decimal(0)
    is_call = contract.right is Right.CALL
    away = max(Decimal(0), strike - underlying if is_call else underlying - strike)
    least = Decimal("0.10") * (underlying if is_call else strike)
    part = _OF_AN_INDEX if contract.symbol in INDEX_SYMBOLS else _OF_A_STOCK
    per_unit = mark + max(part * underlying - away, least)
    total = per_unit * quantity * contract.multiplier
    return Requirement(total, total)


def _by_symbol(lots: Iterable[Lot]) -> Iterable[list[Lot]]:
    groups: dict[Symbol, list[Lot]] = defaultdict(list)
    for lot in lots:
        if lot.quantity:
            groups[lot.contract.symbol].append(lot)
    return groups.values()


@dataclass(frozen=True, slots=True)
class _Pair:
    """Short options and the long ones that cover them, ``number`` of each."""

    long: Contract
    short: Contract
    number: Units

    def lost_at(self, spot: Decimal) -> Decimal:
        """USD at the short one's expiry, besides what was paid; negative for a gain."""
        a_unit = _inside(self.short, spot) - _inside(self.long, spot)
        return a_unit * self.number * self.short.multiplier


class _Pairing:
    """One underlying's positions, its short options paired with what covers them."""

    def __init__(self, lots: list[Lot]) -> None:
        options = [lot for lot in lots if lot.contract.sec_type is SecType.OPTION]
        self._rest = [lot for lot in lots if lot.contract.sec_type is not SecType.OPTION]
        self._longs = [lot for lot in options if lot.quantity > 0]
        self._total = NOTHING
        self._pairs: dict[date | None, list[_Pair]] = defaultdict(list)
        self.left: list[Lot] = []
        """Short options that nothing covers."""
        self._shares = sum(lot.quantity for lot in self._rest if lot.contract.sec_type is SecType.STOCK)
        for short in sorted((o for o in options if o.quantity < 0), key=_worst_first):
            self._cover(short)

    def requirement(self) -> Requirement:
        """The whole of it."""
        total = self._total
        for lot in [*self._rest, *self.left]:
            total = total + requirement(lot.contract, lot.quantity, lot.mark, lot.underlying)
        spreads = sum((_most_lost_together(pairs) for pairs in self._pairs.values()), Decimal(0))
        return total + Requirement(spreads, spreads)

    def at_risk(self) -> Decimal:
        pairs = (pair for known in self._pairs.values() for pair in known)
        return sum(
            (_most_lost(one.long, one.short) * one.number * one.short.multiplier for one in pairs), Decimal(0)
        )

    def in_cash(self) -> Requirement:
        """Of a cash account: what is held is paid for, and a short put has its strike's cash beside it."""
        stock = sum(
            (unsigned(lot.quantity) * lot.mark * lot.contract.multiplier for lot in self._rest), Decimal(0)
        )
        puts = (lot for lot in self.left if lot.contract.right is Right.PUT)
        secured = sum(
            (-lot.quantity * (lot.contract.strike or 0) * lot.contract.multiplier for lot in puts), Decimal(0)
        )
        return Requirement(stock + secured, stock + secured)

    def _cover(self, short: Lot) -> None:
        short = self._by_long_option(self._by_shares(short))
        if short.quantity:
            self.left.append(short)

    def _by_shares(self, short: Lot) -> Lot:
        """Long shares cover calls, short ones puts."""
        is_call, shares = short.contract.right is Right.CALL, short.contract.shares
        covered = min(-short.quantity, int(max(0, self._shares if is_call else -self._shares) // shares))
        if covered == 0:
            return short
        self._shares -= covered * shares if is_call else -covered * shares
        inside, units = _inside(short.contract, short.underlying), short.contract.multiplier
        self._total = self._total + Requirement(inside * covered * units, inside * covered * units)
        return replace(short, quantity=short.quantity + covered)

    def _by_long_option(self, short: Lot) -> Lot:
        """The long option that leaves the least to lose goes first; it must not expire before the short one."""
        fitting = [lot for lot in self._longs if _covers(lot.contract, short.contract)]
        for long in sorted(fitting, key=lambda lot: _most_lost(lot.contract, short.contract)):
            number = min(long.quantity, -short.quantity)
            if number == 0:
                break
            self._pairs[short.contract.expiry].append(_Pair(long.contract, short.contract, number))
            self._longs.remove(long)
            if long.quantity > number:
                self._longs.append(replace(long, quantity=long.quantity - number))
            short = replace(short, quantity=short.quantity + number)
        return short


def _worst_first(short: Lot) -> Decimal:
    strike = short.contract.strike or Decimal(0)
    return strike if short.contract.right is Right.CALL else -strike


def _covers(long: Contract, short: Contract) -> bool:
    if long.right is not short.right or long.multiplier != short.multiplier or long.shares != short.shares:
        return False
    return long.expiry is not None and short.expiry is not None and long.expiry >= short.expiry


def _inside(contract: Contract, spot: Decimal) -> Decimal:
    """USD a unit that the option is in the money."""
    strike = contract.strike or Decimal(0)
    return max(Decimal(0), spot - strike if contract.right is Right.CALL else strike - spot)


def _most_lost_together(pairs: list[_Pair]) -> Decimal:
    """The most that pairs of one expiry lose at one price of the underlying: what they lose bends at strikes only.

    What one gains there pays for another: a butterfly or condor that was paid for ties up nothing more (Cboe, margin manual).
    """
    bends = {option.strike or Decimal(0) for pair in pairs for option in (pair.long, pair.short)}
    return max(Decimal(0), *(sum((pair.lost_at(spot) for pair in pairs), Decimal(0)) for spot in bends))


def _most_lost(long: Contract, short: Contract) -> Decimal:
    """USD a unit that a pair can lose at the short one's expiry, besides what was paid for it."""
    width = (long.strike or Decimal(0)) - (short.strike or Decimal(0))
    return max(Decimal(0), width if short.right is Right.CALL else -width)
