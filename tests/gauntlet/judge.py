"""The judge sits in the gateway: every change of its books is seen as it happens, and nothing the bot says counts.

Unprotected time is simulated time during which the working stops of a contract were fewer than its position. Nothing
is rounded away: time stands still between two instants of the gateway, and a gap is as long as it lasted there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.order import execution_key
from bot.domain.session import new_york_day, sessions_between
from bot.domain.types import ConId, Side
from bot.sim.exchange.events import Executed
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.gateway.core import GatewayCore
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.ledger import AccountLedger

OUR_CLIENT = 1


class Judge:
    """``forged`` are order ids that a scenario placed in the bot's name."""

    def __init__(self, gateway: SimGatewayThread) -> None:
        self.worst_unprotected_s = 0.0
        self.overnight_unprotected_s = 0.0
        """What of all gaps together lay outside the regular sessions."""
        self.worst_excess_s = 0.0
        self.faults: list[str] = []
        self.forged: set[int] = set()
        self.executed: dict[str, Executed] = {}
        self._bare_since: dict[ConId, datetime] = {}
        self._excess_since: dict[ConId, datetime] = {}
        self._looked_at = gateway.now
        self.foreign: set[ConId] = set()
        """Contracts of another hand: not the bot's to protect."""
        gateway.ask(self._sit_down)

    def _sit_down(self, core: GatewayCore) -> None:
        tell: Callable[[list[Any]], None] = core.apply

        def apply(events: list[Any]) -> None:
            tell(events)
            if events:
                self._hear(events)
                self.look(core)

        core.apply = apply  # type: ignore[method-assign]  # an observer between the world and its listeners

    def _hear(self, events: Iterable[Any]) -> None:
        for event in events:
            if isinstance(event, Executed) and event.execution.client_id == OUR_CLIENT:
                if event.corrects:
                    self.executed.pop(event.corrects, None)
                self.executed[event.execution.exec_id] = event

    def look(self, core: GatewayCore) -> None:
        """Compare stops and positions as they are now."""
        now, positions, stops = core.now, positions_of(core), stops_of(core)
        for con_id in {*positions, *stops, *self._bare_since, *self._excess_since}:
            if con_id in self.foreign:
                continue
            held, stopped = positions[con_id], stops[con_id]
            if held < 0:
                self.faults.append(f"{now:%H:%M:%S}: short {-held} of {con_id}")
            since = self._bare_since.get(con_id)
            if since is not None:
                self.overnight_unprotected_s += outside_hours_s(max(since, self._looked_at), now)
            bare = self._lasting(self._bare_since, con_id, stopped < held, now)
            excess = self._lasting(self._excess_since, con_id, stopped > max(held, 0), now)
            self.worst_unprotected_s = max(self.worst_unprotected_s, bare)
            self.worst_excess_s = max(self.worst_excess_s, excess)
        self._looked_at = now

    @property
    def is_bare(self) -> bool:
        return bool(self._bare_since)

    @staticmethod
    def _lasting(since: dict[ConId, datetime], con_id: ConId, is_so: bool, now: datetime) -> float:
        began = since.setdefault(con_id, now) if is_so else since.pop(con_id, None)
        return 0.0 if began is None else (now - began).total_seconds()

    # ── the account at the end ──

    def duplicated(self, books: AccountLedger, disk: list[Message]) -> list[str]:
        """Orders that left twice, and fills that were booked twice."""
        sent = Counter(
            one.order_ref for one in books.received if one.kind == "new" and one.order_id not in self.forged
        )
        booked = Counter(
            x.fill.exec_id
            for x in disk
            if isinstance(x, m.FillBooked) and not x.fill.exec_id.startswith("accepted")
        )
        return [f"{what} {count} times" for what, count in {**sent, **booked}.items() if count > 1]

    def lost(self, disk: list[Message], core_orders: list[Any]) -> list[str]:
        """Executions that no journal row books, and orders that live without an intent on disk."""
        booked = {execution_key(x.fill.exec_id) for x in disk if isinstance(x, m.FillBooked)}
        missing = [exec_id for exec_id in self.executed if execution_key(exec_id) not in booked]
        intents = {o.ref for x in disk if isinstance(x, b.SendOrders | m.BracketAdopted) for o in x.orders}
        strays = [
            view.order.order_ref
            for view in core_orders
            if view.client_id == OUR_CLIENT
            and view.order_id not in self.forged
            and bare(view.order.order_ref) not in intents
        ]
        return [*(f"execution {x}" for x in missing), *(f"order {x}" for x in strays)]

    def naked(self, core: GatewayCore) -> list[str]:
        """Positions that are not whole behind their stops now."""
        stops = stops_of(core)
        return [
            f"{con_id}: {stops[con_id]} stopped of {held}"
            for con_id, held in positions_of(core).items()
            if stops[con_id] < held and con_id not in self.foreign
        ]


def bare(ref: str) -> str:
    """The bot's own reference, without the mark of whose it is on the wire."""
    return ref.partition("@")[0]


def outside_hours_s(since: datetime, until: datetime) -> float:
    """How much of this time no regular session was open."""
    inside = sum(
        max(timedelta(0), min(until, one.close) - max(since, one.open)).total_seconds()
        for one in sessions_between(new_york_day(since), new_york_day(until))
    )
    return round((until - since).total_seconds() - inside, 3)


def positions_of(core: GatewayCore) -> Counter[ConId]:
    return Counter({p.contract.con_id: p.quantity for p in core.world.positions() if p.quantity})


def stops_of(core: GatewayCore) -> Counter[ConId]:
    """What stops would sell: active, or waiting for the open; a child of a parent that is not filled guards nothing."""
    stops: Counter[ConId] = Counter()
    for order in core.world._exchange.alive():
        if (
            order.is_alive
            and order.is_stop
            and order.side is Side.SELL
            and (order.is_active or order.parent is None)
        ):
            stops[order.contract.con_id] += whole_units(order.remaining)
    return stops
