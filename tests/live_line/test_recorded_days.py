"""Recorded days through the whole bot. The invariants are asserted after every step, inside ``lines``."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World
from bot.strategies.registry import spec_of
from tests.live_line.lines import Day, acted_day, paced_day, replayed_day, settings

EQUITY = Decimal(50_000)
DEMO_DAY = date(2011, 1, 26)
FEW_LINES = {"MARKET_DATA__STRIKES_EACH_SIDE": "2"}
"""Half the quotes, where all of them show no more."""


def assert_only_overnight_positions(done: Day) -> None:
    """What is left at the end belongs to a strategy that keeps it overnight, and the broker holds a stop for all of it."""
    left = {con_id: quantity for con_id, quantity in done.books.positions.items() if quantity}
    placed = [message for message in done.paper.disk if isinstance(message, m.PlaceBracket)]
    overnight = {x.contract.con_id for x in placed if not spec_of(x.strategy).terms.flat_by_session_end}
    assert left.keys() <= overnight
    assert {con_id: done.books.working_stops.get(con_id) for con_id in left} == left


def test_a_recorded_day_runs_through_with_its_invariants() -> None:
    """One of only bearish signals and modelled options; the family of parity tests runs one of recorded ones, too, and all."""
    chosen = settings(SYMBOLS="SPY", **FEW_LINES)

    done = replayed_day(recorded_world(["SPY"], date(2011, 1, 19), equity=EQUITY), chosen)

    assert_only_overnight_positions(done)
    assert any(isinstance(message, m.BarJudged) for message in done.paper.heard)


@pytest.mark.slow
def test_both_runtimes_make_the_same_trades_of_the_same_morning() -> None:
    def world() -> World:
        return recorded_world(["SPY"], DEMO_DAY, equity=EQUITY)

    end = world().now + timedelta(hours=2)
    replayed = replayed_day(world(), settings(), end)
    acted = acted_day(world(), settings(), end)

    assert acted.summary == replayed.summary
    assert acted.trades


@pytest.mark.line
@pytest.mark.slow
def test_the_day_over_real_tcp_trades_and_is_protected_throughout() -> None:
    done = paced_day(recorded_world(["SPY"], DEMO_DAY, equity=EQUITY), settings())

    assert len(done.trades) >= 3
    assert_only_overnight_positions(done)
    assert done.board.status.pnl.realized == sum(trade.pnl + trade.commission for trade in done.trades)


@pytest.mark.line
def test_a_dry_run_shows_trades_and_sends_no_order_message_at_all() -> None:
    world = recorded_world(["SPY"], DEMO_DAY, equity=EQUITY)
    done = paced_day(world, settings(DRY_RUN="true", **FEW_LINES), end=world.now + timedelta(minutes=75))

    assert done.books.order_messages == 0
    assert done.books.what_ifs == 0
    assert done.trades
    assert any(isinstance(message, b.SendOrders) for message in done.paper.disk)


@pytest.mark.slow
def test_a_second_symbol_trades_beside_the_first() -> None:
    world = recorded_world(["SPY", "AAPL"], DEMO_DAY, equity=EQUITY)

    done = replayed_day(world, settings(SYMBOLS="SPY,AAPL"))

    judged = {message.symbol for message in done.paper.heard if isinstance(message, m.BarJudged)}
    assert judged == {"SPY", "AAPL"}
    assert {trade.symbol for trade in done.trades} == {"SPY", "AAPL"}


def test_a_day_on_which_nothing_is_liquid_enough_ends_without_trades() -> None:
    world = recorded_world(["SPY"], DEMO_DAY, equity=EQUITY)

    done = replayed_day(world, settings(OPTIONS__MAX_SPREAD_USD="0.001"), world.now + timedelta(hours=2))

    assert done.trades == ()
    assert done.books.order_messages == 0
    assert sum(done.board.status.not_traded.values()) > 1


@pytest.mark.slow
def test_a_made_up_market_runs_through_too() -> None:
    world = synthetic_world(["SPY"], date(2026, 11, 23), equity=EQUITY)

    done = replayed_day(world, settings())

    assert_only_overnight_positions(done)
