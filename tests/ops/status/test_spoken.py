"""Names and times as a person reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import messages as m
from bot.ops.page.wording import figures
from bot.ops.status.spoken import spoken_figures, spoken_idea
from tests.journal.makers import BAR_END, IDEA, QUOTE
from tests.ops.page.moments import HOLDING, Moment


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        (IDEA, "SPY 10:31 scalp"),
        (f"{IDEA}/stop-2", "SPY 10:31 scalp stop-2"),
        ("by hand", "by hand"),
        ("", ""),
    ],
)
def test_an_idea_is_told_by_new_york_s_clock(name: str, spoken: str) -> None:
    assert spoken_idea(name) == spoken


def test_figures_have_their_times_in_new_york_and_stay_as_they_are_otherwise() -> None:
    told = spoken_figures(
        {
            "limit": Decimal("2.10"),
            "until": "2011-01-26T20:30:00+00:00",
            "at": BAR_END,
            "day": "2011-01-26",
            "of": "x",
            "bracket": IDEA,
        }
    )
    assert (
        told
        == "limit=2.10, until=15:30 New York, at=10:31 New York, day=2011-01-26, of=x, bracket=SPY 10:31 scalp"
    )


@pytest.mark.parametrize(
    ("name", "journaled", "read"),
    [
        ("volume", "26265310.0000", "26,265,310"),
        ("volume", 812, "812"),
        ("open_interest", "10250", "10,250"),
        ("close", "129.7000", "129.70"),
        ("ema21", "129.7149", "129.71"),
        ("vwap", "12345.6789", "12,345.68"),
        ("bid", "0.0500", "0.05"),
        ("ask", "0.5000", "0.50"),
        ("limit", "2.10", "2.10"),
        ("rsi", "58.0000", "58"),
        ("volume_ratio", "1.9349", "1.93"),
        ("rel_volume", "0.8123", "0.812"),
        ("gap_pct", "0.0010", "0.001"),
        ("gap_pct", "0.000012", "0.000012"),
        ("delta", "-0.4321", "-0.432"),
        ("pnl", "-193.3712", "-193.37"),
        ("equity_usd", "50123.4", "50,123.4"),
        ("cap_risk", 0, "0"),
        ("close", "unknown", "unknown"),
        ("close", "nan", "nan"),
        ("day", "2011-01-26", "2011-01-26"),
    ],
)
def test_a_figure_has_the_digits_that_a_person_reads(name: str, journaled: object, read: str) -> None:
    assert spoken_figures({name: journaled}) == f"{name}={read}"
    assert figures({name: journaled}).endswith(f"{read} USD" if name == "equity_usd" else read)


def test_no_screen_shows_an_idea_by_its_utc_name() -> None:
    denied = m.EntryDenied(
        idea_id=IDEA,
        symbol="SPY",
        strategy="scalp",
        at=BAR_END,
        code="SPREAD_WIDE_PCT",
        numbers={"spread": "0.05"},
    )
    moment = Moment([*HOLDING, denied])
    assert moment.builder.status.last_event == "SPY 10:31 scalp not traded: SPREAD_WIDE_PCT spread=0.05"


def test_what_is_held_counts_at_its_last_bid_once_the_market_is_closed_and_not_before() -> None:
    moment = Moment(HOLDING)
    silent = replace(QUOTE, bid=None, ask=None)
    close = BAR_END.replace(hour=21, minute=0)
    moment.hear(m.QuoteUpdated(replace(silent, at=close)))
    assert moment.builder.status.pnl.unrealized == Decimal("18.00")
    moment.hear(m.QuoteUpdated(replace(silent, at=close - timedelta(seconds=1))))
    assert moment.builder.status.pnl.net is None


def test_of_the_caps_of_a_size_only_those_are_told_that_leave_nothing() -> None:
    told = spoken_figures(
        {"equity_usd": 900, "cap_risk": 0, "cap_order": 12, "cap_allocation": -3, "capital": 5}
    )
    assert told == "equity_usd=900, cap_risk=0, cap_allocation=-3, capital=5"
