"""The judge of a run. It reads the gateway's books and the journal's rows as plain JSON, and shares no code with the bot.

Every rule counts what it compared: a rule that compared nothing proved nothing. Rules that hold only in calm (nobody
breaks anything) are asked in calm only; the others at every step.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.sim.exchange.events import Executed
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.gateway.core import GatewayCore
from tests.simulation.book_rules import BookRules
from tests.simulation.entry_rules import EntryRules, Limits, is_entry
from tests.simulation.journal_rules import check_bars, check_lines, check_refusals
from tests.simulation.other_hands import OtherHands

OURS = 1
"""The bot's client id."""
CALM_BARE_S = 90.0
"""A position without its stops may last so long in calm: the bot's own limit for a repair, then for a close, and slack."""
NOTHING = Decimal("0.02")
_HEEDED = frozenset({"OrderRefused", "SendOrders", "BracketAdopted", "SendRevision", "Halted", "Resumed"})
ALERTED_AFTER_S = 90.0
"""A danger that lasts longer must have been told to a person."""


@dataclass
class Verdict:
    """``compared`` counts by rule; ``broken`` are the findings."""

    compared: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    on_broken: Callable[[], None] = lambda: None

    def expect(self, rule: str, holds: bool, words: str) -> None:
        self.compared[rule] += 1
        if not holds and len(self.broken) < 50:
            self.broken.append(f"{rule}: {words}")
            self.on_broken()


