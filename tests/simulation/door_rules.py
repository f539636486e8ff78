"""What must be true of a client's own words, judged at the gateway's door: before any fault of the gateway takes them away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.sim.gateway.core import GatewayCore
from tests.simulation.entry_rules import Expect

ASKED_WITHIN = timedelta(seconds=30)
"""An order without an answer becomes a question within some seconds (execution.answer_s), long before its own end."""
_BUSY = ("partition", "slow_network", "message", "freeze", "half_open", "disk_slow", "disk_full")
"""While one of these is young a question may be on its way, or nobody there to put it."""
_QUESTIONS = frozenset({"reqAllOpenOrders", "reqOpenOrders", "startApi"})
_ANSWERS = frozenset({"orderStatus", "openOrder", "error"})
# IBKR Campus, "TWS API: Error Codes": the request itself is not valid.
_NOT_TAKEN = 321


class DoorRules:
    """``has_memory`` says whether the bot's disk kept what it wrote: ids that were used are known from there alone."""

    def __init__(
        self,
        core: GatewayCore,
        expect: Expect,
        age_s: Callable[[str], float],
        has_memory: Callable[[], bool],
    ) -> None:
        self._core, self._expect, self._age_s, self._has_memory = core, expect, age_s, has_memory
        self._used: set[int] = set()
        """IBKR Campus, "Order IDs": each is larger than all before it. A gateway that rolled back offers smaller ones. What it
        did not take at all (read-only, say) is no order, and its id is free again."""
        self._ids: dict[str, int] = {}
        self._unanswered: dict[int, datetime] = {}
        self.came: dict[str, datetime] = {}
        """When each order came first, by its reference."""

    def heard(self, message: Any) -> None:
        """A request, as it arrives."""
        if message.kind in _QUESTIONS:
            self._unanswered.clear()
        elif message.kind == "placeOrder" and not message.get("whatIf"):
            self._placed(int(message.get("orderId")), str(message.get("orderRef")).partition("@")[0])

    def _placed(self, order_id: int, ref: str) -> None:
        words = f"{self._core.now:%H:%M:%S} {order_id} {ref}"
        self.came.setdefault(ref, self._core.now)
        if ref not in self._ids:
            if self._has_memory():
                highest = max(self._used, default=0)
                self._expect("order ids rise", order_id > highest, f"{words} after {highest}")
            self._used.add(order_id)
        known = self._ids.setdefault(ref, order_id)
        if self._has_memory():
            self._expect("an order is sent under one id", known == order_id, f"{words} after {known}")
        self._unanswered[order_id] = self._core.now

    def said(self, kind: str, values: dict[str, Any]) -> None:
        """An answer, as it leaves."""
        if kind in _ANSWERS:
            order_id = int(values.get("orderId", values.get("reqId", -1)))
            self._unanswered.pop(order_id, None)
            if values.get("errorCode") == _NOT_TAKEN:
                self._used.discard(order_id)

    def closed(self) -> None:
        """A connection ended: the next session begins with questions."""
        self._unanswered.clear()

    def look(self) -> None:
        """Now and then. While IB is away nobody can answer; what crossed that news is asked about when IB is back."""
        if not self._core.link.is_up:
            self._unanswered = dict.fromkeys(self._unanswered, self._core.now)
        overdue = [x for x, at in self._unanswered.items() if self._core.now - at > ASKED_WITHIN]
        for order_id in overdue:
            del self._unanswered[order_id]
        if self._core.started() and not any(self._age_s(fault) < 300 for fault in _BUSY):
            self._expect(
                "what is unanswered is asked for", not overdue, f"{self._core.now:%H:%M:%S} {overdue}"
            )
