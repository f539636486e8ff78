"""Three ways to a day, one result: the replay runtime, the whole bot over TCP, and the same slower and under load.

Trades, times, prices, judgements and denials are compared, message by message.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest

from bot.backtest.parity import RunOutcome, differences
from bot.domain import messages as m
from bot.domain.types import ConId
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.market.recorded.bars import recorded_sessions
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World
from tests.live_line.late_wire import LateBroker, LatePaper, Order
from tests.live_line.lines import Day, Made, paced_day, replayed_day, settings

EQUITY = Decimal(50_000)
HALF_DAY = ("GOOG", date(2015, 12, 24))
FEW_LINES = {"MARKET_DATA__STRIKES_EACH_SIDE": "2"}
"""Half the quotes on the wire, for the whole set; the demo day has all of them."""


def world_of(symbol: str, day: date) -> World:
    return recorded_world([symbol], day, equity=EQUITY)


def outcome(day: Day) -> RunOutcome:
    return RunOutcome.of(day.paper.in_order)


def held(day: Day) -> dict[ConId, int]:
    return {con_id: whole_units(quantity) for con_id, quantity in day.books.positions.items() if quantity}


@contextmanager
def crowd(count: int) -> Iterator[None]:
    """So many processes that do nothing but count."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.line
@pytest.mark.parametrize(
    ("symbol", "day"),
    [
        pytest.param(
            symbol, day, id=f"{symbol}-{day}", marks=() if (symbol, day) == HALF_DAY else pytest.mark.slow
        )
        for symbol, day in recorded_sessions()
    ],
)
def test_a_recorded_day_comes_to_the_same_in_replay_and_over_tcp(symbol: str, day: date) -> None:
    chosen = settings(SYMBOLS=symbol, **FEW_LINES)

    replayed = replayed_day(world_of(symbol, day), chosen)
    wired = paced_day(world_of(symbol, day), chosen)

    assert list(differences(outcome(replayed), outcome(wired))) == []
    assert wired.trades == replayed.trades
    assert outcome(wired).fills == outcome(replayed).fills
    assert outcome(wired).of_kind(m.BarJudged)
    assert wired.books.positions == replayed.books.positions
    assert wired.books.working_stops == replayed.books.working_stops
    assert (
        held(wired) == wired.books.working_stops
    )  # what is kept overnight is stopped whole, and nothing else is
    pulse = wired.board.status.figures.pulse
    assert pulse is not None, "a day in steps has its heartbeats"
    assert (pulse.clock_offset_s, pulse.waiting, pulse.messages_free) == (0.0, 0, pulse.messages_limit)
    assert pulse.history_free == pulse.history_limit


@pytest.mark.line
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_neither_a_ceiling_nor_eight_busy_processes_change_a_day() -> None:
    chosen = settings(SYMBOLS=HALF_DAY[0])
    replayed = replayed_day(world_of(*HALF_DAY), chosen)

    with crowd(8):
        wired = paced_day(world_of(*HALF_DAY), chosen, speed=2000.0)

    assert list(differences(outcome(replayed), outcome(wired))) == []


@pytest.mark.line
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("order", "seed"), [(Order.BEHIND_ITS_ANSWER, 0), (Order.AT_RANDOM, 1), (Order.AT_RANDOM, 2)]
)
def test_frames_facts_commands_and_a_disk_that_are_late_change_no_trade(order: Order, seed: int) -> None:
    """The session on which the revision of an exit's limit once was confirmed a step late: 0.75 for 0.74."""
    day, chosen = date(2011, 1, 3), settings(SYMBOLS="SPY", **FEW_LINES)
    late = Made(paper=partial(LatePaper, seed), broker=partial(LateBroker, order=order, seed=seed))

    replayed = replayed_day(world_of("SPY", day), chosen)
    wired = paced_day(world_of("SPY", day), chosen, made=late)

    assert list(differences(outcome(replayed), outcome(wired))) == []
    assert wired.trades == replayed.trades


def test_a_difference_is_named_by_its_kind_and_its_place() -> None:
    at = world_of("SPY", date(2011, 1, 26)).now
    judged = [
        m.BarJudged(
            symbol="SPY",
            strategy="scalp",
            bar_end=at + timedelta(minutes=n),
            direction=None,
            confidence=0.0,
            fired=False,
            reason="no_trend",
            numbers={},
        )
        for n in range(3)
    ]
    one = RunOutcome.of([*judged, m.TimePassed(at)])
    other = RunOutcome.of([judged[0], replace(judged[1], confidence=0.5), judged[2]])

    (found,) = differences(one, other)

    assert found == "BarJudged 2: confidence 0.0 / 0.5"
    assert list(differences(one, RunOutcome.of(judged))) == []
    assert len(list(differences(one, RunOutcome.of(judged[:2])))) == 1
