"""What the line did, counted: the part of the Status that only metrics and reports ask for.

Counts run from the start of the line. Every order counts once for each outcome it reaches, however often it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.machine import Applies
from bot.domain.market import DataType
from bot.domain.order import LIVE, Leg, OrderStatus
from bot.domain.types import ConId, IdeaId, OrderRef, Symbol
from bot.ops.status.changing import with_changes
from bot.ops.status.histogram import FILL_BUCKETS_S, SLIP_BUCKETS_TICKS, Histogram
from bot.ops.status.slippage import SlipBook

LEGS = (Leg.ENTRY, Leg.TARGET, Leg.STOP, Leg.FLATTEN)
COUNTED_ENDS = (OrderStatus.FILLED, OrderStatus.CANCELLED)
ORDERS_KEPT = 2000


@dataclass(frozen=True)
class Counters:
    """Counts, latest figures and distributions. Unknown is None."""

    judged: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(strategy, reason) → bars judged so."""
    entries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(strategy, approved | denied | dropped | abandoned) → ideas that ended so."""
    orders: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """(strategy, leg, status) → orders that reached it."""
    working: int = 0
    errors: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """(request | order | link, IB's code) → how often."""
    halts: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, bool] = field(default_factory=dict)
    """Part of the way to IB → is it up. Only parts that were ever spoken of."""
    connects: int = 0
    connected_at: datetime | None = None
    mismatches: tuple[str, ...] = ()
    live_data: Mapping[Symbol, bool] = field(default_factory=dict)
    available_funds: Decimal | None = None
    cash: Decimal | None = None
    stop_quantities: Mapping[IdeaId, tuple[int, int]] = field(default_factory=dict)
    """Open bracket → (position, working stop quantity) as last compared at the broker."""
    pulse: b.BrokerPulse | None = None
    fill_latency_s: Histogram = field(default_factory=lambda: Histogram(FILL_BUCKETS_S))
    slippage_ticks: Mapping[str, Histogram] = field(
        default_factory=lambda: {str(leg): Histogram(SLIP_BUCKETS_TICKS) for leg in LEGS}
    )
    """Worse than the order's own price."""
    beyond_model_ticks: Mapping[str, Histogram] = field(
        default_factory=lambda: {str(leg): Histogram(SLIP_BUCKETS_TICKS) for leg in LEGS}
    )
    """Worse than what was expected at the decision; see :mod:`bot.ops.status.slippage`."""
    beyond_model_usd: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Leg → all of it, and the worst fill's."""
    beyond_model_unknown: Mapping[str, int] = field(default_factory=dict)
    """Leg → fills of which nobody had said what to expect."""


@dataclass(slots=True)
class _Plan:
    """What a bracket meant to pay and to get, until it ends."""

    bracket: m.PlaceBracket
    has_filled: bool = False
    is_closing: bool = False
    """The target is walked down to close the position: its first price no longer says what was asked for."""

    def slippage_ticks(self, leg: Leg, price: Decimal) -> float | None:
        """Ticks worse than asked for; None where nothing definite was asked for."""
        wanted = {
            Leg.ENTRY: self.bracket.entry_limit,
            Leg.TARGET: None if self.is_closing else self.bracket.target,
            Leg.STOP: self.bracket.stop,
        }.get(leg)
        if wanted is None:
            return None
        worse = price - wanted if leg is Leg.ENTRY else wanted - price
        return float(worse / self.bracket.contract.ticks.increment(wanted))


