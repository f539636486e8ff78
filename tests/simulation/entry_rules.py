"""What must be true of each order at the instant at which the gateway receives it, judged by the gateway's own market and clock.

Where the market or the connection changed a moment ago nothing is judged: an order may have been on its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.sim.gateway.core import GatewayCore

Expect = Callable[[str, bool, str], None]
"""(rule, whether it holds, words)"""
_NEW_YORK = ZoneInfo("America/New_York")
SETTLED_S = 300.0
"""So long after a fault of the wire an order may arrive that was sent before it."""
_LATE = ("partition", "slow_network", "message", "freeze", "disk_slow", "gap")
MOST_IN_A_MINUTE = 12
"""New orders for one idea: three of its bracket, and the steps of a repair or an exit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that the rules know, as plain numbers; USD and minutes."""

    open_positions: int
    contracts: int
    notional: Decimal
    risk_share: Decimal
    after_open_m: int
    before_close_m: int
    skew_s: float = 10.0
    # IBKR's tariff as in configs/settings.yaml: a contract's commission, an order's least, and what is passed on.
    commission: Decimal = Decimal("0.65")
    least_commission: Decimal = Decimal("1.00")
    passed_on: Decimal = Decimal("0.05")

    def costs(self, quantity: int) -> Decimal:
        """Of two orders."""
        return 2 * (max(self.least_commission, quantity * self.commission) + quantity * self.passed_on)


@dataclass
class EntryRules:
    """``age_s`` says how long ago a fault of that name began, infinite where none has."""

    core: GatewayCore
    limits: Limits
    expect: Expect
    age_s: Callable[[str], float]
    _entries: dict[int, Any] = field(default_factory=dict)
    _recent: dict[str, list[datetime]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def judge(self, one: Any) -> None:
        """A new order of ours (``ReceivedOrder``)."""
        self._no_storm(one)
        if is_entry(one):
            self._entries[one.order_id] = one
            self._entry(one)
        elif one.order.parent_id in self._entries and one.order.aux_price is not None:
            self._risk(one, self._entries[one.order.parent_id])

    def _no_storm(self, one: Any) -> None:
        idea = one.order_ref.partition("@")[0].rpartition("/")[0]
        times = self._recent.setdefault(idea, [])
        times.append(one.at)
        times[:] = [at for at in times if one.at - at < timedelta(minutes=1)]
        self.expect(
            "orders are no storm",
            len(times) <= MOST_IN_A_MINUTE,
            f"{one.at:%H:%M:%S} {len(times)} of {idea} in a minute",
        )

    def _entry(self, one: Any) -> None:
        order, when = one.order, f"{one.at:%H:%M:%S}"
        self.expect("an entry ends at the broker", order.tif == "GTD" and order.good_till is not None, when)
        notional = order.quantity * (order.limit_price or Decimal(0)) * 100
        self.expect(
            "an order's notional within the limit",
            notional <= self.limits.notional,
            f"{when} {notional}",
        )
        if any(self.age_s(fault) < SETTLED_S for fault in _LATE):
            return
        self._market(one, when)
        self._gateway(when)

    def _market(self, one: Any, when: str) -> None:
        order, now = one.order, one.at.astimezone(_NEW_YORK)
        opened = now.replace(hour=9, minute=30, second=0, microsecond=0)
        first = opened + timedelta(minutes=self.limits.after_open_m)
        last = opened + timedelta(hours=6.5) - timedelta(minutes=self.limits.before_close_m)
        self.expect("entries while the session allows them", first <= now < last + timedelta(minutes=1), when)
        book = self.core.world.market.book(order.con_id, self.core.now)
        if book is not None and book.ask is not None:
            self.expect(
                "a limit belongs to its book",
                order.limit_price <= 3 * Decimal(str(book.ask)) + Decimal("0.5"),
                f"{when} {order.limit_price} with an ask of {book.ask}",
            )
        contract = self.core.world.contract(order.con_id)
        if contract is not None and self.age_s("halt_trading") > 30:
            halted = self.core.world.halts.kind_of(contract)
            self.expect("nothing is bought in a trading halt", halted is None, f"{when} {halted}")

    def _gateway(self, when: str) -> None:
        link = self.core.link
        skew_s = abs(link.clock_skew.total_seconds())
        if self.age_s("clock_skew") > 120:
            self.expect("no entry by a clock that is off", skew_s <= self.limits.skew_s, f"{when} {skew_s} s")
        if self.age_s("competing_session") > 60:
            self.expect("no entry on data that are not live", not link.competing_session, when)

    def _risk(self, stop: Any, entry: Any) -> None:
        quantity = entry.order.quantity
        cost = quantity * (entry.order.limit_price - stop.order.aux_price) * 100 + self.limits.costs(quantity)
        equity = Decimal(str(self.core.world.account_figures().net_liquidation))
        # The equity that was told last may be some minutes old.
        most = equity * self.limits.risk_share * Decimal("1.03")
        self.expect(
            "what a stop costs is within the limit",
            cost <= most,
            f"{entry.at:%H:%M:%S} {cost:.2f} of {most:.2f}",
        )


def is_entry(one: Any) -> bool:
    """By the leg that its name bears (``ReceivedOrder``)."""
    return str(one.order_ref).partition("@")[0].rpartition("/")[2].startswith("entry")
