"""What options become when their stock is split, and the option classes beside a stock's standard one.

Source: OCC, By-Laws Article VI, Section 11A, and its information memos. A whole split makes more contracts at a lower strike,
each of as many shares as before. Any other one leaves their number: more shares a contract at a lower strike (3 for 2: 150
shares, and a premium counts 150 times), or, where shares are drawn together, the old strike and multiplier and fewer shares.
The latter two get a class of their own, the symbol with a digit behind it. Mini options, ten shares each, had the digit 7
(Cboe, ISE and NYSE Arca, 2013 and 2014).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bot.domain.contract import Contract
from bot.domain.types import Right, Symbol
from bot.sim.market.corporate.splits import Split
from bot.sim.market.listing import Listing

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ClassTerms:
    """What a premium of one dollar costs in dollars, and how many shares a contract delivers where it is not as many."""

    multiplier: int = 100
    deliverable: int = 0

    @property
    def shares(self) -> int:
        return self.deliverable or self.multiplier


MINI: Final = ClassTerms(10)


def mini_class(symbol: Symbol) -> str:
    return f"{symbol}7"


def option_name(trading_class: str, expiry: date | None, strike: Decimal, right: Right | None) -> str:
    """OCC's name: ``AAPL  260116C00125000``."""
    return f"{trading_class:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}"


def strike_after(strike: Decimal, split: Split) -> Decimal:
    """The strike in new shares, to the cent; the same where shares are drawn together."""
    if split.ratio < 1:
        return strike
    return (strike * split.old / split.new).quantize(_CENT, ROUND_HALF_UP)


def terms_after(terms: ClassTerms, split: Split) -> ClassTerms:
    """Of a class that gets a name of its own, or stays as it is where the split is whole."""
    shares = max(1, int(terms.shares * split.ratio))
    if split.is_whole:
        return terms
    return ClassTerms(shares) if split.ratio > 1 else ClassTerms(terms.multiplier, shares)


def option_after(contract: Contract, split: Split, trading_class: str, terms: ClassTerms) -> Contract:
    """The option behind the split, of that class: its conId stays."""
    strike = strike_after(contract.strike or Decimal(0), split)
    return replace(
        contract,
        strike=strike,
        trading_class=trading_class,
        local_symbol=option_name(trading_class, contract.expiry, strike, contract.right),
        multiplier=terms.multiplier,
        deliverable=terms.deliverable,
    )


def free_digit(symbol: Symbol, taken: Collection[str]) -> str:
    """The name of the symbol's next class of adjusted options: 7 is the minis'."""
    return next(name for digit in "12345689" if (name := f"{symbol}{digit}") not in taken)


class AdjustedListing:
    """A class that nothing is added to: what was listed when it was made, until it expires."""

    def __init__(self, strikes: Mapping[date, tuple[Decimal, ...]]) -> None:
        self._strikes = strikes

    def expiries(self, day: date) -> tuple[date, ...]:
        return tuple(sorted(expiry for expiry in self._strikes if expiry >= day))

    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]:
        return self._strikes.get(expiry, ()) if expiry >= day else ()

    def split(self, split: Split) -> None:
        """Only whole splits are told: any other makes another class of it."""
        self._strikes = strikes_after(self._strikes, split)


def frozen(listing: Listing, split: Split, today: date) -> AdjustedListing:
    """What a listing has today, behind the split."""
    listed = {expiry: listing.strikes(expiry, today) for expiry in listing.expiries(today)}
    return AdjustedListing(strikes_after(listed, split))


def strikes_after(
    listed: Mapping[date, Collection[Decimal]], split: Split
) -> dict[date, tuple[Decimal, ...]]:
    return {day: tuple(sorted({strike_after(one, split) for one in known})) for day, known in listed.items()}
