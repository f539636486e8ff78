"""Names and times as a person reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import messages as m
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