class Oracle:
    """``is_calm`` says whether nothing is broken on purpose just now; ``age_s``: see ``EntryRules``."""

    def __init__(
        self,
        core: GatewayCore,
        is_calm: Callable[[], bool],
        limits: Limits,
        age_s: Callable[[str], float],
    ) -> None:
        self.verdict = Verdict()
        self._core, self._is_calm, self._limits = core, is_calm, limits
        self._age_s = age_s
        self._rules = EntryRules(core, limits, self.verdict.expect, age_s)
        self._others = OtherHands()
        self.came: dict[str, datetime] = {}
        """When an order came to the gateway's door, by its bare name: while IB is away it waits there."""
        self.foreign: set[int] = set()
        """Contracts that another hand traded, too: what is held there is not the bot's alone."""
        self.forged: set[str] = set()
        self.executed: dict[str, Executed] = {}
        self.commissions: dict[str, Decimal] = {}
        self.has_corrections = False
        self.worst_bare_s = 0.0
        self._bare_calm: dict[int, datetime] = {}
        self._bare: dict[int, datetime] = {}
        self._untold: set[int] = set()
        self._books = BookRules(core, self.verdict.expect, is_calm, age_s, self.foreign)
        self.deaths: list[datetime] = []
        """When a process of the bot was killed: what it was about to say is unsaid."""
        self._intents: set[str] = set()
        self._revisions: set[str] = set()
        self._seen = 0
        self._sent: dict[str, int] = {}
        self.halts: dict[str, datetime] = {}
        """On disk, and not resumed there."""
        self.halts_on_disk: list[tuple[str, str]] = []
        self.alerts: list[tuple[datetime, str, str, str]] = []
        tell = core.apply

        def apply(events: list[Any]) -> None:
            tell(events)
            if events:
                self._hear(events)

        core.apply = apply  # type: ignore[method-assign]  # an observer between the world and its listeners

    # ── what it is shown ──

    def synced(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Rows that are on disk now."""
        for at, kind, body in rows:
            if kind not in _HEEDED:
                continue
            read = json.loads(body)
            if kind in ("SendOrders", "BracketAdopted"):
                self._intents |= {_bare(order["ref"]) for order in read["orders"]}
            elif kind == "SendRevision":
                self._revisions.add(_bare(read["ref"]))
            elif kind == "OrderRefused":
                self._books.refused(read["ref"])
            elif kind == "Halted":
                self.halts.setdefault(read["cause"], datetime.fromisoformat(at))
                self.halts_on_disk.append((read["cause"], at))
            elif kind == "Resumed":
                self.halts.pop(read["cause"], None)

    def told(self, at: datetime, key: str, severity: str, title: str) -> None:
        self.alerts.append((at, key, severity, title))

    def _hear(self, events: Iterable[Any]) -> None:
        is_changed = False
        for event in events:
            name = type(event).__name__
            if isinstance(event, Executed):
                is_changed = True
                done = event.execution
                if done.client_id == OURS:
                    if event.corrects:
                        self.has_corrections = True
                        self.executed.pop(event.corrects, None)
                    self.executed[done.exec_id] = event
                elif not event.corrects:  # another price of what it traded is no trade
                    self._others.note(done, self._core.now)
            elif name == "Commissioned":
                self.commissions[event.report.exec_id] = Decimal(str(event.report.commission))
            is_changed = is_changed or "Order" in name or "Status" in name
        if is_changed or self._bare or self._seen < len(self._core.world._ledger._received):
            self.look()

    # ── at every step ──

    def look(self) -> None:
        now, held, stopped = self._core.now, self._held(), self._stopped()
        for con_id in {*held, *self._bare}:
            if con_id in self.foreign:
                continue
            quantity = held.get(con_id, 0)
            self.verdict.expect("never net short", quantity >= 0, f"{now:%H:%M:%S} {con_id} {quantity}")
            self._protected(con_id, quantity, stopped.get(con_id, 0), now)
        options = [x for x in held if x not in self.foreign]
        if options:
            self.verdict.expect(
                "open positions within the limit",
                len(options) <= self._limits.open_positions,
                f"{now:%H:%M:%S} {len(options)}",
            )
        self._orders(now)
        self._books.look(held)

    def _protected(self, con_id: int, held: int, stopped: int, now: datetime) -> None:
        if stopped >= held:
            since = self._bare.pop(con_id, None)
            self._bare_calm.pop(con_id, None)
            self._untold.discard(con_id)
            if since is not None:
                self.worst_bare_s = max(self.worst_bare_s, (now - since).total_seconds())
            self.verdict.compared["protected"] += 1
            return
        since = self._bare.setdefault(con_id, now)
        self.worst_bare_s = max(self.worst_bare_s, (now - since).total_seconds())
        if not self._is_calm():
            self._bare_calm.pop(con_id, None)
        else:
            calm = (now - self._bare_calm.setdefault(con_id, now)).total_seconds()
            self.verdict.expect(
                "protected",
                calm <= CALM_BARE_S,
                f"{now:%H:%M:%S} {con_id}: {stopped} of {held} for {calm:.0f} s in calm",
            )
            if calm > ALERTED_AFTER_S / 2:
                self.verdict.expect(
                    "a danger is told",
                    any(at >= since and level == "critical" for at, _, level, _ in self.alerts),
                    f"{now:%H:%M:%S} {con_id} without a stop since {since:%H:%M:%S}, and no critical alert",
                )

    def _orders(self, now: datetime) -> None:
        received = self._core.world._ledger._received
        for one in received[self._seen :]:
            if one.client_id != OURS or one.order_ref in self.forged:
                continue
            ref = _bare(one.order_ref)
            if one.kind == "new":
                self.verdict.expect(
                    "an intent on disk before the order",
                    ref in self._intents,
                    f"{now:%H:%M:%S} {ref}",
                )
                self._sent[one.order_ref] = self._sent.get(one.order_ref, 0) + 1
                self.verdict.expect(
                    "no intent twice",
                    self._sent[one.order_ref] == 1,
                    f"{now:%H:%M:%S} {one.order_ref}",
                )
                self._rules.judge(one)
                self._books.received(one)
                if is_entry(one):
                    self._entry(one, now)
                elif str(one.order.action) == "BUY":
                    self._buy_back(one, now)
            elif one.kind == "modify":
                self.verdict.expect(
                    "a revision on disk before the change",
                    ref in self._revisions,
                    f"{now:%H:%M:%S} {ref}",
                )
        self._seen = len(received)

    def _entry(self, one: Any, now: datetime) -> None:
        self.verdict.expect(
            "entries within the limit",
            one.order.quantity <= self._limits.contracts,
            f"{now:%H:%M:%S} {one.order.quantity}",
        )
        sent = self.came.get(_bare(one.order_ref), one.at)
        standing = {
            cause: since for cause, since in self.halts.items() if sent - since > timedelta(seconds=5)
        }
        self.verdict.expect(
            "a halt is never forgotten",
            not standing,
            f"{now:%H:%M:%S} bought while {sorted(standing)} stands",
        )
        contract = self._core.world.contract(one.order.con_id)
        self.verdict.expect(
            "only options are bought, with a limit",
            contract is not None and str(contract.sec_type) == "OPT" and one.order.type == "LMT",
            f"{now:%H:%M:%S} {contract} {one.order.type}",
        )

    def _buy_back(self, one: Any, now: datetime) -> None:
        """After another hand sold what the bot held: no more than what is short."""
        held = sum(p.quantity for p in self._core.world.positions() if p.contract.con_id == one.order.con_id)
        fills = (x.execution for x in self.executed.values())
        held -= sum(
            fill.quantity for fill in fills if fill.order_ref == one.order_ref
        )  # it may have filled as it came
        self.verdict.expect(
            "what is bought beside entries ends a short",
            one.order.quantity <= -held,
            f"{now:%H:%M:%S} {one.order_ref} {one.order.quantity} with {held}",
        )

    # ── at the end ──

    def close(self, rows: list[tuple[str, str, str]], most_lines: int, *, may_differ: bool) -> None:
        """``rows``: the journal as a reader finds it. ``may_differ``: something of the broker's own words was lost for good."""
        booked = [json.loads(body) for _, kind, body in rows if kind == "FillBooked"]
        ids = Counter(one["fill"]["exec_id"] for one in booked)
        for exec_id, count in ids.items():
            self.verdict.expect("no fill twice", count == 1, f"{exec_id} {count} times")
        known = {_execution(exec_id) for exec_id in ids}
        for exec_id in self.executed:
            self.verdict.expect("no fill lost", _execution(exec_id) in known, exec_id)
        self._money(rows, may_differ=may_differ)
        is_clock_true = math.isinf(min(self._age_s("clock_skew"), self._age_s("clock_step")))
        self._books.close(rows, self.executed.values(), may_differ=may_differ or self.has_corrections)
        check_bars(rows, self._core, self.verdict.expect, is_clock_true=is_clock_true)
        check_refusals(rows, self.verdict.expect)
        check_lines(self._core, most_lines, self.verdict.expect)
        self._others.judge(self.alerts, self._core.now, self.verdict.expect)
        for cause, at in self.halts_on_disk:
            self.verdict.expect(
                "a halt is told", self._is_told(cause, datetime.fromisoformat(at)), f"{cause} at {at}"
            )

    def _is_told(self, cause: str, at: datetime) -> bool:
        """By an alert of its own; by any where the process was killed while it was about to say so."""
        since = at - timedelta(seconds=30)
        if any(timedelta(0) <= death - at <= timedelta(seconds=10) for death in self.deaths):
            return any(when >= since for when, *_ in self.alerts)
        return any(
            (when >= since and (cause in key or "alted" in title))
            or (key.startswith("loss_guard:") and cause in key)
            for when, key, _, title in self.alerts
        )

    def _money(self, rows: list[tuple[str, str, str]], *, may_differ: bool) -> None:
        if may_differ or self.has_corrections:
            return
        closed = {}
        for _, kind, body in rows:
            if kind == "BracketClosed":
                read = json.loads(body)
                closed[read["idea_id"]] = Decimal(str(read["pnl"]))
        ours: dict[str, Decimal] = {}
        amounts: dict[str, int] = {}
        for event in self.executed.values():
            done = event.execution
            idea = _bare(done.order_ref).rpartition("/")[0]
            sign = -1 if str(done.side) == "BUY" else 1
            ours[idea] = ours.get(idea, Decimal(0)) + sign * done.quantity * done.price * 100
            ours[idea] -= self.commissions.get(done.exec_id, Decimal(0))
            amounts[idea] = amounts.get(idea, 0) - sign * whole_units(done.quantity)
        for idea, pnl in closed.items():
            if amounts.get(idea, 1) == 0:
                theirs = ours[idea]
                self.verdict.expect(
                    "P&L equal",
                    abs(pnl - theirs) < Decimal("0.011"),
                    f"{idea}: bot {pnl}, books {theirs}",
                )

    # ── the books ──

    def _held(self) -> dict[int, int]:
        return {
            p.contract.con_id: whole_units(p.quantity) for p in self._core.world.positions() if p.quantity
        }

    def _stopped(self) -> Counter[int]:
        stops: Counter[int] = Counter()
        for order in self._core.world._exchange.alive():
            guards = order.is_active or order.parent is None
            # One that another hand moved next to nothing guards nothing.
            if (
                order.is_alive
                and order.is_stop
                and str(order.side) == "SELL"
                and guards
                and (order.stop or 0) > NOTHING
            ):
                stops[order.contract.con_id] += whole_units(order.remaining)
        return stops


def _bare(ref: str) -> str:
    """Without the mark of whose it is."""
    return ref.partition("@")[0]


def _execution(exec_id: str) -> str:
    """Without IB's last part, which counts corrections (IBKR Campus, "Execution corrections")."""
    return exec_id.rpartition(".")[0]
