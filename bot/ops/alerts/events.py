"""What is worth a person's attention, in their words. Hears facts, says Alerts; keeps no time but what it is told.

Rule: each event once, with what is needed to judge it from a phone. Conditions that last are said here only where
Alertmanager does not say them (``lasting_conditions_by``), so that nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.day_report import REPORT_KINDS, DayFold
from bot.domain.limits import messages as lm
from bot.domain.machine import Applies, StateMachine
from bot.domain.order import Leg
from bot.domain.session import NEW_YORK, CalendarRangeError, days_left, is_open, new_york_day, session_on
from bot.domain.types import IdeaId
from bot.ops.alerts.alert import Alert, SendAlert, Severity
from bot.ops.alerts.broker_events import (
    agreed_alert,
    early_close_alerts,
    set_aside_alert,
    stuck_alert,
    trading_alert,
)
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.reach import OUT_OF_REACH_AFTER, Reach
from bot.ops.alerts.wording import day_report_text, span
from bot.ops.status.amounts import average_text, money
from bot.ops.status.spoken import spoken_idea, spoken_time
from bot.risk.breakers import HaltCause
from bot.risk.conditions import in_details
from bot.risk.latch import Latch

LOSS_GUARDS = (HaltCause.DAILY_LOSS, HaltCause.DRAWDOWN, HaltCause.LOSS_STREAK)
REPORT_AFTER_CLOSE = timedelta(minutes=2)
UNPROTECTED = "unprotected"
"""The reason that the watcher gives for closing what it could not protect."""
UNPROTECTED_AFTER = timedelta(seconds=15)
"""A gap that a repair closes is told when it is closed; one that outlives this is told at once."""
RESTORED: tuple[type, ...] = (
    m.PlaceBracket,
    m.BracketAdopted,
    m.FillBooked,
    m.BracketClosed,
    m.EntryAbandoned,
    m.Halted,
    m.Resumed,
)
"""What is held and what stands halted outlives a restart; the rest of the day's events were told and are over."""
REMEMBERED: tuple[type, ...] = tuple(dict.fromkeys((*REPORT_KINDS, *RESTORED)))
"""What an earlier life's journal is read for: the day's report and what is restored."""


CALENDAR_WARNING_DAYS = 183
"""Half a year: time for an upgrade on any quiet weekend."""
DAY_REPORT = "report:"
"""How the key of a daily report begins."""


