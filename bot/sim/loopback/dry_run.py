"""An exchange for a dry run: the simulator's matching engine on the real market's quotes, with an account of its own.

Rule: it hears quotes and commands and answers with facts; not one message leaves for a broker. Its account starts with the
real account's worth, when that is first reported, and with the positions and orders of its earlier lives. A quote that is
older than two minutes is no quote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.messages import Message, TimePassed
from bot.domain.order import Fill
from bot.domain.session import is_open, new_york_day, next_open
from bot.domain.types import ConId, OrderId, PermId
from bot.sim.exchange import events as e
from bot.sim.exchange.account import Account
from bot.sim.exchange.account_values import AccountFigures, AccountPosition
from bot.sim.exchange.exchange import Exchange
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.ids import Ids
from bot.sim.exchange.logins.accounts import AccountHoldings, Accounts
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import (
    CommissionReport,
    Execution,
    ExecutionFilter,
    MarginFigures,
    OrderView,
    SimOrder,
)
from bot.sim.loopback.dry_run_journal import DryRunJournal
from bot.sim.loopback.order_client import OrderClient
from bot.sim.loopback.translate import to_sim_order
from bot.sim.market.quotes import TopOfBook
from bot.sim.world.exchange_view import margin_of

_STALE = timedelta(minutes=2)
_PLENTY = 1_000_000
"""The size of a side whose size the broker does not tell."""


class QuoteBoard:
    """What the exchange is told about the world: the real quotes, the calendar, and its own account."""

    account: Account

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.contracts: dict[ConId, Contract] = {}
        self.quotes: dict[ConId, Quote] = {}

    def contract(self, con_id: ConId) -> Contract | None:
        return self.contracts.get(con_id)

    def book(self, con_id: ConId) -> TopOfBook | None:
        quote = self.quotes.get(con_id)
        if quote is None or self.now - quote.at > _STALE:
            return None
        bid_size = _PLENTY if quote.bid_size is None else quote.bid_size
        ask_size = _PLENTY if quote.ask_size is None else quote.ask_size
        return TopOfBook(quote.bid, quote.ask, bid_size, ask_size, quote.last)

    def is_open(self) -> bool:
        return is_open(self.now)

    def is_extended(self) -> bool:
        return False  # the bot trades options, which have no other hours

    has_extended_hours = False

    def opens_at(self, *, is_outside: bool) -> datetime:
        del is_outside
        return next_open(self.now)

    def is_halted(self, contract: Contract) -> bool:
        quote = self.quotes.get(contract.con_id)
        return quote is not None and quote.is_halted

    def volume(self, con_id: ConId) -> int | None:
        quote = self.quotes.get(con_id)
        return None if quote is None else quote.volume

    def change_percent(self, con_id: ConId) -> float | None:
        del con_id
        return None  # a quote has no close

    def cushion_percent(self, account: str) -> float | None:
        del account
        return None  # the bot's orders have no conditions

    def holdings(self, account: str) -> AccountHoldings:
        del account  # a dry run has one
        return AccountHoldings(self.account)

    def underlying_price(self, contract: Contract) -> Decimal | None:
        quote = self.quotes.get(contract.con_id)
        return (
            None if quote is None or quote.underlying_price is None else Decimal(str(quote.underlying_price))
        )

    def margin_of(self, order: SimOrder, contract: Contract) -> MarginFigures:
        return margin_of(order, contract, self.account, self.book, self.now)


class DryRunWindow:
    """An exchange and its account behind the window that :class:`OrderClient` talks to."""

    def __init__(
        self, account_id: str, equity: Decimal, board: QuoteBoard, exchange_settings: ExchangeSettings
    ) -> None:
        self.account_id = account_id
        self._board = board
        ids = Ids(board.now)
        day = new_york_day(board.now)
        self._account = Account(account_id, equity, board.book, board.underlying_price, day)
        board.account = self._account
        self._ids = ids
        self._given: list[PermId] = []
        accounts = Accounts([self._account])
        self._life = OrderLifecycle(accounts, ids.exec_id, exchange_settings.commission_delay)
        self._exchange = Exchange(board, self._life, exchange_settings, accounts, self._perm_id)
        self._was_open = board.is_open()

    @property
    def now(self) -> datetime:
        return self._board.now

    def _perm_id(self) -> PermId:
        return self._given.pop() if self._given else self._ids.perm_id()

    def restore(self, memory: DryRunJournal, client_id: int) -> list[e.ExchangeEvent]:
        """Put back what an earlier life held and had at rest; the orders as they stand are told."""
        today = new_york_day(self.now)
        for fill in memory.fills(today):
            self._board.contracts[fill.contract.con_id] = fill.contract
            self._account.book_fill(_as_execution(fill, client_id, self.account_id))
        for kept in memory.resting(today):
            self._board.contracts[kept.order.contract.con_id] = kept.order.contract
            self._given = [kept.perm_id]
            self.place(client_id, kept.order_id, to_sim_order(kept.order, kept.parent_id, self.account_id))
            live = self._exchange.find(client_id, kept.order_id)
            if live is not None:
                live.filled = live.answered = kept.filled
        self._given = []
        for live in self._exchange.alive():
            self._life.show(live, self.now)
        return self._life.take()

    def pass_time(self) -> list[e.ExchangeEvent]:
        """Let the session begin or end, and late things happen."""
        now, opened = self.now, self._board.is_open()
        self._account.roll_to(now)
        happened = [*self._life.run_due(now), *self._exchange.run_due(now)]
        if opened is not self._was_open:
            self._was_open = opened
            happened += self._exchange.open_session(now) if opened else self._exchange.close_session(now)
        return happened

    def quote_moved(self, con_id: ConId) -> list[e.ExchangeEvent]:
        return self._exchange.step(self.now, con_id)

    def place(self, client_id: int, order_id: OrderId, order: SimOrder) -> list[e.ExchangeEvent]:
        return self._exchange.place(client_id, order_id, order, self.now)

    def cancel(self, client_id: int, order_id: OrderId) -> list[e.ExchangeEvent]:
        return self._exchange.cancel(client_id, order_id, self.now)

    def order(self, client_id: int, order_id: OrderId) -> OrderView | None:
        found = self._exchange.find(client_id, order_id)
        return None if found is None else found.view()

    def open_orders(self, client_id: int | None = None) -> list[OrderView]:
        return self._exchange.views(client_id, done=False)

    def completed_orders(self) -> list[OrderView]:
        return self._exchange.completed_on(new_york_day(self.now))

    def orders_named(self, ref: str) -> list[OrderView]:
        return self._exchange.named(ref, new_york_day(self.now))

    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport | None]]:
        return self._life.executions(wanted, self.now)

    def positions(self) -> list[AccountPosition]:
        return self._account.positions()

    def account_figures(self) -> AccountFigures:
        return self._account.figures(self.now)


class DryRunExchange:
    """The machine: TimePassed, QuoteReceived, BrokerConnected, AccountUpdated and order commands in, facts out."""

    def __init__(self, exchange_settings: ExchangeSettings | None = None) -> None:
        self._settings = exchange_settings or ExchangeSettings()
        self._board: QuoteBoard | None = None
        self._window: DryRunWindow | None = None
        self._peer: OrderClient | None = None
        self._client_id = 0
        self._memory = DryRunJournal()
        self._handlers: dict[type, Callable[..., Iterator[Message]]] = {
            TimePassed: self._on_time,
            b.BrokerConnected: self._on_connected,
            b.AccountUpdated: self._on_account,
            b.QuoteReceived: self._on_quote,
        }

    def handle(self, message: Message) -> Iterator[Message]:
        """Facts in the order in which they happen. Commands before the account is known are answered as failures."""
        handler = self._handlers.get(type(message), self._on_command)
        return handler(message)

    def remember(self, message: Message) -> None:
        """Rows of the journal, in order and before anything is handled; see ``paper_memory.REMEMBERED``."""
        self._memory.learn(message)

    def _on_time(self, message: TimePassed) -> Iterator[Message]:
        if self._board is None:
            self._board = QuoteBoard(message.at)
        self._board.now = max(self._board.now, message.at)
        if self._window is not None and self._peer is not None:
            yield from self._peer.facts(self._window.pass_time())

    def _on_connected(self, message: b.BrokerConnected) -> Iterator[Message]:
        self._client_id = message.client_id
        return self._on_time(TimePassed(message.at))

    def _on_account(self, message: b.AccountUpdated) -> Iterator[Message]:
        """Open the account on the first known worth; from then on tell the simulated figures."""
        values = message.values
        if self._window is None and values.net_liquidation is not None:
            board = self._board = self._board or QuoteBoard(values.at)
            self._window = DryRunWindow(values.account, values.net_liquidation, board, self._settings)
            self._peer = OrderClient(self._window, self._client_id, self._memory.next_id)
            yield from self._peer.facts(self._window.restore(self._memory, self._client_id))
        if self._window is not None and self._peer is not None:
            now = self._window.now
            yield from self._peer.facts([e.AccountChanged(now, self._window.account_figures())])

    def _on_quote(self, message: b.QuoteReceived) -> Iterator[Message]:
        if self._board is None:
            return
        self._board.quotes[message.quote.con_id] = message.quote
        if self._window is not None and self._peer is not None:
            yield from self._peer.facts(self._window.quote_moved(message.quote.con_id))

    def _on_command(self, command: Message) -> Iterator[Message]:
        if self._peer is None or self._board is None:
            yield from self._too_early(command)
            return
        if isinstance(command, b.SendOrders):
            self._board.contracts |= {order.contract.con_id: order.contract for order in command.orders}
        elif isinstance(command, b.QuoteMargin):
            self._board.contracts[command.order.contract.con_id] = command.order.contract
        yield from self._peer.handle(command)

    def _too_early(self, command: Message) -> Iterator[Message]:
        text = "the account's worth is not known yet; nothing was simulated"
        at = self._board.now if self._board is not None else None
        match command:
            case b.SendOrders(orders, sent_at):
                yield from (b.OrderRefused(order.ref, 321, text, at or sent_at) for order in orders)
            case b.QuoteMargin(idea_id) if at is not None:
                yield b.RequestFailed(f"margin:{idea_id}", 321, text, at)
            case b.TakeSnapshot(_, asked_at):
                yield b.RequestFailed("snapshot", 321, text, at or asked_at)
            case b.SendCancel(ref, asked_at):
                yield b.RequestFailed(f"cancel:{ref}", 321, text, at or asked_at)
            case b.SendRevision(ref=ref, at=asked_at):
                yield b.RequestFailed(f"revise:{ref}", 321, text, at or asked_at)
            case _:
                pass


def _as_execution(fill: Fill, client_id: int, account: str) -> Execution:
    return Execution(
        exec_id=fill.exec_id,
        client_id=client_id,
        order_id=0,
        perm_id=fill.perm_id,
        contract=fill.contract,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        cum_quantity=fill.quantity,
        avg_price=fill.price,
        at=fill.at,
        account=account,
        order_ref=fill.order_ref,
    )
