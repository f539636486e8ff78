"""Entry times and close deadlines: half-days, embargoes across midnight and clock changes, expiry days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.risk.blackout import parse_blackout
from bot.risk.denials import Denial, DenialCode
from bot.risk.limits import EmbargoWindow, SessionRules
from bot.risk.session_rules import close_deadline, entry_time
from tests.risk.house import NOON, SCALP_TERMS, WHALE_TERMS

RESET = EmbargoWindow(
    code=DenialCode.EMBARGO_SERVER_RESET, starts=time(0, 15), lasts_minutes=90, lead_minutes=30
)
TOKEN = EmbargoWindow(
    code=DenialCode.EMBARGO_TOKEN_EXPIRY, starts=time(1, 0), lasts_minutes=60, lead_minutes=60, weekday=6
)
RULES = SessionRules(embargoes=(RESET, TOKEN))


def code(at: datetime) -> DenialCode | None:
    denied = entry_time(at, RULES, "SPY")
    return denied.code if denied else None


def new_york(*when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (new_york(2024, 3, 11, 9, 29), DenialCode.SESSION_CLOSED),
        (new_york(2024, 3, 11, 9, 34, 59), DenialCode.SESSION_JUST_OPENED),
        (new_york(2024, 3, 11, 9, 35), None),
        (new_york(2024, 3, 11, 15, 29, 59), None),
        (new_york(2024, 3, 11, 15, 30), DenialCode.SESSION_CLOSING),
        (new_york(2024, 3, 11, 16, 0), DenialCode.SESSION_CLOSED),
        (new_york(2024, 7, 3, 12, 29), None),
        (new_york(2024, 7, 3, 12, 30), DenialCode.SESSION_CLOSING),
        (new_york(2024, 7, 4, 12, 0), DenialCode.SESSION_HOLIDAY),
        (new_york(2024, 11, 29, 13, 0), DenialCode.SESSION_CLOSED),
        (new_york(2024, 3, 10, 12, 0), DenialCode.SESSION_HOLIDAY),
    ],
)
def test_entries_are_allowed_only_inside_the_margins(at: datetime, expected: DenialCode | None) -> None:
    assert code(at) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (new_york(2024, 3, 11, 23, 44), DenialCode.SESSION_CLOSED),
        (new_york(2024, 3, 11, 23, 45), DenialCode.EMBARGO_SERVER_RESET),
        (new_york(2024, 3, 12, 1, 44), DenialCode.EMBARGO_SERVER_RESET),
        (new_york(2024, 3, 12, 1, 45), DenialCode.SESSION_CLOSED),
        (new_york(2024, 3, 17, 1, 50), DenialCode.EMBARGO_TOKEN_EXPIRY),
        (new_york(2024, 3, 18, 1, 50), DenialCode.SESSION_CLOSED),
    ],
)
def test_an_embargo_reaches_across_midnight_and_keeps_its_weekday(at: datetime, expected: DenialCode) -> None:
    assert code(at) == expected


def test_an_embargo_follows_the_clock_change_of_its_own_zone() -> None:
    berlin = EmbargoWindow(
        code=DenialCode.EMBARGO_GATEWAY_RESTART,
        starts=time(16, 0),
        lasts_minutes=1,
        lead_minutes=5,
        zone=ZoneInfo("Europe/Berlin"),
    )
    rules = SessionRules(embargoes=(berlin,))

    winter, summer = datetime(2024, 3, 28, 15, 0, tzinfo=UTC), datetime(2024, 4, 2, 14, 0, tzinfo=UTC)

    assert [entry_time(at, rules, "SPY") is not None for at in (winter, summer)] == [True, True]
    assert entry_time(datetime(2024, 4, 2, 15, 0, tzinfo=UTC), rules, "SPY") is None


def test_a_scalp_ends_by_its_time_stop_or_the_session_end_whichever_comes_first() -> None:
    late = new_york(2024, 3, 11, 15, 20)

    assert close_deadline(NOON, date(2024, 3, 15), SCALP_TERMS, RULES) == (
        NOON + timedelta(hours=1),
        "time_stop",
    )
    assert close_deadline(late, date(2024, 3, 15), SCALP_TERMS, RULES) == (
        new_york(2024, 3, 11, 15, 50),
        "session_end",
    )


def test_a_half_day_ends_a_scalp_early() -> None:
    at = new_york(2024, 7, 3, 12, 10)

    assert close_deadline(at, date(2024, 7, 12), SCALP_TERMS, RULES) == (
        new_york(2024, 7, 3, 12, 50),
        "session_end",
    )


def test_a_whale_ends_before_its_option_expires() -> None:
    assert close_deadline(NOON, date(2024, 3, 15), WHALE_TERMS, RULES) == (
        new_york(2024, 3, 15, 15, 0),
        "expiry_cutoff",
    )


def test_an_option_that_expires_on_a_saturday_or_holiday_is_cut_off_on_the_session_before() -> None:
    at = new_york(2011, 1, 18, 12, 0)

    assert close_deadline(at, date(2011, 1, 22), WHALE_TERMS, RULES) == (
        new_york(2011, 1, 21, 15, 0),
        "expiry_cutoff",
    )


def test_an_expiry_beyond_the_calendar_is_no_obstacle() -> None:
    deadline = close_deadline(NOON, date(2035, 1, 19), WHALE_TERMS, RULES)

    assert deadline == (NOON + timedelta(days=5), "time_stop")


def test_an_option_past_its_cutoff_is_not_bought() -> None:
    denied = close_deadline(new_york(2024, 3, 15, 15, 0), date(2024, 3, 15), WHALE_TERMS, RULES)

    assert isinstance(denied, Denial)
    assert denied.code is DenialCode.CONTRACT_EXPIRING


# ── events ──

FOMC = parse_blackout("2024-03-20 14:00 FOMC")
EARNINGS = parse_blackout("2024-03-20 @AAPL earnings")


@pytest.mark.parametrize(
    ("hour", "minute", "symbol", "denied"),
    [(13, 29, "SPY", None), (13, 30, "SPY", "FOMC"), (14, 59, "SPY", "FOMC"), (15, 0, "SPY", None),
     (11, 0, "AAPL", "earnings"), (11, 0, "SPY", None)],
)  # fmt: skip
def test_no_entry_is_made_around_an_event(hour: int, minute: int, symbol: str, denied: str | None) -> None:
    found = entry_time(new_york(2024, 3, 20, hour, minute), SessionRules(blackouts=(FOMC, EARNINGS)), symbol)

    assert (found and found.numbers["event"]) == denied
    assert found is None or found.code is DenialCode.EVENT_BLACKOUT


@pytest.mark.parametrize(
    "text", ["FOMC", "2024-13-01 FOMC", "2024-03-20 25:00 CPI", "2024-03-20", "2024-03-20 @aapl x"]
)
def test_an_event_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        parse_blackout(text)
