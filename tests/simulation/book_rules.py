"""What the gateway's books and the journal must agree on: what is sold, what was refused, how each bracket ends, who is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.sim.gateway.core import GatewayCore
from tests.simulation.entry_rules import Expect

Row = tuple[str, str, str]
OURS = 1
"""The bot's client id."""
OVERSOLD_S = 90.0
"""So long in calm may more be offered than is held: the bot's own time for a repair, and slack."""
ENDED_WITHIN = timedelta(minutes=15)
"""An entry works for some minutes at most; what became of it is known a while later."""
_MUDDLED = (
    *("move_stop", "cancel_by_hand", "manual_close", "foreign_order", "message", "doubled", "lost"),
    *(
        "odd_status",
        "order_word",
        "other_id",
        "exchange",
        "correct_execution",
        "reject",
        "swallowed",
        "gateway",
    ),
)
"""After one of these a stop may be given up for a better one."""


class BookRules:
    """``is_calm`` and ``age_s`` as in ``Oracle``; ``foreign`` are contracts that another hand traded, too."""

    def __init__(
        self,
        core: GatewayCore,
        expect: Expect,
        is_calm: Callable[[], bool],
        age_s: Callable[[str], float],
        foreign: set[int],
    ) -> None:
        self._core, self._expect, self._is_calm, self._age_s = core, expect, is_calm, age_s
        self._foreign = foreign
        self._oversold: dict[int, datetime] = {}
        self._closings: Counter[str] = Counter()
        cancel = core.world.cancel

        def cancelled(client_id: int, order_id: int) -> Any:
            if client_id == OURS:
                self._given_up(order_id)
            return cancel(client_id, order_id)

        core.world.cancel = cancelled  # type: ignore[method-assign]  # an observer before the exchange

    def received(self, one: Any) -> None:
        """A new order of ours."""
        idea, _, leg = bare(one.order_ref).rpartition("/")
        if leg.startswith("entry"):
            self._expect(
                "an entry buys", str(one.order.action) == "BUY", f"{one.at:%H:%M:%S} {one.order_ref}"
            )
        if leg.startswith("flatten"):
            self._closings[idea] += 1

    def refused(self, ref: str) -> None:
        """The bot has just put on disk that this order was refused: the broker has ended it before it said so."""
        alive = any(bare(view.order.order_ref) == bare(ref) for view in self._core.world.open_orders(OURS))
        self._expect("what is called refused is dead", not alive, f"{self._core.now:%H:%M:%S} {ref}")

    def look(self, held: dict[int, int]) -> None:
        """At each step: no more is offered than is held."""
        now, offered = self._core.now, _offered(self._core)
        for con_id in {*offered, *self._oversold} - self._foreign:
            if offered[con_id] <= held.get(con_id, 0) or not self._is_calm():
                self._oversold.pop(con_id, None)
                lasts_s = 0.0
            else:
                lasts_s = (now - self._oversold.setdefault(con_id, now)).total_seconds()
            self._expect(
                "no more is offered than is held",
                lasts_s <= OVERSOLD_S,
                f"{now:%H:%M:%S} {con_id}: {offered[con_id]} of {held.get(con_id, 0)} for {lasts_s:.0f} s",
            )

    def _given_up(self, order_id: int) -> None:
        """The bot cancels one of its orders."""
        view = self._core.world.order(OURS, order_id)
        if view is None or not self._ends_a_stop(view):
            return
        if any(self._age_s(fault) < float("inf") for fault in _MUDDLED):
            return
        held = sum(
            p.quantity for p in self._core.world.positions() if p.contract.con_id == view.contract.con_id
        )
        idea = bare(view.order.order_ref).rpartition("/")[0]
        is_tried = held <= 0 or self._closings[idea] > 0
        self._expect(
            "a close is tried before the stop is given up", is_tried, f"{self._core.now:%H:%M:%S} {idea}"
        )

    def _ends_a_stop(self, view: Any) -> bool:
        """It is a working stop, or its end is that of one: the exchange ends a group together."""
        group = view.oca_group
        return any(
            other.order.type == "STP" and other.is_active
            for other in self._core.world.open_orders(OURS)
            if other.order_id == view.order_id or (group and other.oca_group == group)
        )

    # ── at the end ──

    def close(self, rows: list[Row], executed: Iterable[Any], *, may_differ: bool) -> None:
        done = {event.execution.exec_id: event.execution for event in executed}
        self._refused(rows, {bare(one.order_ref) for one in done.values()})
        self._booked(rows, {one.exec_id: bare(one.order_ref) for one in done.values()})
        if not may_differ:
            self._ended(rows)
            self._agreed(rows)

    def _refused(self, rows: list[Row], traded: set[str]) -> None:
        for _, kind, body in rows:
            if kind == "OrderRefused":
                ref = bare(json.loads(body)["ref"])
                self._expect("what is called refused is dead", ref not in traded, ref)

    def _booked(self, rows: list[Row], orders: dict[str, str]) -> None:
        for _, kind, body in rows:
            fill = json.loads(body)["fill"] if kind == "FillBooked" else {}
            if fill.get("exec_id") in orders:
                words = f"{fill['exec_id']} of {orders[fill['exec_id']]} on {fill['order_ref']}"
                self._expect(
                    "a fill is booked on its own order",
                    bare(fill["order_ref"]) == orders[fill["exec_id"]],
                    words,
                )

    def _ended(self, rows: list[Row]) -> None:
        placed: dict[str, datetime] = {}
        held: Counter[str] = Counter()
        for at, kind, body in rows:
            read = json.loads(body) if kind in _OF_BRACKETS else {}
            if kind == "PlaceBracket":
                placed[read["idea_id"]] = datetime.fromisoformat(at)
            elif kind == "FillBooked":
                held[read["fill"]["order_ref"].rpartition("/")[0]] += _signed(read["fill"])
            elif kind in _OF_BRACKETS:
                placed.pop(read["idea_id"], None)
        for idea, since in placed.items():
            if self._core.now - since > ENDED_WITHIN:
                self._expect("a bracket ends, or is held", held[idea] != 0, f"{idea} of {since:%H:%M:%S}")

    def _agreed(self, rows: list[Row]) -> None:
        """What is named as a difference at the end is one."""
        named: list[Any] = []
        ours: Counter[int] = Counter()
        for _, kind, body in rows:
            if kind == "Reconciled":
                named = json.loads(body)["mismatches"]
            elif kind == "FillBooked":
                fill = json.loads(body)["fill"]
                ours[fill["contract"]["con_id"]] += _signed(fill)
        theirs = {p.contract.con_id: p.quantity for p in self._core.world.positions()}
        is_same = all(ours[con_id] == theirs.get(con_id, 0) for con_id in {*ours, *theirs})
        self._expect("what is named as different is", not (named and is_same), f"{named}")


_OF_BRACKETS = frozenset({"PlaceBracket", "BracketClosed", "EntryAbandoned", "FillBooked"})


def _offered(core: GatewayCore) -> Counter[int]:
    """What our working orders may sell of each contract: of each OCA group the largest."""
    most: dict[tuple[int, str], int] = {}
    for order in core.world._exchange.alive():
        if order.client_id == OURS and order.is_alive and order.is_active and str(order.side) == "SELL":
            key = order.contract.con_id, order.oca_group or f"alone {order.order_id}"
            most[key] = max(most.get(key, 0), int(order.remaining))
    found: Counter[int] = Counter()
    for (con_id, _), quantity in most.items():
        found[con_id] += quantity
    return found


def _signed(fill: dict[str, Any]) -> int:
    return int(fill["quantity"]) if fill["side"] == "BUY" else -int(fill["quantity"])


def bare(ref: str) -> str:
    """Without the mark of whose it is."""
    return ref.partition("@")[0]
