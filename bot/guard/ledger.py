"""What the guard has seen at the gateway: contracts, quotes, working orders, and what is held.

Rule: only the gateway's answers count, plus the orders the guard let through itself. A fill is booked by the order's
cumulative quantity, whichever message tells it first, so none is booked twice. Position rows come on another line than
fills: one shortly after a fill may be older than the fill and waits (``SETTLE``), one shortly before may hold it already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.guard.rates import Counts
from bot.wire import WireMessage

SETTLE = timedelta(seconds=3)
_ZERO = Decimal(0)
_ENDED = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})
# 399 and 404: held, not refused; 10349: a preset changed the time in force (tws-api message codes).
_NEWS = frozenset({202, 399, 404, 10349})
_PRICE = b"1"
_BID, _ASK = frozenset({b"1", b"66"}), frozenset({b"2", b"67"})  # 66 and 67 are the delayed ones

Key = tuple[int, int]
"""Client id and order id."""
Holding = tuple[str, int]
"""Account and contract id."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A contract as the gateway described it."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: Decimal
    right: str
    multiplier: Decimal
    currency: str

    @property
    def description(self) -> tuple[Any, ...]:
        """What a client says of a contract whose number it does not know."""
        return self.symbol, self.sec_type, self.expiry, self.strike, self.right, self.currency

    @classmethod
    def of(cls, values: WireMessage) -> Facts:
        multiplier = values.get("multiplier") or "1"
        return cls(
            values.conId,
            values.symbol,
            values.secType,
            values.lastTradeDateOrContractMonth.split(" ")[0],
            values.strike.normalize(),
            {"CALL": "C", "PUT": "P"}.get(values.right, values.right),
            Decimal(multiplier) if multiplier.replace(".", "", 1).isdecimal() else Decimal(1),
            values.currency,
        )


@dataclass(slots=True)
class Quote:
    """The latest sides, and when the latest came."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Working:
    """An order that may still fill."""

    key: Key
    holding: Holding
    is_buy: bool
    since: datetime
    kind: str = ""
    quantity: Decimal = _ZERO
    limit: Decimal | None = None
    parent: Key | None = None
    oca_group: str = ""
    multiplier: Decimal = Decimal(1)
    filled: Decimal = _ZERO
    perm_id: int = 0
    is_ours: bool = False
    """Placed through the guard, so that everything it filled was seen."""
    is_acknowledged: bool = False
    last_status: bytes = b""

    @property
    def remaining(self) -> Decimal:
        return max(self.quantity - self.filled, _ZERO)


@dataclass(slots=True)
class _Early:
    """What was held before a position row, plus the fills told since."""

    before: Decimal
    at: datetime


@dataclass(slots=True)
class Ledger:
    """``accounts`` are the allowed ones: rows of others are not ours to judge."""

    accounts: frozenset[str]
    counts: Counts
    managed: tuple[str, ...] = ()
    contracts: dict[int, Facts] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)
    held: dict[Holding, Decimal] = field(default_factory=dict)
    cost: dict[Holding, Decimal] = field(default_factory=dict)
    working: dict[Key, Working] = field(default_factory=dict)
    _booked: dict[int, Decimal] = field(default_factory=dict)
    _last_fill: dict[Holding, datetime] = field(default_factory=dict)
    _waiting: dict[Holding, tuple[Decimal, Decimal]] = field(default_factory=dict)
    _early: dict[Holding, _Early] = field(default_factory=dict)

    # ── what may be asked

    def sells(self, holding: Holding) -> Iterator[Working]:
        return (w for w in self.working.values() if w.holding == holding and not w.is_buy)

    def entries(self) -> list[Working]:
        """Orders that rest and would open or enlarge a position."""
        return [w for w in self.working.values() if w.is_buy and w.remaining > 0]

    def uncovered(self, asked: Working) -> Decimal:
        """How much of ``asked`` and the other sells of its contract could sell what is not held, 0 for none.

        Of an OCA group only the largest counts. Children of a living entry are held until it fills: they need cover
        only beyond what it may still bring.
        """
        free, by_parent = _ZERO, dict[Key, Decimal]()
        for parent, quantity in self._groups(asked):
            if parent is None:
                free += quantity
            else:
                by_parent[parent] = by_parent.get(parent, _ZERO) + quantity
        beyond = sum(
            (max(quantity - self.working[parent].remaining, _ZERO) for parent, quantity in by_parent.items()),
            _ZERO,
        )
        return max(free + beyond - max(self.held.get(asked.holding, _ZERO), _ZERO), _ZERO)

    def _groups(self, asked: Working) -> Iterator[tuple[Key | None, Decimal]]:
        groups: dict[tuple[Any, ...], tuple[Key | None, Decimal]] = {}
        for order in (*(w for w in self.sells(asked.holding) if w.key != asked.key), asked):
            parent = self.working.get(order.parent) if order.parent else None
            lives = (
                parent is not None and parent.is_buy and parent.holding == order.holding and parent.remaining
            )
            key: tuple[Any, ...] = (order.key[0], order.oca_group) if order.oca_group else order.key
            name = (key, order.parent if lives else None)
            before = groups.get(name, (None, _ZERO))[1]
            groups[name] = (order.parent if lives else None, max(before, order.remaining))
        yield from groups.values()

    def premium(self, without: Key | None = None) -> Decimal:
        """What was paid for what is held, and what resting entries may yet pay."""
        resting = sum(
            (w.remaining * (w.limit or _ZERO) * w.multiplier for w in self.entries() if w.key != without),
            _ZERO,
        )
        return sum((c for c in self.cost.values() if c > 0), _ZERO) + resting

    def open_holdings(self, without: Key | None = None) -> set[Holding]:
        """What is held or being entered."""
        held = {holding for holding, quantity in self.held.items() if quantity}
        return held | {w.holding for w in self.entries() if w.key != without}

    def let_through(self, asked: Working) -> None:
        """An order leaves now. Until the gateway answers, a revision counts as the larger of what it was and will be."""
        old = self.working.get(asked.key)
        if old is None:
            self.working[asked.key] = asked
            return
        old.quantity = max(old.quantity, asked.quantity)
        if asked.limit is not None:
            old.limit = max(old.limit or _ZERO, asked.limit)

    # ── what the gateway says

    def on_contract(self, message: WireMessage) -> None:
        if message.conId:
            self.contracts[message.conId] = Facts.of(message)

    def on_tick(self, con_id: int, fields: list[bytes], now: datetime) -> None:
        """A tick in its raw fields: id, version, request, type, value. Any tick shows that the quote is still alive."""
        quote = self.quotes.setdefault(con_id, Quote())
        quote.at = now
        side, text = fields[3], fields[4]
        if fields[0] != _PRICE or (side not in _BID and side not in _ASK):
            return
        try:
            price = Decimal(text.decode("ascii"))
        except (ArithmeticError, UnicodeDecodeError):
            price = _ZERO
        known = price if price.is_finite() and price > 0 else None
        if side in _BID:
            quote.bid = known
        else:
            quote.ask = known

    def on_open_order(self, message: WireMessage, now: datetime) -> None:
        """An order as it stands. A what-if is answered by the same message and is none."""
        if message.account not in self.accounts or message.get("whatIf"):
            return
        self.on_contract(message)
        key = (message.clientId, message.orderId)
        if message.status in _ENDED:
            self._end(key)
            return
        order = self.working.get(key)
        if order is None or order.holding[1] != message.conId:
            holding = (message.account, message.conId)
            order = self.working[key] = Working(key, holding, message.action == "BUY", since=now)
        order.kind, order.limit, order.quantity = message.orderType, message.lmtPrice, message.totalQuantity
        order.oca_group, order.perm_id, order.is_acknowledged = message.ocaGroup, message.permId, True
        order.multiplier = self.contracts[message.conId].multiplier
        if message.parentId:
            order.parent = (message.clientId, message.parentId)

    def on_status(self, message: WireMessage, now: datetime, frame: bytes) -> None:
        """``frame`` is what the order's own client was told, to be told again; empty on the guard's own line."""
        order = self.working.get((message.clientId, message.orderId))
        if order is None or (order.perm_id and message.permId != order.perm_id):
            return
        order.perm_id, order.is_acknowledged = message.permId, True
        order.last_status = frame or order.last_status
        # What an order from before our time had filled by now is in the position rows.
        first = _ZERO if order.is_ours else message.filled
        self._book(order, message.filled, message.avgFillPrice, now, first)
        if message.status in _ENDED:
            self._end(order.key)

    def on_execution(self, message: WireMessage, now: datetime) -> None:
        """A live execution; replays of the day (their request id is not -1) are in the position rows."""
        if message.reqId != -1 or message.acctNumber not in self.accounts:
            return
        self.on_contract(message)
        key, holding = (message.clientId, message.orderId), (message.acctNumber, message.conId)
        order = self.working.get(key)
        if order is None or order.holding != holding:
            order = Working(key, holding, message.side == "BOT", since=now)
        order.perm_id = message.permId
        order.multiplier = self.contracts[message.conId].multiplier
        first = _ZERO if order.is_ours else message.cumQty - message.shares
        self._book(order, message.cumQty, message.price, now, first)

    def _book(
        self, order: Working, cumulative: Decimal, price: Decimal, now: datetime, first: Decimal
    ) -> None:
        new = cumulative - self._booked.setdefault(order.perm_id, first)
        order.filled = max(order.filled, cumulative)
        if new <= 0:
            return
        self._booked[order.perm_id] = cumulative
        self._last_fill[order.holding] = now
        self.counts.fills += 1
        held, cost = self.held.get(order.holding, _ZERO), self.cost.get(order.holding, _ZERO)
        after = self._after(order.holding, held, new if order.is_buy else -new, now)
        if order.is_buy:
            self._set(order.holding, after, cost + (after - held) * price * order.multiplier)
        else:
            self._set(order.holding, after, cost * max(after, _ZERO) / held if held > 0 else _ZERO)

    def _after(self, holding: Holding, held: Decimal, change: Decimal, now: datetime) -> Decimal:
        """What is held after a fill; a position row that overtook the fill on another line has it already."""
        early = self._early.get(holding)
        if early is None or now - early.at >= SETTLE:
            return held + change
        ahead = held - early.before
        early.before += change
        if ahead * change <= 0:
            return held + change
        return held + (change - ahead if abs(change) > abs(ahead) else _ZERO)

    def on_position(self, message: WireMessage, now: datetime, *, is_news: bool) -> None:
        """``is_news``: not one of the listing with which the guard begins."""
        if message.account not in self.accounts:
            return
        self.on_contract(message)
        holding = (message.account, message.conId)
        row = (message.position, message.position * message.avgCost)
        last = self._last_fill.get(holding)
        if last is not None and now - last < SETTLE:
            self._waiting[holding] = row
            return
        early, held = self._early.get(holding), self.held.get(holding, _ZERO)
        if is_news and held != row[0]:
            is_same = early is not None and now - early.at < SETTLE
            self._early[holding] = _Early(early.before if early is not None and is_same else held, now)
        self._set(holding, *row)

    def settle(self, now: datetime) -> None:
        """Time has passed: position rows that waited are believed now."""
        for holding in [h for h in self._waiting if now - self._last_fill[h] >= SETTLE]:
            self._set(holding, *self._waiting.pop(holding))

    def on_refusal(self, key: Key, code: int) -> None:
        """An error message that bears an order's id: one that was never acknowledged is dead, unless it is news."""
        order = self.working.get(key)
        if order is not None and not order.is_acknowledged and code not in _NEWS and not 2100 <= code < 2200:
            self._end(key)

    def keep_only(self, seen: set[Key], asked_at: datetime) -> None:
        """A complete listing of open orders was told: what is older and not in it has ended."""
        for key in [k for k, w in self.working.items() if k not in seen and w.since < asked_at]:
            self._end(key)

    def _end(self, key: Key) -> None:
        self.working.pop(key, None)

    def _set(self, holding: Holding, quantity: Decimal, cost: Decimal) -> None:
        if self.held.get(holding, _ZERO) > 0 and quantity == 0:
            self.counts.round_trips += 1
        self.held[holding], self.cost[holding] = quantity, cost
        if not quantity:
            del self.held[holding], self.cost[holding]