class CountersFold:
    """Hears what the board hears; ``value`` may be read from any thread."""

    def __init__(self) -> None:
        self.value = Counters()
        self._plans: dict[IdeaId, _Plan] = {}
        self._slips = SlipBook()
        self._reached: dict[OrderRef, list[OrderStatus]] = {}
        self._symbols: dict[ConId, Symbol] = {}

    def applies(self) -> Applies:
        return {
            b.BrokerConnected: self._on_connected,
            b.LinkChanged: self._on_link,
            b.BrokerPulse: lambda x: self._set(pulse=x),
            b.RequestFailed: lambda x: self._count("errors", ("request", x.code)),
            b.OrderRefused: lambda x: self._count("errors", ("order", x.code)),
            b.OrderStatusChanged: self._on_order,
            b.UnderlyingQualified: self._on_underlying,
            b.DataTypeChanged: lambda x: self._on_data_type(x.con_id, x.data_type),
            m.QuoteUpdated: lambda x: self._on_data_type(x.quote.con_id, x.quote.data_type),
            b.AccountUpdated: self._on_account,
            m.Reconciled: lambda x: self._set(mismatches=x.mismatches),
            m.BarJudged: lambda x: self._count("judged", (x.strategy, str(x.reason))),
            m.IdeaDropped: lambda x: self._count("entries", (x.strategy, "dropped")),
            m.TradeIdea: self._note_decision,
            b.SendOrders: self._note_decision,
            b.SendRevision: self._note_decision,
            m.PlaceBracket: self._on_bracket,
            m.BracketAdopted: self._on_adopted,
            m.FillBooked: self._on_fill,
            m.ExitPosition: self._on_exit,
            m.ProtectionChanged: self._on_protection,
            m.EntryDenied: self._on_denied,
            m.BracketClosed: lambda x: self._forget(x.idea_id),
            m.EntryAbandoned: self._on_abandoned,
            m.Halted: lambda x: self._count("halts", str(x.cause)),
        }

    def _set(self, **changes: Any) -> None:
        self.value = with_changes(self.value, **changes)

    def _count(self, table: str, key: object) -> None:
        known = getattr(self.value, table)
        self._set(**{table: {**known, key: known.get(key, 0) + 1}})

    # ── the broker ──

    def _on_connected(self, x: b.BrokerConnected) -> None:
        up = dict.fromkeys(self.value.links, True)
        self._set(connects=self.value.connects + 1, connected_at=x.at, links=up)

    def _on_link(self, x: b.LinkChanged) -> None:
        self._set(links={**self.value.links, x.part: x.up})
        if not x.up:
            self._count("errors", ("link", x.code))

    def _on_underlying(self, x: b.UnderlyingQualified) -> None:
        self._symbols[x.contract.con_id] = x.contract.symbol

    def _on_data_type(self, con_id: ConId, data_type: DataType) -> None:
        symbol, is_live = self._symbols.get(con_id), data_type is DataType.LIVE
        if symbol is not None and self.value.live_data.get(symbol) is not is_live:
            self._set(live_data={**self.value.live_data, symbol: is_live})

    def _on_account(self, x: b.AccountUpdated) -> None:
        funds, cash = x.values.available_funds, x.values.cash
        self._set(
            available_funds=self.value.available_funds if funds is None else funds,
            cash=self.value.cash if cash is None else cash,
        )

    # ── orders and brackets ──

    def _on_order(self, x: b.OrderStatusChanged) -> None:
        reached = self._reached.setdefault(x.ref, [])
        if reached and reached[-1] in COUNTED_ENDS and x.status in LIVE:
            return  # news older than what is known
        if x.status not in reached:
            idea_id, _, leg = x.ref.rpartition("/")
            strategy = idea_id.rpartition("-")[2]
            self._count("orders", (strategy, leg.partition("-")[0], str(x.status)))
        else:
            reached.remove(x.status)
        reached.append(x.status)
        self._set(working=sum(order[-1] in LIVE for order in self._reached.values()))
        if len(self._reached) > ORDERS_KEPT:
            self._reached = {ref: order for ref, order in self._reached.items() if order[-1] in LIVE}

    def _note_decision(self, x: m.Message) -> None:
        self._slips.hear(x)

    def _on_denied(self, x: m.EntryDenied) -> None:
        self._count("entries", (x.strategy, "denied"))
        self._slips.forget(x.idea_id)

    def _on_bracket(self, x: m.PlaceBracket) -> None:
        self._slips.hear(x)
        self._plans[x.idea_id] = _Plan(x)
        self._count("entries", (x.strategy, "approved"))

    def _on_adopted(self, x: m.BracketAdopted) -> None:
        self._slips.hear(x)
        # When it was filled is known, when it was sent is not: no latency is made of that.
        self._plans.setdefault(x.place.idea_id, _Plan(x.place, has_filled=True))

    def _on_fill(self, x: m.FillBooked) -> None:
        self._count_beyond_model(x)
        idea_id, _, name = x.fill.order_ref.rpartition("/")
        plan = self._plans.get(idea_id)
        if plan is None or x.replaces is not None or name not in tuple(LEGS):
            return  # a repair's legs (``stop-2``) have prices of their own
        leg = Leg(name)
        if leg is Leg.ENTRY and not plan.has_filled:
            plan.has_filled = True
            waited_s = max(0.0, (x.fill.at - plan.bracket.at).total_seconds())
            self._set(fill_latency_s=self.value.fill_latency_s.add(waited_s))
        ticks = plan.slippage_ticks(leg, x.fill.price)
        if ticks is not None:
            known = self.value.slippage_ticks
            self._set(slippage_ticks={**known, str(leg): known[str(leg)].add(ticks)})

    def _count_beyond_model(self, x: m.FillBooked) -> None:
        slip = self._slips.hear(x)
        if slip is None or x.replaces is not None or slip.leg not in LEGS:
            return
        leg = str(slip.leg)
        if slip.ticks is None or slip.usd is None:
            self._count("beyond_model_unknown", leg)
            return
        ticks, money = self.value.beyond_model_ticks, self.value.beyond_model_usd
        total, worst = money.get(leg, (Decimal(0), slip.usd))
        self._set(
            beyond_model_ticks={**ticks, leg: ticks[leg].add(float(slip.ticks))},
            beyond_model_usd={**money, leg: (total + slip.usd, max(worst, slip.usd))},
        )

    def _on_exit(self, x: m.ExitPosition) -> None:
        plan = self._plans.get(x.idea_id)
        if plan is not None:
            plan.is_closing = True

    def _on_protection(self, x: m.ProtectionChanged) -> None:
        self._set(stop_quantities={**self.value.stop_quantities, x.idea_id: (x.position, x.stop_quantity)})

    def _on_abandoned(self, x: m.EntryAbandoned) -> None:
        plan = self._plans.get(x.idea_id)
        if plan is not None:
            self._count("entries", (plan.bracket.strategy, "abandoned"))
        self._forget(x.idea_id)

    def _forget(self, idea_id: IdeaId) -> None:
        self._plans.pop(idea_id, None)
        self._slips.forget(idea_id)
        left = {key: pair for key, pair in self.value.stop_quantities.items() if key != idea_id}
        self._set(stop_quantities=left)
