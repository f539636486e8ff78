"""An order's life as a table. Every transition lives in TRANSITIONS; an unknown pair is an error naming the order.

Statuses are ours, not IB's: the translation (PreSubmitted, Inactive, …) happens in the broker adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from bot.domain.contract import Contract
from bot.domain.errors import RestartTheLine
from bot.domain.frozen import quickly_made
from bot.domain.types import ExecId, OrderId, OrderRef, PermId, Side


class OrderType(StrEnum):
    LIMIT = "LMT"
    MARKET = "MKT"
    STOP = "STP"


STOP_LIMIT = "STP LMT"
"""IB's name of a stop with a limit; here it is a stop that has one, so that a journal can be read by the release before."""


def read_order_type(text: str) -> OrderType | str:
    """Ours for IB's name of a kind of order; the name itself where we send none of that kind."""
    if text == STOP_LIMIT:
        return OrderType.STOP
    return OrderType(text) if text in set(OrderType) else text


class Tif(StrEnum):
    DAY = "DAY"
    GTC = "GTC"


class Leg(StrEnum):
    """The part an order plays in its bracket; the last piece of its OrderRef, repairs carry a number."""

    ENTRY = "entry"
    TARGET = "target"
    STOP = "stop"
    FLATTEN = "flatten"
    EXTERNAL = "external"  # not ours: a fill by another hand, booked against the bracket it closed


@lru_cache(maxsize=4096)  # asked of every fill, each time that a trade's money is counted
def leg_of(ref: OrderRef) -> Leg | None:
    """The part that a reference names; None for a reference that is not of our making."""
    name = ref.rpartition("/")[2].partition("-")[0]
    return Leg(name) if name in set(Leg) and bot_of(ref) is None else None


def bot_of(ref: OrderRef) -> int | None:
    """The client id of the other bot whose order this is; None for our own references, which bear no such mark here."""
    _, mark, client = ref.rpartition("@")
    return int(client) if mark and client.isdigit() else None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as we mean it. ``parent_ref`` holds it back until the parent fills; ``transmit`` releases the family."""

    ref: OrderRef
    contract: Contract
    side: Side
    type: OrderType
    quantity: int
    limit_price: Decimal | None = None
    """Of a stop: it is IB's STP LMT, which sells at this or better once it has gone off; without one it is at the market."""
    stop_price: Decimal | None = None
    tif: Tif = Tif.DAY
    good_till: datetime | None = None
    """When the broker ends the order by itself, whole seconds; None: as ``tif`` says. No third Tif, because a journal must
    be readable by the release before: that one passes over a field it does not know."""
    oca_group: str = ""
    parent_ref: OrderRef | None = None
    transmit: bool = True
    trigger_method: int = 0
    """What sets a stop off, by IB's numbers (TWS API, Order.TriggerMethod); 0: IB's default, for options two asks in a row."""

    @property
    def broker_type(self) -> str:
        """The kind by IB's name (TWS API, Order.OrderType)."""
        is_stop_limit = self.type is OrderType.STOP and self.limit_price is not None
        return STOP_LIMIT if is_stop_limit else self.type.value

    @property
    def leg(self) -> Leg:
        return _leg(self.ref)

    @property
    def idea_id(self) -> str:
        return self.ref.rsplit("/", 1)[0]


@lru_cache(maxsize=4096)  # asked of every order of a bracket at every message that concerns it
def _leg(ref: OrderRef) -> Leg:
    return Leg(ref.rsplit("/", 1)[-1].split("-")[0])


class OrderStatus(StrEnum):
    """IN_FLIGHT: sent, unanswered. HELD: accepted, waits (child, simulated stop, closed market). WORKING: at the market."""

    IN_FLIGHT = "in_flight"
    HELD = "held"
    WORKING = "working"
    CANCELLING = "cancelling"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


LIVE = frozenset({OrderStatus.IN_FLIGHT, OrderStatus.HELD, OrderStatus.WORKING, OrderStatus.CANCELLING})
DONE = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})

