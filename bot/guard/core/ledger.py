"""What the guard has seen at the gateway: contracts, quotes, working orders, and what is held.

Rule: only the gateway's answers count, plus the orders the guard let through itself. A fill is booked by the order's
cumulative quantity, whichever message tells it first, so none is booked twice. Position rows come on another line than
fills: one shortly after a fill may be older than the fill and waits (``SETTLE``), one shortly before may hold it already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any

from bot.guard.core.rates import Counts
from bot.wire import WireMessage

SETTLE = timedelta(seconds=3)
UNDER_WAY = timedelta(seconds=20)  # longer than IB takes to answer a revision, if it answers
UNANSWERED = 50
"""Revisions of one order that may be under way at once."""
BLOCKS = (1, 2)
"""OCA types with block: one order works at a time. Without it two of a group may fill (IBKR, "One-Cancels All")."""
_ZERO = Decimal(0)
_ENDED = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})
# What only a refused order is told (tws-api message codes). A request for data may bear the same number as an order, so that
# an error which others get, too, ends none: a client could ask for it.
_REFUSALS = frozenset({103, 110, 201, 203})
_PRICE = b"1"
_BID, _ASK = frozenset({b"1", b"66"}), frozenset({b"2", b"67"})  # 66 and 67 are the delayed ones

Key = tuple[int, int]
"""Client id and order id."""
Holding = tuple[str, int]
"""Account and contract id."""


def key_of(message: WireMessage) -> Key:
    """Orders typed into TWS all bear the number 0: those are told apart by IB's own number."""
    return message.clientId, message.orderId or -message.permId


Facts = dict[str, Any]
"""What is known of a contract, by the TWS API's names: only what was said."""
_FACTS = (
    *("symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier"),
    *("currency", "localSymbol", "tradingClass"),
)
_PICK = itemgetter(*_FACTS)
_SPOKEN: dict[str, Callable[[Any], Any]] = {
    "lastTradeDateOrContractMonth": lambda text: text.split(" ")[0],
    "strike": lambda number: number.normalize(),
    "right": lambda text: {"CALL": "C", "PUT": "P"}.get(text, text),
    "multiplier": lambda text: Decimal(text) if text.replace(".", "", 1).isdecimal() else None,
    "localSymbol": lambda text: "".join(text.split()),
}


def facts_of(message: WireMessage) -> Facts:
    """The contract in a message, in one way of writing it. Not to be changed: it is kept for the next that says the same."""
    return _facts_of(_PICK(message.values))


@lru_cache(4096)
def _facts_of(values: tuple[Any, ...]) -> Facts:
    found = {name: value for name, value in zip(_FACTS, values, strict=True) if value}
    told = {name: _SPOKEN[name](value) if name in _SPOKEN else value for name, value in found.items()}
    return {name: value for name, value in told.items() if value is not None}


def difference(asked: Facts, known: Facts) -> str:
    """In what a contract as it was asked for is not the known one, empty for nothing."""
    if asked.items() <= known.items():
        return ""
    name = next((name for name, value in asked.items() if value != known.get(name, value)), "")
    return f"{name} {known[name]}, not {asked[name]}" if name else ""


