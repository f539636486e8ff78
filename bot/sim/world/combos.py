"""The combinations that clients have asked for: who is who by conId, and what they are quoted at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.contract import Contract
from bot.domain.types import ConId, SecType, Side
from bot.sim.exchange.combos import COMBO_CLASS, COMBO_ID, Combo, ComboLeg, combo_book
from bot.sim.market.catalog import stable_id
from bot.sim.market.events import BookChanged
from bot.sim.market.market import Market
from bot.sim.market.quotes import Ticker, TopOfBook

_LEGGED = frozenset({SecType.STOCK, SecType.OPTION})


class BadCombo(ValueError):
    """These legs make no combination; the text says which one."""


class Combos:
    """Combinations by conId. The same legs are the same combination, in whatever order they are named."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[ConId, Combo] = {}
        self._stamps: dict[ConId, tuple[object, ...]] = {}

    def of(self, legs: Sequence[tuple[ConId, int, str]], currency: str = "USD") -> Combo:
        """The combination of (conId, ratio, BUY or SELL). Errors: BadCombo."""
        found = tuple(
            sorted(
                (self._leg(number, *leg) for number, leg in enumerate(legs, start=1)),
                key=lambda leg: leg.contract.con_id,
            )
        )
        if len({leg.contract.con_id for leg in found}) < max(2, len(legs)):
            raise BadCombo("")
        con_id = stable_id("BAG " + " ".join(f"{leg.contract.con_id}/{leg.signed}" for leg in found))
        if con_id not in self._known:
            self._known[con_id] = Combo(
                con_id=con_id,
                symbol=found[0].contract.symbol,
                sec_type=SecType.OTHER,
                currency=currency or "USD",
                local_symbol=str(COMBO_ID),
                trading_class=COMBO_CLASS,
                multiplier=max(leg.contract.multiplier for leg in found),
                legs=found,
            )
        return self._known[con_id]

    def renew(self, changed: Mapping[ConId, Contract]) -> None:
        """Make the combinations those of contracts that have become others."""
        for con_id, combo in self._known.items():
            legs = tuple(
                replace(leg, contract=changed.get(leg.contract.con_id, leg.contract)) for leg in combo.legs
            )
            most = max(leg.contract.multiplier for leg in legs)
            self._known[con_id] = replace(combo, legs=legs, multiplier=most)

    def _leg(self, number: int, con_id: ConId, ratio: int, action: str) -> ComboLeg:
        contract = self._market.contracts.by_id(con_id)
        side = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}.get(action.upper())
        if contract is None or contract.sec_type not in _LEGGED or side is None or ratio < 1:
            raise BadCombo(str(number))
        return ComboLeg(contract, side, ratio)

    def by_id(self, con_id: ConId) -> Combo | None:
        return self._known.get(con_id)

    def contract(self, con_id: ConId) -> Contract | None:
        """A combination, or one of the market's contracts."""
        return self._known.get(con_id) or self._market.contracts.by_id(con_id)

    def book(self, con_id: ConId, now: datetime) -> TopOfBook | None:
        combo = self._known.get(con_id)
        if combo is None:
            return self._market.book(con_id, now)
        return combo_book(combo, lambda leg: self._market.book(leg, now))

    def ticker(self, con_id: ConId, now: datetime) -> Ticker | None:
        book = self.book(con_id, now) if con_id in self._known else None
        return self._market.ticker(con_id, now) if book is None else Ticker(con_id, now, book)

    def stamp(self, con_id: ConId, now: datetime) -> object:
        """The same object as long as no leg's quote has moved."""
        combo = self._known.get(con_id)
        if combo is None:
            return self._market.stamp(con_id, now)
        legs = tuple(self._market.stamp(leg.contract.con_id, now) for leg in combo.legs)
        old = self._stamps.get(con_id, ())
        if len(old) != len(legs) or any(a is not b for a, b in zip(old, legs, strict=True)):
            self._stamps[con_id] = legs
        return self._stamps[con_id]

    def show(self, con_id: ConId, now: datetime, stamp: object) -> BookChanged | None:
        """A watched contract's market data, as :meth:`bot.sim.market.market.Market.show`."""
        if con_id not in self._known:
            return self._market.show(con_id, now, stamp)
        ticker = self.ticker(con_id, now)
        return None if ticker is None else BookChanged(now, ticker)