_S = OrderStatus
ORDER_TRANSITIONS: dict[tuple[OrderStatus, OrderStatus], OrderStatus] = {
    (_S.IN_FLIGHT, _S.HELD): _S.HELD,
    (_S.IN_FLIGHT, _S.WORKING): _S.WORKING,
    (_S.IN_FLIGHT, _S.CANCELLING): _S.CANCELLING,
    (_S.IN_FLIGHT, _S.FILLED): _S.FILLED,
    (_S.IN_FLIGHT, _S.CANCELLED): _S.CANCELLED,
    (_S.IN_FLIGHT, _S.REJECTED): _S.REJECTED,
    (_S.HELD, _S.WORKING): _S.WORKING,
    (_S.HELD, _S.CANCELLING): _S.CANCELLING,
    (_S.HELD, _S.FILLED): _S.FILLED,
    (_S.HELD, _S.CANCELLED): _S.CANCELLED,
    (_S.HELD, _S.REJECTED): _S.REJECTED,
    (_S.WORKING, _S.HELD): _S.HELD,  # a stop shows PreSubmitted again after a gateway restart
    (_S.WORKING, _S.CANCELLING): _S.CANCELLING,
    (_S.WORKING, _S.FILLED): _S.FILLED,
    (_S.WORKING, _S.CANCELLED): _S.CANCELLED,
    (_S.WORKING, _S.REJECTED): _S.REJECTED,
    (_S.CANCELLING, _S.FILLED): _S.FILLED,  # the fill overtook the cancel
    (_S.CANCELLING, _S.CANCELLED): _S.CANCELLED,
    (_S.CANCELLING, _S.REJECTED): _S.REJECTED,
    (_S.CANCELLED, _S.FILLED): _S.FILLED,  # real: a fill reported after the cancel
    (_S.REJECTED, _S.HELD): _S.HELD,  # real: Inactive is not final at IB
    (_S.REJECTED, _S.WORKING): _S.WORKING,
    (_S.REJECTED, _S.CANCELLED): _S.CANCELLED,
    (_S.REJECTED, _S.FILLED): _S.FILLED,
}
_LATE = frozenset(
    {
        # News that is older than what is known: read, and of no effect.
        *((done, live) for done in (_S.FILLED, _S.CANCELLED) for live in LIVE),
        (_S.FILLED, _S.CANCELLED),
        (_S.FILLED, _S.REJECTED),
        (_S.CANCELLED, _S.REJECTED),
        (_S.REJECTED, _S.IN_FLIGHT),
        (_S.REJECTED, _S.CANCELLING),
        (_S.CANCELLING, _S.HELD),
        (_S.CANCELLING, _S.WORKING),
        (_S.HELD, _S.IN_FLIGHT),
        (_S.WORKING, _S.IN_FLIGHT),
        (_S.CANCELLING, _S.IN_FLIGHT),
    }
)


def next_status(ref: OrderRef, now: OrderStatus, reported: OrderStatus) -> OrderStatus:
    """The status after the broker reported ``reported``. Raises RestartTheLine for a pair neither table knows."""
    if now is reported or (now, reported) in _LATE:
        return now
    try:
        return ORDER_TRANSITIONS[now, reported]
    except KeyError:
        raise RestartTheLine(f"order {ref}: {reported} cannot follow {now}") from None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. ``exec_id`` is IB's, correction suffix included; see :func:`execution_key`. ``client_id`` is whose
    order it was, None where nobody says."""

    exec_id: ExecId
    order_ref: OrderRef
    perm_id: PermId
    contract: Contract
    side: Side
    quantity: int
    price: Decimal
    at: datetime
    client_id: int | None = None

    @property
    def signed_quantity(self) -> int:
        return self.side.sign * self.quantity


def execution_key(exec_id: ExecId) -> tuple[str, int]:
    """Split IB's execution id into what it is and its revision: a correction repeats the id with a higher last part.

    Source: IB, "Executions and Commissions": corrections differ only in the digits after the final period.
    """
    stem, _, revision = exec_id.rpartition(".")
    return (stem, int(revision)) if stem and revision.isdigit() else (exec_id, 0)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order as the broker itself reports it: the only evidence protection is judged by. ``type`` is one of
    :class:`OrderType`, or IB's word for a type we never send."""

    ref: OrderRef
    order_id: OrderId
    perm_id: PermId
    client_id: int
    contract: Contract
    side: Side
    type: str
    quantity: int
    filled: int
    status: OrderStatus
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    tif: str = ""
    oca_group: str = ""
    parent_id: OrderId = 0

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled
