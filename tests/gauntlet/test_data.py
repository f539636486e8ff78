"""Market data that hang, die, freeze or were never paid for: said in words, never traded on, and brought back."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import BarSize, DataType
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL, Rig, clock

pytestmark = [pytest.mark.line, pytest.mark.slow]


def denials(rig: Rig) -> list[str]:
    return [x.code for x in rig.all(m.EntryDenied)] + [x.code for x in rig.all(m.IdeaDropped)]


def assert_bars_are_whole(rig: Rig) -> None:
    """Every closed minute once, in order, without a hole."""
    starts = [x.bar.start for x in rig.all(m.BarClosed) if x.bar.size is BarSize.M1]
    assert starts == sorted(set(starts))
    assert all(later - earlier == timedelta(minutes=1) for earlier, later in pairwise(starts))


@pytest.mark.gauntlet("G26", "D1", "D2", "D3")
def test_a_three_second_farm_blip_that_kills_the_feeds_costs_no_bar(stage: Stage) -> None:
    rig = stage({"10:12": BULL})
    rig.until("10:07")
    rig.faults.farm("usfarm", seconds=3, dead_after=True)
    rig.until("10:14")
    assert_bars_are_whole(rig)
    assert rig.position


@pytest.mark.gauntlet("G26", "D2")
def test_feeds_that_die_without_a_word_are_noticed_and_opened_again(stage: Stage) -> None:
    rig = stage({"10:20": BULL})
    rig.until("10:07")
    rig.faults.kill_feeds()
    rig.until("10:15")
    assert any(not x.is_fresh for x in rig.all(m.FeedChanged))
    rig.until("10:22")
    assert_bars_are_whole(rig)
    assert rig.position, denials(rig)


@pytest.mark.gauntlet("G26", "D1")
def test_a_quiet_line_for_bars_alone_is_noticed_too(stage: Stage) -> None:
    rig = stage({"10:20": BULL})
    rig.until("10:07")
    rig.faults.kill_feeds(family="kept_bars")
    rig.until("10:22")
    assert_bars_are_whole(rig)
    assert rig.position, denials(rig)


@pytest.mark.gauntlet("G1", "D6")
def test_a_history_request_that_hangs_is_asked_again_and_named(stage: Stage) -> None:
    rig = stage({"10:12": BULL}, run=False, time_scale={"history_timeout_s": 1.0})
    rig.faults.message("reqHistoricalData", "drop", count=8)
    rig.start()
    rig.pause_until(lambda: any(x.subject.startswith("bars:") for x in rig.all(b.RequestFailed)))
    rig.until("10:14")
    failed = [x for x in rig.all(b.RequestFailed) if x.subject.startswith("bars:")]
    assert "no answer" in failed[0].text
    assert_bars_are_whole(rig)
    assert rig.position, denials(rig)


@pytest.mark.gauntlet("G32")
def test_a_competing_session_stops_entries_until_it_leaves(stage: Stage) -> None:
    rig = stage({"10:09": BULL, "10:20": BULL})
    rig.until("10:06")
    rig.faults.competing_session(seconds=300)
    rig.until("10:10")
    assert not rig.position
    assert not rig.sent
    rig.until("10:22")
    assert rig.position, denials(rig)


@pytest.mark.gauntlet("G32", "G15", "D4")
def test_delayed_data_are_said_in_words_and_never_traded_on(stage: Stage) -> None:
    rig = stage({"10:09": BULL}, run=False)
    rig.faults.unsubscribed()
    rig.start()
    rig.until("10:11")
    assert rig.all(b.DataTypeChanged)
    assert all(x.data_type is not DataType.LIVE for x in rig.all(b.DataTypeChanged))
    assert not rig.sent


@pytest.mark.gauntlet("G7", "D6")
def test_an_option_without_a_quote_is_not_traded(stage: Stage) -> None:
    rig = stage({"10:09": BULL})
    rig.until("10:08")
    rig.faults.hide_quotes(scope="OPT")
    rig.until("10:11")
    assert denials(rig)
    assert not rig.sent


@pytest.mark.gauntlet("G34", "D5")
def test_a_clock_that_is_minutes_off_stops_entries(stage: Stage) -> None:
    rig = stage({"10:12": BULL}, time_scale={"heartbeat_s": 1.0})
    rig.until("10:07")
    rig.faults.clock_skew(seconds=90)
    rig.pause_until(lambda: any(abs(x.clock_offset_s) > 60 for x in rig.all(b.BrokerPulse)))
    rig.until("10:14")
    assert not rig.sent
    assert "clock_skew" in rig.halts


@pytest.mark.gauntlet("G22", "X1")
def test_a_half_day_ends_at_one_with_no_entry_near_its_end(stage: Stage) -> None:
    rig = stage(
        {"12:35": BULL, "13:20": BULL},
        day=date(2015, 12, 24),
        start="12:20",
        symbols=("GOOG",),
        SYMBOLS="GOOG",
    )
    rig.step((clock(date(2015, 12, 24), "13:30") - rig.now).total_seconds(), 60)
    assert not rig.sent
    assert denials(rig) == ["SESSION_CLOSING"]


@pytest.mark.gauntlet("G3", "R1", "G31")
def test_half_an_hour_of_moving_prices_leaves_no_line_behind(stage: Stage) -> None:
    rig = stage({})
    for n in range(12):
        rig.faults.gap("SPY", 1.5 if n % 2 else -1.5)
        rig.step(60, 20)
    lines = rig.ask(lambda core: sum(f == "line" for s in core.started() for f, _ in s.subscriptions))
    assert lines <= 1 + 4 * (2 * 2 + 1), f"{lines} lines are open"