class Alerts(StateMachine):
    """``notify`` must not block. ``is_restart``: an earlier line of this process failed, which was told already."""

    def __init__(
        self,
        notify: SendAlert,
        *,
        lasting: LastingConditions | None = None,
        is_restart: bool = False,
        unprotected_after: timedelta = UNPROTECTED_AFTER,
        out_of_reach_after: timedelta = OUT_OF_REACH_AFTER,
    ) -> None:
        super().__init__()
        self._notify = notify
        self._lasting = lasting
        self._is_restart = is_restart
        self._unprotected_after = unprotected_after
        self._reach = Reach(out_of_reach_after)
        self._unproved: dict[IdeaId, m.ProtectionChanged] = {}
        self._told_unprotected: set[IdeaId] = set()
        self._refusals: dict[IdeaId, str] = {}
        self._fold = DayFold()
        self._began: datetime | None = None
        self._plans: dict[IdeaId, m.PlaceBracket] = {}
        self._entered: set[IdeaId] = set()
        self._repairing: dict[IdeaId, str] = {}
        self._latch = Latch()
        self._guards_alerted: set[tuple[date, str]] = set()
        self._reported: date | None = None
        self._calendar_told: tuple[int, int] | None = None
        self._events = self._own()
        self.listen(
            dict.fromkeys(REPORT_KINDS, self._fold.handle),
            self._events,
            {} if lasting is None else dict.fromkeys(lasting.hears, self._last),
        )

    def _own(self) -> Applies:
        return {
            m.TimePassed: self._time,
            m.LineStarted: self._started,
            m.LineStopped: self._stopped,
            m.PlaceBracket: self._placed,
            m.BracketAdopted: self._adopted,
            m.FillBooked: self._filled,
            m.BracketClosed: self._closed,
            m.EntryAbandoned: lambda x: self._forget(x.idea_id),
            m.PlaceProtection: self._repair,
            m.ProtectionChanged: self._protection,
            m.ExitPosition: self._exit,
            m.ExitOverdue: self._overdue,
            b.OrderRefused: self._refused,
            b.RowSetAside: lambda x: self._tell(set_aside_alert(x)),
            b.OrderUnanswered: self._stuck,
            m.FeedChanged: self._trading,
            b.HoursListed: lambda x: self._tell(*early_close_alerts(x)),
            b.BrokerDisconnected: lambda x: self._reach.lose(x.at, x.reason),
            b.BrokerConnected: self._reach.hear_connected,
            b.LinkChanged: self._reach.hear_link,
            m.Reconciled: self._reconciled,
            m.Halted: self._halted,
            m.Resumed: self._resumed,
            lm.LimitLoosened: self._loosened,
        }

    def _last(self, message: m.Message) -> None:
        if self._lasting is not None:
            for key, title, body, is_over in self._lasting.handle(message):
                if self._reach.told and key.partition(":")[0] in ("connection", "ib"):
                    continue  # told already, and in graver words
                self._alert(key, Severity.INFO if is_over else Severity.WARNING, title, body)

    def remember(self, row: m.Message) -> None:
        """Restore what was received, and alerted, before a restart."""
        notify, self._notify = self._notify, lambda _: None
        self._fold.handle(row)
        if isinstance(row, m.BracketClosed):
            self._forget(row.idea_id)  # without its news, which a start would word for weeks of trades
        elif type(row) in RESTORED:
            self._events[type(row)](row)
        self._notify = notify

    def catch_up(self, messages: Iterable[m.Message]) -> None:
        """Remember all of these; days long past are dropped again."""
        for message in messages:
            self.remember(message)
        if self._fold.days:
            self._fold.forget_before(self._fold.days[-1])

    def _tell(self, *alerts: Alert | None) -> None:
        for alert in alerts:
            if alert is not None:
                self._notify(alert)

    def _held(self, symbol: str = "") -> list[str]:
        """What is held, of one symbol or in all, by the names of its contracts."""
        contracts = [self._plans[idea].contract for idea in sorted(self._entered)]
        return [one.label for one in contracts if symbol in ("", one.symbol)]

    def _alert(self, key: str, severity: Severity, title: str, body: str = "") -> None:
        self._notify(Alert(key, severity, title, body))

    # ── the line ──

    def _started(self, x: m.LineStarted) -> None:
        self._began = x.at
        self._reach.lose(x.at, "not connected since the start")
        if self._is_restart:
            return
        orders = "dry run, no orders" if x.dry_run else "orders go out"
        lines = [f"{x.mode}, {', '.join(x.symbols)}, {orders}"]
        lines += [f"still HALTED by {cause}: {detail}" for cause, detail in self._latch.causes.items()]
        held = self._held()
        lines += [f"holds {', '.join(held)}"] if held else []
        severity = Severity.WARNING if self._latch.causes else Severity.INFO
        self._alert(
            f"started:{x.at.isoformat()}", severity, f"Bot started, build {x.build}", "\n".join(lines)
        )

    def _stopped(self, x: m.LineStopped) -> None:
        self._report_day(x.at, after=timedelta(0))
        held = self._held()
        body = f"holds {', '.join(held)}; the stops stay at the broker" if held else "nothing is held"
        self._alert(f"stopped:{x.at.isoformat()}", Severity.INFO, f"Bot stopped: {x.reason}", body)

    def _time(self, x: m.TimePassed) -> None:
        self._began = self._began or x.at
        for idea_id in [*self._unproved]:
            self._tell_unprotected(idea_id, x.at)
        bare = ", ".join(self._name(idea_id) for idea_id in self._unproved)
        self._tell(
            self._reach.look(x.at, self._held(), f"UNPROTECTED: no stop of {bare} was proved" if bare else "")
        )
        self._report_day(x.at, after=REPORT_AFTER_CLOSE)
        self._calendar(x.at)

    def _calendar(self, at: datetime) -> None:
        """Once a month in the last half year of the calendar's table, and behind its end."""
        day = new_york_day(at)
        left, month = days_left(day), (day.year, day.month)
        if left > CALENDAR_WARNING_DAYS or month == self._calendar_told:
            return
        self._calendar_told = month
        title = f"The trading calendar ends in {left} days" if left >= 0 else "The trading calendar has ended"
        body = "upgrade the bot: without a calendar nothing new is bought, and what is held is protected and closed"
        severity = Severity.WARNING if left >= 0 else Severity.CRITICAL
        self._alert(f"calendar:{day.year}-{day.month}", severity, title, body)

    def _report_day(self, at: datetime, *, after: timedelta) -> None:
        """Once, when the session is over; not for a session that was over before this line began."""
        day = new_york_day(at)
        if day == self._reported:
            return
        try:
            session = session_on(day)
        except CalendarRangeError:
            return
        if session is None or at < session.close + after:
            return
        self._reported = day
        if self._began is not None and self._began < session.close:
            title, body = day_report_text(self._fold.report(day))
            self._alert(f"{DAY_REPORT}{day}", Severity.INFO, title, body)

    # ── brackets ──

    def _placed(self, x: m.PlaceBracket) -> None:
        self._plans[x.idea_id] = x

    def _adopted(self, x: m.BracketAdopted) -> None:
        self._plans.setdefault(x.place.idea_id, x.place)
        body = (
            f"{spoken_idea(x.place.idea_id)}: its orders were found at the broker and not in the journal; "
            "they are the bot's again, and what they traded is booked"
        )
        title = f"Took over {x.place.contract.label}"
        self._alert(f"adopted:{x.place.idea_id}", Severity.WARNING, title, body)

    def _filled(self, x: m.FillBooked) -> None:
        idea_id, _, leg = x.fill.order_ref.rpartition("/")
        plan = self._plans.get(idea_id)
        if plan is None or leg != Leg.ENTRY or idea_id in self._entered:
            return
        self._entered.add(idea_id)
        cost = x.fill.price * x.fill.quantity * plan.contract.multiplier
        body = (
            f"{x.fill.quantity} of {plan.quantity} filled, {cost:,.2f} paid; target {plan.target}, stop {plan.stop} "
            f"({plan.strategy})"
        )
        self._alert(
            f"entry:{idea_id}", Severity.INFO, f"Bought {plan.contract.label} at {x.fill.price}", body
        )

    def _closed(self, x: m.BracketClosed) -> None:
        paid, got = (average_text(price, x.quantity) for price in (x.entry_price, x.exit_price))
        body = (
            f"{x.quantity} × {paid} → {got}, held {span(x.closed_at - x.opened_at)}, "
            f"commission {x.commission:.2f} ({x.strategy}); today {money(self._today(x.closed_at))}"
        )
        title = f"Sold {x.contract.label} by {x.exit_reason}: {money(x.pnl)}"
        self._alert(f"exit:{x.idea_id}:{x.pnl}", Severity.INFO, title, body)
        self._forget(x.idea_id)

    def _today(self, at: datetime) -> Decimal:
        return self._fold.report(new_york_day(at)).pnl

    def _forget(self, idea_id: IdeaId) -> None:
        self._plans.pop(idea_id, None)
        self._entered.discard(idea_id)
        self._repairing.pop(idea_id, None)
        self._refusals.pop(idea_id, None)
        self._unproved.pop(idea_id, None)
        self._told_unprotected.discard(idea_id)

    # ── protection ──

    def _name(self, idea_id: IdeaId) -> str:
        plan = self._plans.get(idea_id)
        return idea_id if plan is None else plan.contract.label

    def _repair(self, x: m.PlaceProtection) -> None:
        self._repairing[x.idea_id] = x.reason

    def _refused(self, x: b.OrderRefused) -> None:
        self._refusals[x.ref.rpartition("/")[0]] = (
            f"the broker refused {x.ref.rpartition('/')[2]}, {x.code}: {x.text}"
        )

    def _tell_unprotected(self, idea_id: IdeaId, at: datetime) -> None:
        """Once for each time without a stop that lasts."""
        gap = self._unproved[idea_id]
        if at - gap.at < self._unprotected_after or idea_id in self._told_unprotected:
            return
        self._told_unprotected.add(idea_id)
        reasons = (self._repairing.get(idea_id, ""), self._refusals.get(idea_id, ""))
        why = "; ".join(reason for reason in reasons if reason) or "the broker shows no stop"
        shut = "" if _market_is_open(at) else "; the market is closed: the bot settles it at the open"
        title = f"UNPROTECTED: {self._name(idea_id)}"
        body = f"{gap.stop_quantity} of {gap.position} stopped at the broker for {span(at - gap.at)}: {why}{shut}"
        self._alert(f"unprotected:{idea_id}:{gap.at.isoformat()}", Severity.CRITICAL, title, body)

    def _overdue(self, x: m.ExitOverdue) -> None:
        title = f"Cannot close {self._name(x.idea_id)}: {x.why}"
        gap = self._unproved.get(x.idea_id)
        stop = "its stop stands at the broker" if gap is None else "UNPROTECTED: no stop stands at the broker"
        body = (
            f"{x.quantity} held past their time since {spoken_time(x.since)} ({x.reason}); {stop}; the bot keeps trying, "
            "look at the orders in TWS"
        )
        self._alert(f"overdue:{x.idea_id}:{x.at.isoformat()}", Severity.CRITICAL, title, body)

    def _protection(self, x: m.ProtectionChanged) -> None:
        if x.is_proved:
            self._unproved.pop(x.idea_id, None)
            self._told_unprotected.discard(x.idea_id)
        else:
            self._unproved[x.idea_id] = x
        why = self._repairing.pop(x.idea_id, None) if x.is_proved else None
        if why is not None and x.position:
            title = f"Protection of {self._name(x.idea_id)} repaired"
            body = (
                f"{why}; {x.unprotected_s:.1f} s without a proved stop, now {x.stop_quantity} of {x.position}"
            )
            self._alert(f"repaired:{x.idea_id}:{x.at.isoformat()}", Severity.WARNING, title, body)

    def _exit(self, x: m.ExitPosition) -> None:
        if x.reason == UNPROTECTED and x.step == 0:
            title = f"Closing {self._name(x.idea_id)}: it could not be protected"
            body = f"{abs(x.quantity)} at the bid of {x.bid} or below; look at the orders in TWS"
            self._alert(f"flattened:{x.idea_id}", Severity.CRITICAL, title, body)

    # ── what the broker says ──

    def _trading(self, x: m.FeedChanged) -> None:
        if x.feed == m.TRADING:
            self._notify(trading_alert(x, ", ".join(self._held(x.symbol))))

    def _stuck(self, x: b.OrderUnanswered) -> None:
        """While the market is closed a cancel may wait for the next session by right."""
        if not x.is_answered and _market_is_open(x.at):
            self._notify(stuck_alert(x, self._name(x.ref.rpartition("/")[0])))

    def _reconciled(self, x: m.Reconciled) -> None:
        """A difference that is new halts, and is told by that."""
        self._tell(self._reach.regain(x))
        if x.agreed and not self._latch.unseen_mismatches(in_details(x.mismatches)):
            self._notify(agreed_alert(x, is_halted=bool(self._latch.causes)))

    # ── halts ──

    def _halted(self, x: m.Halted) -> None:
        self._latch.halt(x)
        if x.cause in tuple(LOSS_GUARDS):
            alerted = (new_york_day(x.at), x.cause)
            if alerted in self._guards_alerted:
                return
            self._guards_alerted.add(alerted)
            self._alert(
                f"loss_guard:{alerted[0]}:{x.cause}",
                # A streak only pauses by default; what must be looked at is the day's loss and the drawdown.
                Severity.WARNING if x.cause == HaltCause.LOSS_STREAK else Severity.CRITICAL,
                f"Loss guard: {x.cause}",
                x.detail,
            )
        elif x.cause == HaltCause.ORDER_REFUSED_STORM:
            self._alert(
                f"reject_storm:{x.at.isoformat()}", Severity.CRITICAL, "Halted: orders are rejected", x.detail
            )
        else:
            severity = Severity.WARNING if x.cause == HaltCause.OPERATOR else Severity.CRITICAL
            self._alert(
                f"halt:{x.cause}:{x.at.isoformat()}", severity, f"Halted by {x.by}: {x.cause}", x.detail
            )

    def _resumed(self, x: m.Resumed) -> None:
        self._latch.resume(x)
        title = f"Resumed by {x.by}: {x.cause}"
        self._alert(f"resume:{x.cause}:{x.at.isoformat()}", Severity.INFO, title, x.reason)

    def _loosened(self, x: lm.LimitLoosened) -> None:
        title = f"Limit loosened by {x.by}: {x.limit}"
        until = f"{x.until.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York"
        body = f"from {x.was} to {x.now} until {until}: {x.reason}"
        self._alert(f"loosened:{x.limit}:{x.at.isoformat()}", Severity.WARNING, title, body)


def _market_is_open(at: datetime) -> bool:
    try:
        return is_open(at)
    except CalendarRangeError:
        return False
