"""Options at the end of their life: exercise and assignment of what is in the money, worthless expiry of the rest.

Rule: settled some time after the close against the underlying's last price, a cent in the money is enough (OCC's exercise by
exception). It shows as executions without an order and as changed positions, never as orders. Options on an index bring cash;
those that settle at the open wait for the first prices of the session after their last.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.session import next_open
from bot.domain.types import Right, SecType, Side
from bot.sim.exchange.account import Account
from bot.sim.exchange.combos import has_expired
from bot.sim.exchange.events import ExchangeEvent
from bot.sim.exchange.fractions.sizes import Units, unsigned
from bot.sim.exchange.ids import Ids
from bot.sim.exchange.logins.accounts import Accounts
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import Execution
from bot.sim.market.catalog import INDEX_SYMBOLS, SETTLED_AT_OPEN
from bot.sim.market.market import Market

# OCC Rule 805: exercise by exception from one cent in the money.
_CENT = 0.01
_MOMENT = timedelta(seconds=1)
"""Behind the opening prints."""


class Expiries:
    """Plans and performs the settlement of what the account holds."""

    def __init__(
        self, market: Market, accounts: Accounts, life: OrderLifecycle, ids: Ids, delay: timedelta
    ) -> None:
        self._market = market
        self._accounts = accounts
        self._life = life
        self._ids = ids
        self._delay = delay
        self._planned: list[tuple[datetime, date, bool]] = []

    def plan(self, day: date, close: datetime) -> None:
        self._planned.append((close + self._delay, day, False))
        if self.held(day, at_open=True):
            self._planned.append((next_open(close) + _MOMENT, day, True))

    def next_due(self) -> datetime | None:
        return min(plan[0] for plan in self._planned) if self._planned else None

    def take_due(self, now: datetime) -> list[tuple[date, bool]]:
        """The days whose settlement has come, once each; True: of what settles at the open."""
        due = [(day, at_open) for at, day, at_open in self._planned if at <= now]
        self._planned = [plan for plan in self._planned if plan[0] > now]
        return due

    def held(self, day: date, *, at_open: bool) -> list[tuple[Account, Contract]]:
        """What the accounts hold that has seen its last session by that day."""
        held = ((one, position.contract) for one in self._accounts for position in one.positions())
        return [
            (account, contract)
            for account, contract in held
            if has_expired(contract, day) and (contract.trading_class in SETTLED_AT_OPEN) is at_open
        ]

    def settle(self, account: Account, contract: Contract, now: datetime) -> Iterator[ExchangeEvent]:
        """Exercise (or be assigned on) the whole position if it is in the money, else let it expire."""
        value = self._market.settlement(contract)
        is_worth = value >= _CENT
        held = account.held(contract.con_id)
        if contract.symbol in INDEX_SYMBOLS:
            side = Side.SELL if held > 0 else Side.BUY
            self._book(account, contract, side, unsigned(held), Decimal(f"{value:.2f}"), now)
            yield from self._life.take()
            return
        yield from self._end(account, contract, held, now, delivers=is_worth)

    def exercise(
        self, account: Account, contract: Contract, quantity: int, now: datetime, *, lapse: bool
    ) -> Iterator[ExchangeEvent]:
        yield from self._end(account, contract, quantity, now, delivers=not lapse)

    def _end(
        self, account: Account, contract: Contract, held: Units, now: datetime, *, delivers: bool
    ) -> Iterator[ExchangeEvent]:
        """Take ``held`` (signed) options off at 0, and trade the shares at the strike where they deliver."""
        side = Side.SELL if held > 0 else Side.BUY
        self._book(account, contract, side, unsigned(held), Decimal(0), now)
        stock = self._market.contracts.underlying(contract)
        if delivers and stock is not None and contract.strike is not None:
            buys = (contract.right is Right.CALL) is (held > 0)
            shares = unsigned(held) * contract.shares
            way = Side.BUY if buys else Side.SELL
            # An adjusted option costs its strike times its multiplier, however many shares it brings.
            price = contract.strike * contract.multiplier / contract.shares
            self._book(account, stock.contract(), way, shares, price, now)
        yield from self._life.take()

    def _book(
        self, account: Account, contract: Contract, side: Side, quantity: Units, price: Decimal, now: datetime
    ) -> None:
        execution = Execution(
            exec_id=self._ids.exec_id(),
            client_id=0,
            order_id=0,
            perm_id=self._ids.perm_id(),
            contract=contract,
            side=side,
            quantity=quantity,
            price=price,
            cum_quantity=quantity,
            avg_price=price,
            at=now,
            account=account.account_id,
            exchange="CBOE" if contract.sec_type is SecType.OPTION else contract.exchange,
        )
        self._life.book(execution, Decimal(0), now)
