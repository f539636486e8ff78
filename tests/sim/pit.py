"""A trading pit: the exchange with books that the test writes on the board by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bot.domain.contract import NICKELS, Contract
from bot.domain.session import next_open
from bot.domain.types import ConId, Right, SecType, Side
from bot.sim.exchange.account import Account
from bot.sim.exchange.events import ExchangeEvent, Executed, OrderMessage, StatusChanged
from bot.sim.exchange.exchange import Exchange
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.exchange.ids import Ids
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.logins.accounts import AccountHoldings, Accounts
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import Execution, MarginFigures, OrderView, SimOrder
from bot.sim.market.quotes import TopOfBook
from bot.sim.world.exchange_view import margin_of

NOON = datetime(2011, 1, 20, 17, 0, tzinfo=UTC)
CALL_ID, PUT_ID, STOCK_ID = 11, 12, 13


def option(con_id: ConId, right: Right) -> Contract:
    return Contract(
        con_id=con_id,
        symbol="XYZ",
        sec_type=SecType.OPTION,
        local_symbol=f"XYZ   110218{right}00050000",
        multiplier=100,
        expiry=date(2011, 2, 18),
        strike=Decimal(50),
        right=right,
        ticks=NICKELS,
    )


CONTRACTS = {
    CALL_ID: option(CALL_ID, Right.CALL),
    PUT_ID: option(PUT_ID, Right.PUT),
    STOCK_ID: Contract(con_id=STOCK_ID, symbol="XYZ", sec_type=SecType.STOCK),
}


def d(number: str | int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


class Pit:
    """An open market in three contracts; the account holds cash only."""

    def __init__(self, equity: int = 100_000, *, is_open: bool = True, **exchange_settings: object) -> None:
        self.now = NOON
        self.is_market_open = is_open
        self.halted: set[ConId] = set()
        self.books: dict[ConId, TopOfBook] = {}
        self.volumes: dict[ConId, int] = {}
        self.cushion: float | None = None
        self.exchange_settings = ExchangeSettings(**exchange_settings)  # type: ignore[arg-type]  # a test names its exchange_settings
        self.account = Account("DU1", Decimal(equity), self.books.get, lambda _: Decimal(50), NOON.date())
        ids = Ids(NOON)
        accounts = Accounts([self.account])
        self.life = OrderLifecycle(accounts, ids.exec_id, self.exchange_settings.commission_delay)
        self.exchange = Exchange(self, self.life, self.exchange_settings, accounts, ids.perm_id)
        self.log: list[ExchangeEvent] = []
        self.quote(CALL_ID, "2.00", "2.10")
        self.quote(PUT_ID, "1.00", "1.10")
        self.quote(STOCK_ID, "49.99", "50.00", size=1000)

    # ── what the exchange is told

    def contract(self, con_id: ConId) -> Contract | None:
        return CONTRACTS.get(con_id)

    def book(self, con_id: ConId) -> TopOfBook | None:
        return self.books.get(con_id)

    def is_open(self) -> bool:
        return self.is_market_open

    def is_extended(self) -> bool:
        return False

    has_extended_hours = False

    def opens_at(self, *, is_outside: bool) -> datetime:
        del is_outside
        return next_open(self.now)

    def is_halted(self, contract: Contract) -> bool:
        return contract.con_id in self.halted

    def volume(self, con_id: ConId) -> int | None:
        return self.volumes.get(con_id)

    def change_percent(self, con_id: ConId) -> float | None:
        book = self.books.get(con_id)
        return None if book is None or book.last is None else float(100 * (book.last / 50 - 1))

    def cushion_percent(self, account: str) -> float | None:
        del account
        return self.cushion

    def holdings(self, account: str) -> AccountHoldings:
        return AccountHoldings(self.account)

    def margin_of(self, order: SimOrder, contract: Contract) -> MarginFigures:
        return margin_of(order, contract, self.account, self.book, self.now)

    # ── what a test does

    def quote(
        self, con_id: ConId, bid: str | None, ask: str | None, *, size: int = 50, last: str | None = None
    ) -> None:
        """Write on the board; the orders do not look yet."""
        self.books[con_id] = TopOfBook(d(bid), d(ask), size, size, d(last))

    def tick(
        self, con_id: ConId, bid: str | None, ask: str | None, *, size: int = 50, last: str | None = None
    ) -> list[ExchangeEvent]:
        """15 seconds later the book is this, and the orders look at it."""
        self.quote(con_id, bid, ask, size=size, last=last)
        self.now += timedelta(seconds=15)
        return self.keep(self.exchange.step(self.now))

    def buy(
        self, order_id: int, quantity: int = 1, limit: str | None = "2.10", **more: object
    ) -> list[ExchangeEvent]:
        return self.send(order_id, Side.BUY, quantity, limit, 1, **more)

    def sell(
        self, order_id: int, quantity: int = 1, limit: str | None = "2.00", **more: object
    ) -> list[ExchangeEvent]:
        return self.send(order_id, Side.SELL, quantity, limit, 1, **more)

    def stop(self, order_id: int, quantity: int, stop: str, **more: object) -> list[ExchangeEvent]:
        return self.send(
            order_id, Side.SELL, quantity, None, 1, **{"type": "STP", "aux_price": Decimal(stop), **more}
        )

    def send(
        self, order_id: int, side: Side, quantity: Units, limit: str | None, client: int = 1, **more: object
    ) -> list[ExchangeEvent]:
        fields: dict[str, object] = {"con_id": CALL_ID, "type": "LMT" if limit is not None else "MKT", **more}
        order = SimOrder(action=side, quantity=quantity, limit_price=d(limit), **fields)  # type: ignore[arg-type]
        return self.keep(self.exchange.place(client, order_id, order, self.now))

    def bracket(self, quantity: int = 10, limit: str = "2.10", oca_type: int = 1) -> None:
        """Orders 1 (entry), 2 (target at 2.50) and 3 (stop at 1.80), of which the last transmits."""
        more = {"parent_id": 1, "tif": "GTC", "oca_group": "family", "oca_type": oca_type}
        self.buy(1, quantity, limit, transmit=False)
        self.sell(2, quantity, "2.50", transmit=False, **more)
        self.stop(3, quantity, "1.80", **more)

    def cancel(self, order_id: int, client: int = 1) -> list[ExchangeEvent]:
        return self.keep(self.exchange.cancel(client, order_id, self.now))

    def hold(self, quantity: int, order_id: int = 900) -> None:
        """Be long of the call."""
        self.buy(order_id, quantity, "2.10")
        assert self.account.held(CALL_ID) == quantity

    def keep(self, events: list[ExchangeEvent]) -> list[ExchangeEvent]:
        self.log += events
        return events

    # ── what a test sees

    def live(self, order_id: int, client: int = 1) -> LiveOrder:
        found = self.exchange.find(client, order_id)
        assert found is not None
        return found

    def view(self, order_id: int) -> OrderView:
        return self.live(order_id).view()

    def status(self, order_id: int) -> str:
        return self.live(order_id).status.value

    def fills(self) -> list[Execution]:
        return [event.execution for event in self.log if isinstance(event, Executed)]


def codes(events: list[ExchangeEvent]) -> list[int]:
    return [event.code for event in events if isinstance(event, OrderMessage)]


def texts(events: list[ExchangeEvent]) -> str:
    return " ".join(event.text for event in events if isinstance(event, OrderMessage))


def statuses(events: list[ExchangeEvent]) -> list[tuple[int, str]]:
    return [(e.view.order_id, e.view.status.value) for e in events if isinstance(e, StatusChanged)]
