"""Which facts become alerts, how often, and what a restart remembers of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.market import DataType
from bot.domain.types import SecType
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.conditions import LastingConditions, LastingLimits
from bot.ops.alerts.events import REMEMBERED, Alerts
from bot.risk.denials import DenialCode
from bot.risk.limits import EmbargoWindow
from tests.journal.makers import ADOPTED, BAR_END, CLOSED, ENTRY, EXIT, IDEA, PLACED

STARTED = m.LineStarted(BAR_END, "0.1.0+ab12cd3", "growth", False, ("SPY",))
GUARD = m.Halted(BAR_END, "daily_loss", "down 500 of 10000", "risk")
DENIED = m.EntryDenied(idea_id="x", symbol="SPY", strategy="scalp", at=BAR_END, code="QUOTE_MISSING")
CLOSE = datetime(2011, 1, 5, 21, tzinfo=UTC)
WEEKLY = EmbargoWindow(
    code=DenialCode.EMBARGO_TOKEN_EXPIRY, starts=time(1), lasts_minutes=60, lead_minutes=60, weekday=6
)
SPY = Contract(con_id=1, symbol="SPY", sec_type=SecType.STOCK)


def said(
    *messages: object, before: Iterable[object] = (), lasting: LastingLimits | None = None
) -> list[Alert]:
    heard: list[Alert] = []
    alerts = Alerts(heard.append, lasting=None if lasting is None else LastingConditions(lasting))
    alerts.catch_up(before)
    for message in messages:
        assert list(alerts.handle(message)) == []
    return heard


def titles(
    *messages: object, before: Iterable[object] = (), lasting: LastingLimits | None = None
) -> list[str]:
    return [alert.title for alert in said(*messages, before=before, lasting=lasting)]


def passing(*ats: datetime) -> list[m.TimePassed]:
    return [m.TimePassed(at) for at in ats]


def test_an_entry_is_told_once_with_its_target_and_stop() -> None:
    again = replace(ENTRY, fill=replace(ENTRY.fill, exec_id="e.1.02"))

    (alert,) = said(PLACED, ENTRY, again)

    assert alert.title == "Bought SPY 2011-01-07 127 C at 0.79"
    assert "target 1.04, stop 0.64" in alert.body


def test_an_exit_is_told_with_its_result_and_the_day_s() -> None:
    alert = said(PLACED, ENTRY, EXIT, CLOSED)[-1]

    assert alert.title == "Sold SPY 2011-01-07 127 C by target: +71.10"
    assert "held 9 min" in alert.body
    assert "today +71.10" in alert.body


def test_a_bracket_found_at_the_broker_is_told_and_followed_to_its_end() -> None:
    found, *rest = said(ADOPTED, ENTRY, EXIT, CLOSED)

    assert (found.severity, found.title) == (Severity.WARNING, "Took over SPY 2011-01-07 127 C")
    assert "SPY 10:31 scalp" in found.body
    assert [alert.title.split()[0] for alert in rest] == ["Bought", "Sold"]


def test_a_corrected_exit_is_news_again() -> None:
    corrected = replace(CLOSED, pnl=Decimal("-5.00"))

    first, second = said(CLOSED, corrected)

    assert first.key != second.key
    assert "today -5.00" in second.body


def test_a_loss_guard_is_told_once_a_new_york_day() -> None:
    later = replace(GUARD, at=BAR_END + timedelta(hours=2))
    tomorrow = replace(GUARD, at=BAR_END + timedelta(days=1))

    assert titles(GUARD, later, tomorrow) == ["Loss guard: daily_loss"] * 2


def test_a_loss_guard_told_before_a_restart_is_not_told_again() -> None:
    assert titles(replace(GUARD, at=BAR_END + timedelta(hours=1)), before=[GUARD]) == []


def test_a_halt_and_its_end_are_told_every_time() -> None:
    halted = m.Halted(BAR_END, "operator", "holiday", "me")
    resumed = m.Resumed(BAR_END, "operator", "back", "me")

    assert titles(halted, resumed, replace(halted, at=BAR_END + timedelta(seconds=1))) == [
        "Halted by me: operator",
        "Resumed by me: operator",
        "Halted by me: operator",
    ]


def test_a_storm_of_refusals_is_critical() -> None:
    (alert,) = said(m.Halted(BAR_END, "order_refused_storm", "3 orders refused", "risk"))

    assert (alert.severity, alert.title) == (Severity.CRITICAL, "Halted: orders are rejected")


def test_a_repair_is_told_when_it_has_worked_with_the_length_of_the_gap() -> None:
    ordered = m.PlaceProtection(IDEA, 3, 1, "stops for 0 of 3", BAR_END)
    proved = m.ProtectionChanged(IDEA, True, 3, 3, 4.2, BAR_END)

    (_, alert) = said(PLACED, ENTRY, ordered, proved)

    assert alert.title == "Protection of SPY 2011-01-07 127 C repaired"
    assert "4.2 s" in alert.body


def test_the_first_proof_of_a_new_position_is_no_news() -> None:
    assert titles(PLACED, m.ProtectionChanged(IDEA, True, 3, 3, 0.5, BAR_END)) == []


def test_a_position_closed_because_it_cannot_be_protected_is_critical_and_told_once() -> None:
    rungs = [m.ExitPosition(IDEA, 3, rung, "unprotected", Decimal("0.70"), BAR_END) for rung in (0, 1, 2)]

    (alert,) = said(PLACED, *rungs)

    assert alert.severity is Severity.CRITICAL
    assert "could not be protected" in alert.title


def test_an_ordinary_exit_order_is_no_news_before_it_fills() -> None:
    assert titles(PLACED, m.ExitPosition(IDEA, 3, 0, "time_stop", Decimal("0.70"), BAR_END)) == []


def test_the_start_says_what_is_held_and_what_still_halts() -> None:
    (alert,) = said(STARTED, before=[PLACED, ENTRY, GUARD])

    assert alert.severity is Severity.WARNING
    assert "still HALTED by daily_loss" in alert.body
    assert "holds SPY 2011-01-07 127 C" in alert.body


def test_a_line_that_starts_anew_in_the_same_process_is_not_a_start() -> None:
    heard: list[Alert] = []
    list(Alerts(heard.append, is_restart=True).handle(STARTED))

    assert heard == []


def test_a_stop_says_what_stays_at_the_broker() -> None:
    alert = said(PLACED, ENTRY, m.LineStopped(BAR_END, "SIGTERM"))[-1]

    assert alert.title == "Bot stopped: SIGTERM"
    assert "stay at the broker" in alert.body


def test_the_daily_report_comes_once_after_the_close() -> None:
    day = [
        STARTED,
        DENIED,
        DENIED,
        CLOSED,
        *passing(CLOSE, *(CLOSE + timedelta(minutes=n) for n in range(1, 90))),
    ]

    (report,) = [alert for alert in said(*day) if alert.key.startswith("report:")]

    assert report.title == "Wed 05 Jan: 1 trade, +71.10"
    assert "not traded: QUOTE_MISSING 2" in report.body


def test_the_daily_report_of_a_day_with_a_restart_is_whole() -> None:
    started = replace(STARTED, at=CLOSE - timedelta(hours=1))

    alerts = said(started, *passing(CLOSE + timedelta(minutes=3)), before=[DENIED, CLOSED])

    assert alerts[-1].title == "Wed 05 Jan: 1 trade, +71.10"


def test_a_bot_that_starts_after_the_close_reports_nothing() -> None:
    late = CLOSE + timedelta(hours=1)
    assert titles(*passing(late, late + timedelta(minutes=1))) == []


def test_a_bot_stopped_just_after_the_close_reports_first() -> None:
    told = titles(STARTED, m.LineStopped(CLOSE, "session over"))

    assert told[-2:] == ["Wed 05 Jan: no trades, +0.00", "Bot stopped: session over"]


def test_only_what_the_journal_keeps_is_asked_of_it() -> None:
    from bot.journal.codec import JOURNAL_KINDS

    assert {kind.__name__ for kind in REMEMBERED} <= JOURNAL_KINDS.keys()


# ── conditions that last ──

LOST = b.BrokerDisconnected(BAR_END, "the gateway closed the connection")
BACK = b.BrokerConnected(BAR_END + timedelta(minutes=9), "DU1", 1, 178, 1)
MINUTES = [BAR_END + timedelta(minutes=n) for n in range(12)]


def test_a_short_disconnect_is_no_news() -> None:
    back = replace(BACK, at=BAR_END + timedelta(minutes=1))
    assert titles(LOST, *passing(*MINUTES[:2]), back, *passing(*MINUTES), lasting=LastingLimits()) == []


def test_a_long_disconnect_is_told_once_and_so_is_its_end() -> None:
    told = titles(LOST, *passing(*MINUTES[:9]), BACK, lasting=LastingLimits())

    assert told == ["No connection to the gateway", "Connected to the gateway again"]


def test_a_disconnect_at_night_may_last_longer() -> None:
    night = CLOSE + timedelta(hours=6)
    lost = replace(LOST, at=night)

    assert titles(lost, *passing(night + timedelta(hours=2)), lasting=LastingLimits()) == []
    assert len(titles(lost, *passing(night + timedelta(hours=3)), lasting=LastingLimits())) == 1


def test_books_that_the_gateway_does_not_tell_are_told_with_the_part_that_is_missing() -> None:
    unread = b.RequestFailed("snapshot", 0, "positions: no answer within 15 s", MINUTES[0])
    elsewhere = replace(unread, subject="bars:SPY:1 min")
    read = m.Reconciled(MINUTES[-1], (), ())

    first, last = said(unread, *passing(*MINUTES[:9]), read, lasting=LastingLimits())

    assert first.title == "The gateway does not say what the account holds"
    assert "positions: no answer within 15 s" in first.body
    assert last.title == "The account's books are read again"
    assert titles(elsewhere, *passing(*MINUTES), lasting=LastingLimits()) == []


def test_alertmanager_may_have_the_lasting_conditions_to_itself() -> None:
    assert titles(LOST, *passing(*MINUTES), BACK) == []


def test_data_that_are_not_live_are_told_in_words() -> None:
    messages = [
        b.UnderlyingQualified(SPY),
        b.DataTypeChanged(1, DataType.DELAYED, BAR_END),
        *passing(*MINUTES),
    ]

    (alert,) = said(*messages, lasting=LastingLimits())

    assert alert.title == "SPY: data are delayed, not live"
    assert "subscription" in alert.body


def test_delayed_data_of_an_option_alone_are_no_news() -> None:
    messages = [b.DataTypeChanged(99, DataType.DELAYED, BAR_END), *passing(*MINUTES)]
    assert titles(*messages, lasting=LastingLimits()) == []


def test_a_lost_link_behind_the_gateway_is_told_and_a_new_session_ends_it() -> None:
    lost = b.LinkChanged(BAR_END, "ib", False, False, 1100)

    told = titles(lost, *passing(*MINUTES), BACK, lasting=LastingLimits())

    assert told == ["The gateway has lost IB", "The gateway has IB again"]


@pytest.mark.parametrize("feed", ["bars", "quotes"])
def test_a_stale_feed_is_told_and_its_return_too(feed: str) -> None:
    stale = m.FeedChanged("SPY", feed, False, BAR_END)
    fresh = m.FeedChanged("SPY", feed, True, MINUTES[-1])

    assert titles(stale, *passing(*MINUTES), fresh, lasting=LastingLimits()) == [
        f"SPY: no fresh {feed}",
        f"SPY: {feed} flow again",
    ]


def test_the_log_in_is_due_twelve_hours_and_one_hour_before_it_expires() -> None:
    expiry = datetime(2011, 1, 9, 6, tzinfo=UTC)
    week = passing(*(expiry - timedelta(hours=n / 4) for n in range(100, -5, -1)))

    assert titles(*week, lasting=LastingLimits(log_in=WEEKLY)) == [
        "The gateway's log-in expires in 12 h 00 min",
        "The gateway's log-in expires in 1 h 00 min",
    ]


@pytest.mark.parametrize(
    ("day", "title"),
    [
        (datetime(2030, 6, 1, 15, tzinfo=UTC), None),
        (datetime(2030, 7, 15, 15, tzinfo=UTC), "The trading calendar ends in 169 days"),
        (datetime(2031, 1, 2, 15, tzinfo=UTC), "The trading calendar has ended"),
    ],
)
def test_the_end_of_the_calendar_is_told_once_a_month_from_half_a_year_before(
    day: datetime, title: str | None
) -> None:
    told: list[Alert] = []
    alerts = Alerts(told.append)
    for hours in (0, 1, 30):
        alerts.handle(m.TimePassed(day + timedelta(hours=hours)))

    assert [one.title for one in told if "calendar" in one.title] == ([] if title is None else [title])
