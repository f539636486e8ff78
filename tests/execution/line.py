"""Desk, watcher and toy exchange on the real routing table, with a journal that survives a kill.

Rule: what DURABLE names is in the journal before anybody hears it; a kill loses the queue and both machines, never the
journal and never the broker's books.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from bot import wiring
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import NICKELS, Contract
from bot.domain.idea import Idea
from bot.domain.market import Quote
from bot.domain.reconciling.adopt import Planned, PlanOf
from bot.domain.types import IdeaId, Right, SecType
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.execution.order_manager import OrderManager
from bot.execution.watcher import OcoWatcher
from tests.execution.fake_broker import FakeBroker

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in New York
CALL = Contract(
    con_id=501,
    symbol="SPY",
    sec_type=SecType.OPTION,
    multiplier=100,
    expiry=date(2026, 11, 27),
    strike=Decimal(600),
    right=Right.CALL,
    ticks=NICKELS,
)
PUT = replace(CALL, con_id=502, right=Right.PUT)
T = TypeVar("T")


class Killed(Exception):
    """The process died."""


def bracket(
    idea: IdeaId = "SPY-1", *, quantity: int = 3, at: datetime = START, **changes: object
) -> m.PlaceBracket:
    values: dict[str, object] = {
        "idea_id": idea,
        "symbol": "SPY",
        "strategy": "scalp",
        "contract": CALL,
        "quantity": quantity,
        "entry_limit": Decimal("2.00"),
        "target": Decimal("2.60"),
        "stop": Decimal("1.60"),
        "enter_by": at + timedelta(seconds=30),
        "close_by": at + timedelta(minutes=30),
        "close_reason": "time stop",
        "at": at,
    }
    return m.PlaceBracket(**{**values, **changes})  # type: ignore[arg-type]  # a table of overrides


def planned(idea: Idea, _: Contract, entry: Decimal) -> Planned:
    """The terms that :func:`bracket` has, for a bracket that is found at the broker; a whale may stay for days."""
    at = idea.bar_end
    stay = timedelta(days=5) if idea.strategy == "whale" else timedelta(minutes=30)
    return Planned(
        target=entry * Decimal("1.3"),
        stop=entry * Decimal("0.8"),
        enter_by=at + timedelta(seconds=30),
        close_by=at + stay,
        close_reason="time stop",
    )


class Line:
    def __init__(self, plan_of: PlanOf = planned, limits: ExecutionLimits | None = None) -> None:
        self.plan_of, self.limits = plan_of, limits or ExecutionLimits()
        self.broker = FakeBroker(START)
        self.journal: list[m.Message] = []
        self.said: list[m.Message] = []
        self.is_unhurried = False
        self.kill_after: int | None = None
        self.steps = 0
        self._queue: deque[m.Message] = deque()
        self._new_machines()

    @property
    def now(self) -> datetime:
        return self.broker.now

    def _new_machines(self) -> None:
        self.desk = OrderManager(self.limits, self.plan_of)
        self.watcher = OcoWatcher(WatcherLimits())
        self._heard_here = frozenset({wiring.BROKER, wiring.EXECUTION, wiring.OCO_WATCHER})
        self._machines: dict[str, wiring.Machine] = {
            wiring.EXECUTION: self.desk,
            wiring.OCO_WATCHER: self.watcher,
        }

    # ── driving it ───────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, *messages: m.Message) -> None:
        """Say it to the line and let everything settle that follows at once."""
        self._post(messages)
        while self._queue:
            self._dispatch(self._queue.popleft())

    def connect(self) -> None:
        self.broker.is_linked = True
        self.tell(b.BrokerConnected(self.now, "DU1", 1, 176, 1))
        self.tell(m.TimePassed(self.now))

    def disconnect(self) -> None:
        self.broker.is_linked = False
        self.tell(b.BrokerDisconnected(self.now, "socket closed"))

    def wait(self, seconds: float, step: float = 0.5) -> None:
        """Let time pass, matching at every step."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.broker.now = min(until, self.now + timedelta(seconds=step))
            self.broker.match()
            self._hear_broker()
            self.tell(m.TimePassed(self.now))

    def price(self, bid: str, ask: str | None = None, *, quoted: bool = True) -> None:
        bid_price, ask_price = Decimal(bid), Decimal(ask or bid) + (0 if ask else Decimal("0.05"))
        self.broker.quote(CALL.con_id, bid_price, ask_price)
        if quoted:
            quote = Quote(con_id=CALL.con_id, symbol="SPY", at=self.now, bid=bid_price, ask=ask_price)
            self.tell(m.QuoteUpdated(quote))
        self.broker.match()
        self._hear_broker()

    def kill_and_restart(self) -> None:
        """SIGKILL, then the start path: the journal is remembered, the broker connected."""
        self._queue.clear()
        self.kill_after = None
        self._new_machines()
        for message in self.journal:
            for name in wiring.subscribers(message, wiring.DURABLE):
                if name in self._machines:
                    self._machines[name].remember(message)
        self.broker.flush()
        self.connect()

    def _hear_broker(self) -> None:
        """As one burst, or each fact only once all that the last one led to is done: both happen."""
        facts = self.broker.flush()
        for burst in [[fact] for fact in facts] if self.is_unhurried else [facts]:
            self.tell(*burst)

    def _post(self, messages: Iterable[m.Message]) -> None:
        for message in messages:
            if type(message) in wiring.DURABLE:
                self.journal.append(message)
            self.said.append(message)
            self._queue.append(message)
            self._step(message)

    def _dispatch(self, message: m.Message) -> None:
        for name in wiring.subscribers(message):
            if name not in self._heard_here:
                continue
            self._step(message)
            if name == wiring.BROKER:
                self._post(self.broker.handle(message))
            else:
                self._post(self._machines[name].handle(message))

    def _step(self, message: m.Message) -> None:
        """A place to die at: every saying and every hearing, but for the ticks of the clock and the quotes."""
        if isinstance(message, (m.TimePassed, m.QuoteUpdated)):
            return
        self.steps += 1
        if self.kill_after is not None and self.steps > self.kill_after:
            raise Killed

    # ── looking at it ────────────────────────────────────────────────────────────────────────────────────────────

    def all(self, kind: type[T]) -> list[T]:
        return [x for x in self.said if isinstance(x, kind)]

    def last(self, kind: type[T]) -> T:
        return self.all(kind)[-1]

    @property
    def position(self) -> int:
        return self.broker.positions()[CALL.con_id]

    def booked(self) -> Counter[str]:
        return Counter(x.fill.exec_id for x in self.journal if isinstance(x, m.FillBooked))

    def assert_safe(self) -> None:
        """What must hold at every moment, by the broker's own books."""
        assert self.position >= 0, "net short"
        assert self.broker.exits_at_rest(CALL.con_id) <= self.position, "more exits than position"
        assert all(times == 1 for times in self.booked().values()), "a fill was booked twice"
        assert all(times == 1 for times in self.broker.received.values()), "an order was sent twice"

    def assert_protected_or_flat(self) -> None:
        assert self.broker.stopped(CALL.con_id) == self.position
        if not self.position:
            assert not [held for held in self.broker.live() if held.order.side == "SELL"]


def open_position(quantity: int = 3) -> Line:
    """A line with one filled, protected bracket."""
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=quantity))
    line.wait(1)
    return line


def wire(line: Line) -> list[str]:
    """What went to the broker, in order."""
    words = []
    for x in line.said:
        if isinstance(x, b.SendOrders):
            words += [f"send {order.ref}" for order in x.orders]
        elif isinstance(x, b.SendCancel):
            words.append(f"cancel {x.ref}")
        elif isinstance(x, b.SendRevision):
            words.append(f"revise {x.ref} {x.quantity}")
    return words
