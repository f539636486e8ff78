"""The simulated world: one market, one exchange, one account, and the only way to move their time.

Rule: stateful and otherwise pure. No sockets, threads or clocks; time passes only in ``advance_to``; the same seed and
the same calls give the same events. Every call returns what happened, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.contract import Contract, TickGrid
from bot.domain.session import Session, new_york_day, sessions_between
from bot.domain.types import ConId, OrderId
from bot.sim.exchange.account_values import AccountFigures, AccountPosition, PortfolioLine
from bot.sim.exchange.events import AccountChanged, ExchangeEvent
from bot.sim.exchange.exchange import Exchange
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.exchange.ids import Ids
from bot.sim.exchange.logins.login import AccountTerms, Login
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import (
    MANUAL_CLIENT,
    CommissionReport,
    Execution,
    ExecutionFilter,
    OrderView,
    SimOrder,
)
from bot.sim.market.catalog import EUR_USD, INDEX_SYMBOLS, MARKET_RULES
from bot.sim.market.events import SessionClosed, SessionOpened
from bot.sim.market.history import HistoryBar, HistoryQuery, whole
from bot.sim.market.listing import ContractDetails, ContractQuery, OptionParameters
from bot.sim.market.market import Market
from bot.sim.market.past.history_reader import HistoryReader
from bot.sim.market.quotes import OptionModel, Ticker
from bot.sim.world.accounts import carry_overnight, open_accounts
from bot.sim.world.combos import Combos
from bot.sim.world.exchange_view import MarketSurroundings
from bot.sim.world.exercise import Expiries
from bot.sim.world.ledger import AccountLedger, SimLedger
from bot.sim.world.splits import Splits
from bot.sim.world.trading_halts import TradingHalts

_FOREX_STEP = timedelta(seconds=15)
_MOMENT = timedelta(microseconds=1)


class World:
    """Everything behind a gateway's socket. ``market`` may be bent by scenarios (``gap``, ``pin``)."""

    def __init__(
        self,
        market: Market,
        *,
        account_id: str,
        equity: Decimal,
        start: datetime,
        exchange_settings: ExchangeSettings | None = None,
        login: Login | None = None,
    ) -> None:
        self.now = start
        self.login = login or Login((AccountTerms(account_id, equity),))
        self.account_id = self.login.accounts[0].account_id
        self.exchange_settings = exchange_settings or ExchangeSettings()
        self.market = market
        self.halts = TradingHalts()
        self._ids = Ids(start)
        self.combos = Combos(market)
        self._surroundings = MarketSurroundings(market, self.combos, start, self.halts)
        self.accounts = self._surroundings.accounts = open_accounts(
            self.login, self._surroundings, new_york_day(start)
        )
        self._account = self.accounts.first
        self._life = OrderLifecycle(self.accounts, self._ids.exec_id, self.exchange_settings.commission_delay)
        self._exchange = Exchange(
            self._surroundings, self._life, self.exchange_settings, self.accounts, self._ids.perm_id
        )
        self._expiries = Expiries(
            market, self.accounts, self._life, self._ids, self.exchange_settings.expiry_delay
        )
        self.splits = Splits(market, self.combos, self.accounts, self._exchange)
        self._ledger = SimLedger()
        self._reader = HistoryReader(market)
        self._watched: dict[ConId, int] = {}
        self._shown: dict[ConId, object] = {}
        self._next_figures = start
        self._last_point = start

    def turn(self, **changes: Any) -> None:
        """Turn exchange_settings while the world runs. TypeError names one that does not exist."""
        self.use(replace(self.exchange_settings, **changes))

    def use(self, settings: ExchangeSettings) -> None:
        """Turn all of them at once."""
        self.exchange_settings = settings
        self._exchange.use(settings)
        self._life.delay_commissions(self.exchange_settings.commission_delay)

    # ── time

    def advance_to(self, at: datetime) -> list[ExchangeEvent]:
        """Let time pass up to and including ``at``. ValueError when it lies in the past."""
        if at < self.now:
            raise ValueError(f"time cannot go back from {self.now} to {at}")
        events: list[ExchangeEvent] = []
        while (point := self.next_point()) <= at:
            self._set_now(max(point, self.now))
            events += self._step(point)
        self._set_now(at)
        return events

    def leap_to(self, at: datetime) -> list[ExchangeEvent]:
        """As :meth:`advance_to`, but no order looks and no book is told: only bars that closed, and figures when they are due.

        For whoever knows that no order and no reader is touched by anything on the way. See
        :meth:`bot.sim.market.market.Market.leap`.
        """
        due = (self._exchange.next_due(), self._life.next_due(), self._expiries.next_due())
        session = self.market.session
        if session is None or at >= session.close or any(one is not None and one <= at for one in due):
            return self.advance_to(at)
        if not any(position.quantity for position in self._account.positions()):
            return self._leap_with_nothing_held(at, session)
        events: list[ExchangeEvent] = []
        while (point := self.market.next_point()) <= at:
            is_due = point >= self._next_figures
            last = point if is_due else min(at, self._next_figures - _MOMENT)
            events += self.market.leap(last)
            self._last_point = point
            if is_due:
                self._set_now(point)
                self._next_figures = point + self.exchange_settings.account_update_every
                events += [AccountChanged(point, account.figures(point)) for account in self.accounts]
        self._set_now(at)
        return events

    def _leap_with_nothing_held(self, at: datetime, session: Session) -> list[ExchangeEvent]:
        """At once: figures that no price moves are told a single time."""
        events: list[ExchangeEvent] = [*self.market.leap(at)]
        point, told = self.market.last_point, None
        while (due := self.market.point_from(self._next_figures, session)) <= point:
            told, self._next_figures = due, due + self.exchange_settings.account_update_every
        self._last_point = max(self._last_point, point)
        self._set_now(at)
        if told is not None:
            events.append(AccountChanged(told, self._account.figures(told)))
        return events

    @property
    def next_figures(self) -> datetime:
        """When the account's figures are told next while the market is open."""
        return self._next_figures

    def next_point(self) -> datetime:
        """The next instant at which something can happen by itself (a book moves, a session opens, a report is due)."""
        others = (
            self._exchange.next_due(),
            self._life.next_due(),
            self._expiries.next_due(),
            self.splits.next_due(),
            self._next_forex(),
            self._next_outside(),
        )
        return min([self.market.next_point(), *(due for due in others if due is not None)])

    def _next_forex(self) -> datetime | None:
        """Currencies move around the clock, but only for those who watch; None when nobody does."""
        if EUR_USD.con_id not in self._watched:
            return None
        return self._last_point + _FOREX_STEP

    def _next_outside(self) -> datetime | None:
        """Early and late trading goes on by itself for those who watch a stock or have an order there; None for nobody."""
        extended = self.market.extended
        if extended is None or self.market.session is not None:
            return None
        is_watched = any(con_id in extended.stocks for con_id in self._watched)
        return extended.next_point(self.now) if is_watched or self._exchange.has_outside() else None

    def _set_now(self, at: datetime) -> None:
        before, self.now = self.now, at
        self.market.now = at
        self._surroundings.now = at
        if self.exchange_settings.carries_overnight:
            carry_overnight(self.accounts, before, at, self.exchange_settings.borrow_fee)
        self.accounts.roll_to(at)

    def _step(self, at: datetime) -> Iterator[ExchangeEvent]:
        yield from self._life.run_due(at)
        yield from self._exchange.run_due(at)
        yield from self._expire(at)
        yield from self.splits.run_due(at)
        self._last_point = at
        if self.market.next_point() <= at:
            yield from self._move_market(at)
        else:
            yield from self._move_outside(at)

    def _move_outside(self, at: datetime) -> Iterator[ExchangeEvent]:
        """Currencies, and stocks in early and late trading."""
        extended = self.market.extended
        if extended is None or self.market.session is not None:
            yield from self._changed_books(at)
            return
        yield from extended.prints(self._watched, at)
        yield from self._changed_books(at)
        if extended.begins(at):
            yield from self._exchange.open_extended(at)
        if extended.ends(at):
            yield from self._exchange.close_extended(at)
        elif extended.is_on(at):
            yield from self._exchange.step(at)

    def _move_market(self, at: datetime) -> Iterator[ExchangeEvent]:
        for event in self.market.move(at):
            if isinstance(event, SessionClosed):
                for account in self.accounts:
                    account.figures(at)
                yield from self._exchange.close_session(at)
                self._expiries.plan(event.day, at)
            yield event
            if isinstance(event, SessionOpened):
                self._next_figures = at
        yield from self._changed_books(at)
        if self.market.session is None:
            return
        if at == self.market.session.open:
            yield from self._exchange.open_session(at)
        yield from self._exchange.step(at)
        if at >= self._next_figures:
            self._next_figures = at + self.exchange_settings.account_update_every
            for account in self.accounts:
                yield AccountChanged(at, account.figures(at))

    def _changed_books(self, at: datetime) -> Iterator[ExchangeEvent]:
        for con_id in self._watched:
            stamp = self.combos.stamp(con_id, at)
            if stamp is self._shown.get(con_id, self):
                continue
            self._shown[con_id] = stamp
            shown = self.combos.show(con_id, at, stamp)
            if shown is not None:
                yield shown

    def _expire(self, at: datetime) -> Iterator[ExchangeEvent]:
        for day, at_open in self._expiries.take_due(at):
            yield from self._exchange.end_expired(day, at)
            for account, contract in self._expiries.held(day, at_open=at_open):
                yield from self._expiries.settle(account, contract, at)

    # ── orders: (client_id, order_id) names an order

    def place(self, client_id: int, order_id: OrderId, order: SimOrder) -> list[ExchangeEvent]:
        """A placeOrder message: a new order, a modification of a living one, or a what-if. Refusals are OrderMessages."""
        known = self._exchange.find(client_id, order_id)
        self._ledger.received(self.now, client_id, order_id, order, is_new=known is None)
        return self._exchange.place(client_id, order_id, order, self.now)

    def place_manual(self, order: SimOrder) -> list[ExchangeEvent]:
        """An order typed into TWS: client 0, a negative order id."""
        return self._exchange.place(MANUAL_CLIENT, self._ledger.manual_id(), order, self.now)

    def cancel(self, client_id: int, order_id: OrderId) -> list[ExchangeEvent]:
        """Answers: StatusChanged and OrderMessage 202, or OrderMessage 10147 (unknown) or 10148 (already over)."""
        self._ledger.cancels += 1
        return self._exchange.cancel(client_id, order_id, self.now)

    def global_cancel(self) -> list[ExchangeEvent]:
        """Cancel every order of every client."""
        self._ledger.cancels += 1
        return self._exchange.cancel_all(self.now)

    def exercise(
        self, con_id: ConId, quantity: int, *, lapse: bool = False, account_id: str = ""
    ) -> list[ExchangeEvent]:
        """Exercise long options now, or let them lapse: give them up. ValueError says why it cannot be."""
        contract, account = self.market.contracts.by_id(con_id), self.accounts.of(account_id)
        if contract is None or contract.expiry is None or not 0 < quantity <= account.held(con_id):
            raise ValueError(f"cannot exercise {quantity} of contract {con_id}: that many are not held")
        if contract.symbol in INDEX_SYMBOLS:
            raise ValueError(f"cannot exercise {contract.label} before it expires: it is European")
        return list(self._expiries.exercise(account, contract, quantity, self.now, lapse=lapse))

    def correct_execution(self, exec_id: str, *, quantity: Units, price: Decimal) -> list[ExchangeEvent]:
        """IB's correction of a fill: the same id with a higher last part. KeyError for an unknown id."""
        return self._life.correct(exec_id, quantity, price, self.now)

    def open_orders(self, client_id: int | None = None) -> list[OrderView]:
        """Transmitted orders that are alive, oldest first; of one client or of all."""
        return self._exchange.views(client_id, done=False)

    def order(self, client_id: int, order_id: OrderId) -> OrderView | None:
        """One order in whatever state, untransmitted ones included."""
        found = self._exchange.find(client_id, order_id)
        return None if found is None else found.view()

    def highest_order_id(self, client_id: int) -> OrderId:
        """The highest order id a client has used in this world; 0 for none."""
        return self._exchange.highest_order_id(client_id)

    def completed_orders(self) -> list[OrderView]:
        """Filled, cancelled or rejected orders of the New York day, oldest first."""
        return self._exchange.completed_on(new_york_day(self.now))

    def orders_named(self, ref: str) -> list[OrderView]:
        """Completed orders of the New York day, then open ones, that bear this reference."""
        return self._exchange.named(ref, new_york_day(self.now))

    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport | None]]:
        """Fills of the New York day (IB keeps no more); the report is None while it is late."""
        return self._life.executions(wanted, self.now)

    # ── account

    def positions(self) -> list[AccountPosition]:
        """What the first account holds; for the others see ``accounts``."""
        return self._account.positions()

    def account_figures(self, name: str = "") -> AccountFigures:
        """Of an account, or of several as one. KeyError for a name that means none."""
        return self.accounts.figures(name, self.now)

    def portfolio(self, name: str = "") -> list[PortfolioLine]:
        """What is held, and what was closed today (quantity 0)."""
        return [line for account in self.accounts.meant(name) for line in account.portfolio()]

    def books(self) -> AccountLedger:
        """For checks from outside: see :class:`AccountLedger`."""
        held = (position for account in self.accounts for position in account.positions())
        return self._ledger.books(held, self._exchange.alive())

    # ── contracts

    def contract(self, con_id: ConId) -> Contract | None:
        return self.combos.contract(con_id)

    def find_contracts(self, query: ContractQuery) -> list[ContractDetails]:
        """All that match, [] means error 200. A full chain is a matter of some hundreds."""
        return self.market.contracts.find(query)

    def matching_contracts(self, query: ContractQuery) -> Iterator[ContractDetails]:
        """The same one by one: a year's options are some thousand."""
        return self.market.contracts.matches(query)

    def option_parameters(self, under_con_id: ConId) -> list[OptionParameters]:
        return self.market.contracts.parameters(under_con_id)

    def matching_symbols(self, pattern: str) -> list[ContractDetails]:
        return self.market.contracts.matching(pattern)

    def market_rule(self, rule_id: int) -> TickGrid | None:
        return MARKET_RULES.get(rule_id)

    # ── data

    def watch(self, con_id: ConId) -> None:
        """From now on BookChanged events come for this contract. Counted: as many ``unwatch`` as ``watch`` end it."""
        self._watched[con_id] = self._watched.get(con_id, 0) + 1

    def unwatch(self, con_id: ConId) -> None:
        left = self._watched.get(con_id, 0) - 1
        if left > 0:
            self._watched[con_id] = left
        else:
            self._watched.pop(con_id, None)
            self._shown.pop(con_id, None)

    def ticker(self, con_id: ConId) -> Ticker | None:
        """Market data now; None for an unknown contract."""
        return self.combos.ticker(con_id, self.now)

    def model(self, con_id: ConId) -> OptionModel | None:
        """An option's model values with all greeks; None for anything else."""
        return self.market.model(con_id, self.now)

    def history(self, query: HistoryQuery) -> list[HistoryBar]:
        """Bars, earliest first. HistoryError carries IB's code and text."""
        return whole(self.history_in_slices(query))

    def history_in_slices(self, query: HistoryQuery) -> Generator[None, None, list[HistoryBar]]:
        """The same, yielding whenever it may be interrupted."""
        return self._reader.read(query, self.now)

    def prints_of_the_minute(self, con_id: ConId) -> list[tuple[datetime, float, int]]:
        """A stock's prints since the last full minute, earliest first: (at, price, size); none for what is no stock."""
        return self.market.prints_of_the_minute(con_id)

    def schedule(self, start: date, end: date) -> list[Session]:
        """Regular sessions between two dates, both included."""
        return sessions_between(start, end)

    def head_timestamp(self, con_id: ConId) -> datetime | None:
        """The start of the earliest bar there is."""
        return self._reader.head(con_id)
