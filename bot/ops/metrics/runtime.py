"""The bot itself: may it trade, is it alive, is it keeping up, and which build is it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.session import CalendarRangeError, Session, is_open, new_york_day, next_session, session_on
from bot.domain.types import TradingState
from bot.ops.metrics.family import Family, Picture, Sample, SampleValue, counts, one, states
from bot.risk.breakers import HaltCause
from bot.risk.conditions import NOT_CONNECTED, NOT_RECONCILED
from bot.wiring import BOARD, BROKER, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK

COMPONENTS = (MARKET_DATA, RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, BROKER)
CAUSES = (*map(str, HaltCause), NOT_CONNECTED, NOT_RECONCILED)


def _market_open(x: Picture) -> SampleValue:
    try:
        return None if x.status.at is None else is_open(x.status.at)
    except CalendarRangeError:
        return None


def _session(x: Picture) -> Session | None:
    """The session in progress, or else the next one."""
    at = x.status.at
    if at is None:
        return None
    try:
        today = session_on(new_york_day(at))
        return today if today is not None and at < today.close else next_session(new_york_day(at))
    except CalendarRangeError:
        return None


def _session_open(x: Picture) -> SampleValue:
    session = _session(x)
    return None if session is None else session.open


def _session_close(x: Picture) -> SampleValue:
    session = _session(x)
    return None if session is None else session.close


def _failures(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {(name,): n for name, n in x.run.line_failures.items()}
    return counts(known, [(name,) for name in COMPONENTS])


def _halts(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {(cause,): n for cause, n in x.status.figures.halts.items()}
    return counts(known, [(cause,) for cause in map(str, HaltCause)])


def _notified(outcome: str, x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {
        (channel,): n for (channel, became), n in x.run.notifications.items() if became == outcome
    }
    return counts(known, [(channel,) for channel in x.constants.channels])


def _build(x: Picture) -> Iterable[Sample]:
    version, _, commit = x.status.build.partition("+")
    if not version:
        return []
    mode = (x.status.mode, x.constants.trading, "true" if x.status.dry_run else "false")
    return [((version, commit, *mode, x.constants.settings_id), 1)]


STATE = [
    Family("state", "trading_state", "gauge",
           "1 for the state trading is in: ACTIVE, REDUCING (no new risk) or HALTED (until `ibkr-bot resume`).",
           lambda x: states(map(str, TradingState), [str(x.status.trading_state)]), ("state",)),
    Family("state", "trading_cause", "gauge", "1 for each cause why trading is not ACTIVE.",
           lambda x: states(CAUSES, x.status.causes), ("cause",)),
    Family("state", "halts", "counter", "Halts, by cause.", _halts, ("cause",)),
    Family("state", "market_open", "gauge",
           "1 during New York regular trading hours, by the bot's clock and calendar.",
           one(_market_open)),
    Family("state", "session_open_timestamp_seconds", "gauge",
           "Open of the session in progress or the next one.",
           one(_session_open)),
    Family("state", "session_close_timestamp_seconds", "gauge", "Its close.", one(_session_close)),
    Family("state", "clock_timestamp_seconds", "gauge",
           "What time it is for the bot; a simulated day has a time of its own.",
           one(lambda x: x.status.at)),
    Family("state", "clock_speed_ratio", "gauge",
           "Bot seconds in a second of the wall's: 1 except in simulated days.",
           one(lambda x: x.constants.clock_speed)),
]  # fmt: skip

RUNTIME = [
    Family("runtime", "build_info", "gauge", "Always 1; the labels say which build runs, and how it is set.",
           _build, ("version", "commit", "mode", "trading", "dry_run", "settings")),
    Family("runtime", "line_start_timestamp_seconds", "gauge", "When the line was started (bot time).",
           one(lambda x: x.status.started_at)),
    Family("runtime", "heartbeat_timestamp_seconds", "gauge",
           "When every component last answered the supervisor (wall time).",
           one(lambda x: x.run.heartbeat_at)),
    Family("runtime", "line_starts", "counter",
           "Lines started in this process; more than one means a component failed.",
           one(lambda x: x.run.line_starts)),
    Family("runtime", "line_failures", "counter",
           "Lines that a failing component took down.", _failures, ("component",)),
    Family("runtime", "actor_mailbox_depth", "gauge", "Messages waiting to be handled.",
           lambda x: [((name,), depth) for name, depth in sorted(x.run.mailboxes.items())], ("actor",)),
    Family("runtime", "actor_message_seconds", "summary", "Wall time spent handling messages.",
           lambda x: [((name,), busy) for name, busy in sorted(x.run.busy.items())], ("actor",)),
    Family("runtime", "journal_write_failures", "counter", "Writes to the journal that failed.",
           one(lambda x: x.run.journal_write_failures)),
    Family("runtime", "notifications_delivered", "counter", "Notifications of the bot itself that arrived.",
           lambda x: _notified("delivered", x), ("channel",)),
    Family("runtime", "notification_failures", "counter", "Notifications given up after their retries.",
           lambda x: _notified("failed", x), ("channel",)),
    Family("runtime", "notification_delivery_seconds", "histogram",
           "Wall time from an event's alert to a channel's acceptance, retries included; 5 s is the goal for 99 of 100.",
           one(lambda x: x.run.delivery_s)),
    Family("runtime", "drill_due_timestamp_seconds", "gauge",
           "When the next drill (`ibkr-bot drill`) is due: a quarter after the last that was passed (wall time).",
           one(lambda x: x.run.drill_due)),
    Family("runtime", "threads", "gauge", "Threads of the process.", one(lambda x: x.run.threads)),
]  # fmt: skip
