"""How the way to the market stands: gateway, data, alerts, the next close, the log-in's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.domain.limits.messages import LimitsChanged
from bot.domain.session import new_york_day, next_open, session_on
from bot.ops.metrics.family import Constants
from bot.ops.page.document import Fact
from bot.ops.page.wording import ago, clock
from bot.ops.status.status import Status, SymbolView
from bot.risk.denials import DenialCode
from bot.risk.limits import EmbargoWindow, next_start

DAY_S = 24 * 3600
LOG_IN = DenialCode.EMBARGO_TOKEN_EXPIRY


def facts(status: Status, constants: Constants, alert_failures: Mapping[str, int]) -> tuple[Fact, ...]:
    found = [_gateway(status), *(_feed(view, status) for view in status.symbols)]
    found.append(_alerts(constants, sum(alert_failures.values())))
    if status.at is not None:
        found.append(_market(status.at))
    if status.at is not None and constants.trading != "simulated":
        found += [
            _log_in(status.at, window) for window in constants.session.embargoes if window.code == LOG_IN
        ]
    return (*found, *_limits(status.limits))


def _limits(changed: LimitsChanged | None) -> Iterator[Fact]:
    """What differs from the settings' limits."""
    if changed is None:
        return
    if changed.canary_contracts is not None:
        yield Fact("first live sessions", f"{changed.canary_contracts} contracts an order")
    for row in changed.loosened:
        until = f"{clock(row.until)} on {new_york_day(row.until):%d %b}"
        yield Fact(row.limit, f"{row.now} instead of {row.was}, by {row.by}, until {until}", "watch")
    for name, value in changed.held_back.items():
        yield Fact(name, f"held at {value}; the settings are looser", "watch")


def _gateway(status: Status) -> Fact:
    if not status.is_connected:
        return Fact("gateway", "not connected", "danger")
    if status.links_down:
        return Fact("gateway", f"lost {', '.join(status.links_down)}", "watch")
    if not status.is_reconciled:
        return Fact("gateway", "connected, comparing books", "watch")
    return Fact("gateway", "connected, books agree", "safe")


def _feed(view: SymbolView, status: Status) -> Fact:
    name = f"{view.symbol} data"
    stale = [feed for feed, is_fresh in view.feeds.items() if not is_fresh]
    if stale:
        return Fact(name, f"{', '.join(stale)} stale", "watch")
    if view.quote_at is None or status.at is None:
        return Fact(name, "none yet", "plain")
    kind = "live" if status.figures.live_data.get(view.symbol, True) else "not live"
    age = ago((status.at - view.quote_at).total_seconds())
    return Fact(name, f"{kind}, {age} old", "safe" if kind == "live" else "watch")


def _alerts(constants: Constants, lost: int) -> Fact:
    channels = [kind for kind in constants.channels if kind != "heartbeat"]
    if not channels:
        return Fact(
            "phone alerts", "no channel is set", "plain" if constants.trading == "simulated" else "watch"
        )
    if lost:
        return Fact("phone alerts", f"{lost} not delivered", "watch")
    return Fact("phone alerts", ", ".join(channels), "safe")


def _market(at: datetime) -> Fact:
    session = session_on(new_york_day(at))
    if session is not None and at in session:
        return Fact("market closes in", ago((session.close - at).total_seconds()))
    opens = next_open(at)
    return Fact("market opens", f"{clock(opens)}, in {ago((opens - at).total_seconds())}")


def _log_in(at: datetime, window: EmbargoWindow) -> Fact:
    left_s = (next_start(window, at) - at).total_seconds()
    return Fact("log-in ends in", ago(left_s), "watch" if left_s < DAY_S else "plain")
