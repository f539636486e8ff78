"""Splits of stocks, as an owner asks for them: at midnight in New York, before the first session of the new shares.

Source: IBKR, "Time in Force": orders that last longer than a day are cancelled by a split. Positions become those of the new
shares and of the adjusted options; what they cost stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from fractions import Fraction

from bot.domain.errors import FixTheConfiguration
from bot.domain.session import NEW_YORK, new_york_day
from bot.sim.exchange.events import AccountChanged, AccountPositionChanged, ExchangeEvent
from bot.sim.exchange.exchange import Exchange
from bot.sim.exchange.logins.accounts import Accounts
from bot.sim.market.corporate.splits import Split, checked
from bot.sim.market.market import Market
from bot.sim.world.combos import Combos

_WHY = "Corporate action: the stock is split"


class Splits:
    """What is planned, and its doing."""

    def __init__(self, market: Market, combos: Combos, accounts: Accounts, exchange: Exchange) -> None:
        self._market, self._combos = market, combos
        self._accounts, self._exchange = accounts, exchange
        self._planned: list[Split] = []

    def plan(self, split: Split) -> None:
        """Errors: FixTheConfiguration for a stock that is not here, a day that has begun or one whose prices are recorded."""
        checked(split)
        if split.symbol not in self._market.stocks:
            known = ", ".join(self._market.stocks)
            raise FixTheConfiguration(f"split: there is no stock {split.symbol!r} here; symbols: {known}")
        if split.day <= new_york_day(self._market.now):
            raise FixTheConfiguration(
                f"split: {split.day} is not ahead; choose a session after {new_york_day(self._market.now)}"
            )
        last = self._market.recorded_until(split.symbol)
        if last is not None and split.day <= last:
            raise FixTheConfiguration(
                f"split: {split.symbol} is recorded until {last}; choose a later day or add --synthetic"
            )
        self._planned.append(split)

    def next_due(self) -> datetime | None:
        return min(map(_midnight, self._planned)) if self._planned else None

    def run_due(self, now: datetime) -> Iterator[ExchangeEvent]:
        for split in sorted(self._planned, key=_midnight):
            if _midnight(split) <= now:
                self._planned.remove(split)
                yield from self._do(split, now)

    def _do(self, split: Split, now: datetime) -> Iterator[ExchangeEvent]:
        yield from self._exchange.end_of_symbol(split.symbol, _WHY, now)
        changed = self._market.split(split)
        self._combos.renew(changed)
        stock = self._market.contracts.stock(split.symbol)
        options = split.ratio if split.is_whole else Fraction(1)
        conversions = [(stock, split.ratio), *((contract, options) for contract in changed.values())]
        for account in self._accounts:
            for contract, ratio in conversions:
                position = account.convert(contract.con_id, contract, ratio)
                if position is not None:
                    yield AccountPositionChanged(now, position, account.account_id)
            yield AccountChanged(now, account.figures(now))


def _midnight(split: Split) -> datetime:
    return datetime.combine(split.day, time(0), NEW_YORK).astimezone(UTC)
