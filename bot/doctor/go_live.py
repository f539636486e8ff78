"""The checklist before real money, as checks: what docs/go-live.md asks for and a machine can see.

Rule: only days of IB's paper account count, and only recent ones: a simulated day proves the bot, not the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.config import Settings, hand_down
from bot.doctor.findings import Finding, fail, ok, warn
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId
from bot.journal.drills import DRILL_EVERY
from bot.sim.world.build import ACCOUNT_ID as SIMULATED_ACCOUNT

PAPER_DAYS = 5
PAPER_TRADES = 5
LONGEST_GAP_S = 15.0
RECENT = timedelta(days=60)
EVIDENCE: tuple[type, ...] = (
    b.BrokerConnected,
    m.LineStarted,
    m.BracketClosed,
    m.ProtectionChanged,
    m.MachineFailed,
    m.Halted,
    m.Resumed,
)
"""What a journal is read for."""


@dataclass(slots=True)
class PaperWeek:
    """What a journal proves of the paper account."""

    days: set[date] = field(default_factory=set)
    trades: set[IdeaId] = field(default_factory=set)
    """A trade that was corrected after its end is closed twice, and one trade."""
    worst_gap_s: float = 0.0
    failures: int = 0
    latched: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, messages: Iterable[m.Message], since: datetime) -> PaperWeek:
        """Days before ``since`` count for nothing."""
        week, is_paper, is_dry = cls(), False, False
        for message in messages:
            match message:
                case b.BrokerConnected():
                    is_paper = message.account.startswith("D") and message.account != SIMULATED_ACCOUNT
                case m.LineStarted():
                    is_dry = message.dry_run
                case m.BracketClosed() if is_paper and not is_dry and message.closed_at >= since:
                    week.trades.add(message.idea_id)
                    week.days.add(new_york_day(message.closed_at))
                case m.ProtectionChanged() if is_paper and message.at >= since:
                    week.worst_gap_s = max(week.worst_gap_s, message.unprotected_s)
                case m.MachineFailed() if message.at >= since:
                    week.failures += 1
                case m.Halted():
                    week.latched[message.cause] = message.detail
                case m.Resumed():
                    week.latched.pop(message.cause, None)
        return week


def go_live_checks(
    settings: Settings, journal: Iterable[m.Message], now: datetime, drilled_at: datetime | None
) -> Iterator[Finding]:
    """``journal`` is the messages of EVIDENCE in the paper account's journal, in order; ``drilled_at`` its last passed drill."""
    yield from _settings(settings)
    yield from _outside(settings)
    yield _drill(drilled_at, now)
    yield from _paper(PaperWeek.read(journal, now - RECENT))


def _settings(settings: Settings) -> Iterator[Finding]:
    broker, risk = settings.broker, settings.risk
    name = "go-live settings"
    if broker.trading != "live":
        yield fail(
            name, f"broker.trading is {broker.trading}", "broker.trading: live, and the gateway's live port"
        )
    elif settings.dry_run:
        yield fail(name, "dry_run is true: no order would leave", "dry_run: false")
    else:
        yield ok(
            name, f"live, account {broker.account}, confirmed"
        )  # the rest, the settings' own checks demand
    if risk.i_accept_more_risk:
        yield warn(
            "go-live risk", "risk.i_accept_more_risk lifts the ceilings", "set it false for the first weeks"
        )
    elif risk.max_risk_pct_per_trade > risk.max_daily_loss_pct / 3:
        words = f"one trade may lose {risk.max_risk_pct_per_trade:%}, a day {risk.max_daily_loss_pct:%}"
        yield warn(
            "go-live risk", words, "three losses should fit in a day: lower risk.max_risk_pct_per_trade"
        )
    else:
        yield ok(
            "go-live risk", f"{risk.max_risk_pct_per_trade:%} a trade, {risk.max_daily_loss_pct:%} a day"
        )


def _outside(settings: Settings) -> Iterator[Finding]:
    monitoring = settings.monitoring
    if not hand_down.alert_addresses(settings):
        yield fail("go-live alerts", "nobody would be told", "configure a channel, then: ibkr-bot alert test")
    else:
        yield ok("go-live alerts", "a channel is configured; has `ibkr-bot alert test` reached your phone?")
    if monitoring.heartbeat_url is None:
        yield fail("go-live heartbeat", "a dead machine would go unnoticed", "set monitoring.heartbeat_url")
    else:
        yield ok("go-live heartbeat", "a watcher outside is configured")


def _drill(drilled_at: datetime | None, now: datetime) -> Finding:
    name, remedy = (
        "go-live drill",
        "ibkr-bot drill with the paper bot's --config, or its directory as --state",
    )
    if drilled_at is None:
        return fail(name, "no drill was ever passed", remedy)
    words = f"passed on {drilled_at:%Y-%m-%d}"
    if now - drilled_at > DRILL_EVERY:
        return fail(name, f"{words}: more than {DRILL_EVERY.days} days ago", remedy)
    return ok(name, words)


def _paper(week: PaperWeek) -> Iterator[Finding]:
    words = f"{len(week.trades)} paper trades on {len(week.days)} of the last {RECENT.days} days"
    if len(week.days) < PAPER_DAYS or len(week.trades) < PAPER_TRADES:
        remedy = (
            f"trade paper with dry_run: false until there are {PAPER_TRADES} trades on {PAPER_DAYS} days; "
        )
        yield fail(
            "go-live paper week", words, remedy + "--paper-state names the paper bot's state directory"
        )
    else:
        yield ok("go-live paper week", words)
    if not week.trades:
        remedy = "trade paper first"
        yield warn(
            "go-live protection", "no paper trade: nothing is proved of protection or stability", remedy
        )
    elif week.worst_gap_s > LONGEST_GAP_S:
        words = f"a paper position was unprotected for {week.worst_gap_s:.0f} s"
        yield fail("go-live protection", words, "find out why in bot.log, and let another paper week pass")
    else:
        yield ok(
            "go-live protection", f"no paper position was unprotected for more than {week.worst_gap_s:.0f} s"
        )
    if week.failures:
        yield warn(
            "go-live stability", f"the line failed {week.failures} times", "read why in bot.log; report it"
        )
    elif week.trades:
        yield ok("go-live stability", "no component has failed")
    if week.latched:
        yield fail(
            "go-live halts", f"halted: {', '.join(week.latched)}", "look at the cause, then: ibkr-bot resume"
        )
    else:
        yield ok("go-live halts", "nothing halts trading")