@dataclass(slots=True)
class Quote:
    """The latest sides, and when the latest came."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    at: datetime | None = None
    is_late: bool = False
    """What came last was delayed or frozen, and is not in here."""


@dataclass(slots=True)
class Working:
    """An order that may still fill. ``asked``: revisions (quantity, limit, when) that the gateway has not yet echoed."""

    key: Key
    holding: Holding
    is_buy: bool
    since: datetime
    kind: str = ""
    quantity: Decimal = _ZERO
    limit: Decimal | None = None
    parent: Key | None = None
    oca_group: str = ""
    """Only one in which an order blocks the others (``BLOCKS``)."""
    multiplier: Decimal = Decimal(1)
    filled: Decimal = _ZERO
    perm_id: int = 0
    is_ours: bool = False
    """Placed through the guard, so that everything it filled was seen."""
    is_acknowledged: bool = False
    last_status: bytes = b""
    asked: list[tuple[Decimal, Decimal | None, datetime]] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        """How much it may yet fill at most, whichever revision holds."""
        most = max([self.quantity, *[each[0] for each in self.asked]]) if self.asked else self.quantity
        return max(most - self.filled, _ZERO)

    @property
    def brings(self) -> Decimal:
        """How much it will yet fill at least, if it is filled."""
        least = min([self.quantity, *[revision[0] for revision in self.asked]])
        return max(least - self.filled, _ZERO)

    @property
    def value(self) -> Decimal:
        """What it may yet cost at most."""
        if not self.asked:
            return self.remaining * (self.limit or _ZERO) * self.multiplier
        limits = [self.limit, *(limit for _, limit, _ in self.asked)]
        return self.remaining * max(limit or _ZERO for limit in limits) * self.multiplier

    def told(self, quantity: Decimal, limit: Decimal | None, now: datetime) -> None:
        """The gateway says how it stands: perhaps from before a revision that is under way, so those count until echoed."""
        self.quantity, self.limit = quantity, limit
        if self.asked and self.asked[0][:2] == (quantity, limit):
            del self.asked[0]
        self.asked = [revision for revision in self.asked if now - revision[2] < UNDER_WAY]


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

    def entries(self) -> list[Working]:
        """Orders that rest and would open or enlarge a position."""
        return [w for w in self.working.values() if w.is_buy and w.remaining > 0]

    def uncovered(self, asked: Working) -> Decimal:
        """How much of the sells of a contract could sell what is not held once ``asked`` works, 0 for none.

        Of an OCA group with block only the largest counts. Children of a living entry are held until it fills: they need
        cover only beyond what it will still bring.
        """
        held = max(self.held.get(asked.holding, _ZERO), _ZERO)
        same = [w for w in self.working.values() if w.holding == asked.holding]
        others = [w for w in same if not w.is_buy and w.key != asked.key]
        if not asked.is_buy and sum([w.remaining for w in others], asked.remaining) <= held:
            return _ZERO  # even if every one of them filled
        free, by_parent = _ZERO, dict[Key, tuple[Decimal, Decimal]]()
        for parent, quantity in self._groups(asked, others):
            if parent is None:
                free += quantity
            else:
                before = by_parent.get(parent.key, (_ZERO, _ZERO))[0]
                by_parent[parent.key] = (before + quantity, parent.brings)
        beyond = sum((max(sold - brings, _ZERO) for sold, brings in by_parent.values()), _ZERO)
        return max(free + beyond - held, _ZERO)

    def _groups(self, asked: Working, others: list[Working]) -> Iterator[tuple[Working | None, Decimal]]:
        groups: dict[tuple[Any, ...], tuple[Working | None, Decimal]] = {}
        for order in others if asked.is_buy else (*others, asked):
            parent = self.working.get(order.parent) if order.parent else None
            if parent is None or not parent.is_buy or parent.holding != order.holding or not parent.remaining:
                parent = None
            elif parent.key == asked.key:
                parent = asked
            key: tuple[Any, ...] = (order.key[0], order.oca_group) if order.oca_group else order.key
            name = (key, parent.key if parent is not None else None)
            groups[name] = (parent, max(groups.get(name, (None, _ZERO))[1], order.remaining))
        yield from groups.values()

    def premium(self, without: Key | None = None) -> Decimal:
        """What was paid for what is held, and what resting entries may yet pay."""
        resting = sum((w.value for w in self.entries() if w.key != without), _ZERO)
        return sum((c for c in self.cost.values() if c > 0), _ZERO) + resting

    def open_holdings(self, without: Key | None = None) -> set[Holding]:
        """What is held or being entered."""
        held = {holding for holding, quantity in self.held.items() if quantity}
        return held | {w.holding for w in self.entries() if w.key != without}

    def let_through(self, asked: Working) -> None:
        """An order leaves now. What a revision was and will be both count until the gateway has echoed it."""
        old = self.working.setdefault(asked.key, asked)
        if old is not asked:
            if old.asked and old.asked[-1][:2] == (asked.quantity, asked.limit):
                del old.asked[-1]
            old.asked.append((asked.quantity, asked.limit, asked.since))
            old.parent, old.oca_group = asked.parent, asked.oca_group

    # ── what the gateway says

    def on_contract(self, message: WireMessage) -> None:
        """A row that says less than is known of a contract takes nothing away."""
        if message.conId:
            self.contracts.setdefault(message.conId, {}).update(facts_of(message))

    def multiplier(self, con_id: int) -> Decimal | None:
        """Of a contract; ``None`` for an option of which nobody has said it, 1 for what has none."""
        facts = self.contracts.get(con_id, {})
        found: Decimal | None = facts.get("multiplier")
        return Decimal(1) if found is None and facts.get("secType") == "STK" else found

    def on_tick(self, con_id: int, fields: list[bytes], now: datetime, *, counts: bool) -> None:
        """A tick in its raw fields: id, version, request, type, value. Any that counts shows that the quote is still alive."""
        quote = self.quotes.setdefault(con_id, Quote())
        quote.is_late = not counts
        if not counts:
            if quote.at is not None and now - quote.at >= UNDER_WAY:  # nobody here has live ones any more
                quote.bid = quote.ask = None
            return
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
        key = key_of(message)
        if message.status in _ENDED:
            self.working.pop(key, None)
            return
        order = self.working.get(key)
        if order is None or order.holding[1] != message.conId:
            holding = (message.account, message.conId)
            order = self.working[key] = Working(key, holding, message.action == "BUY", since=now)
        order.kind, order.perm_id, order.is_acknowledged = message.orderType, message.permId, True
        order.told(message.totalQuantity or _ZERO, message.lmtPrice, now)
        order.multiplier = self.multiplier(message.conId) or Decimal(1)
        if not order.is_ours:  # of ours it is known; nobody can revise it (IB's error 10326)
            order.oca_group = message.ocaGroup if message.ocaType in BLOCKS else ""
            order.parent = (message.clientId, message.parentId) if message.parentId else None

    def on_status(self, message: WireMessage, now: datetime, frame: bytes) -> None:
        """``frame`` is what the order's own client was told, to be told again; empty on the guard's own line."""
        order = self.working.get(key_of(message))
        if order is None or (order.perm_id and message.permId != order.perm_id):
            return
        order.perm_id, order.is_acknowledged = message.permId, True
        order.last_status = frame or order.last_status
        # What an order from before our time had filled by now is in the position rows.
        first = _ZERO if order.is_ours else message.filled
        self._book(order, message.filled, message.avgFillPrice, now, first)
        if message.status in _ENDED:
            self.working.pop(order.key, None)

    def on_execution(self, message: WireMessage, now: datetime) -> None:
        """A live execution; replays of the day (their request id is not -1) are in the position rows."""
        if message.reqId != -1 or message.acctNumber not in self.accounts:
            return
        self.on_contract(message)
        key, holding = key_of(message), (message.acctNumber, message.conId)
        order = self.working.get(key)
        if order is None or order.holding != holding:
            order = Working(key, holding, message.side == "BOT", since=now)
        order.perm_id = message.permId
        order.multiplier = self.multiplier(message.conId) or Decimal(1)
        first = _ZERO if order.is_ours else message.cumQty - message.shares
        self._book(order, message.cumQty, message.price, now, first)

    def _book(self, order: Working, total: Decimal, price: Decimal, now: datetime, first: Decimal) -> None:
        new = total - self._booked.setdefault(order.perm_id, first)
        order.filled = max(order.filled, total)
        if new <= 0:
            return
        self._booked[order.perm_id] = total
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
        """A refused order that was never acknowledged is dead; of any other error the next listing tells."""
        order = self.working.get(key)
        if order is not None and not order.is_acknowledged and code in _REFUSALS:
            self.working.pop(key, None)

    def keep_only(self, seen: set[Key], asked_at: datetime) -> None:
        """A complete listing of open orders was told: what is older and not in it has ended. An order of just before may have
        been on its way on another line."""
        for key in [k for k, w in self.working.items() if k not in seen and asked_at - w.since >= SETTLE]:
            self.working.pop(key, None)

    def _set(self, holding: Holding, quantity: Decimal, cost: Decimal) -> None:
        if self.held.get(holding, _ZERO) > 0 and quantity == 0:
            self.counts.round_trips += 1
        self.held[holding], self.cost[holding] = quantity, cost
        if not quantity:
            del self.held[holding], self.cost[holding]
