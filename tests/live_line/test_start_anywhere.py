"""A bot that starts, or starts again, at any minute of a day judges every later bar as one that ran from the open.

In replay, many bots share one world: at each minute of a draw another one joins, fetches its history and judges along.
Over TCP a bot is ended in mid-session and lives again with what was on disk.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.actors.replay import replay
from bot.assembly.machines import make_machines
from bot.backtest.parity import RunOutcome
from bot.config import Settings
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.session import session_on
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.market.recorded.bars import recorded_sessions
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World
from bot.wiring import BOARD, BROKER, EXECUTION, JOURNAL, OCO_WATCHER, RISK, Machine
from tests.live_line.lines import paced_day, settings

EQUITY = Decimal(50_000)
MINUTE = timedelta(minutes=1)
LIVES = 20
"""Starts a day; each lives to the close of its day, or ``SPAN`` bars long."""
SPAN = 12
QUICK = ("AAPL", date(2014, 6, 6))
DAYS = [*recorded_sessions()[1:20:2], QUICK, ("GOOG", date(2015, 12, 24))]
NOT_JUDGED = frozenset({BOARD, RISK, EXECUTION, OCO_WATCHER})


def judged(message: m.BarJudged) -> tuple[object, ...]:
    """All that a bar was judged by. Whether it fired depends on what was bought before, which a new bot did not do."""
    return (message.strategy, message.bar_end, message.direction, message.confidence, dict(message.numbers))


@dataclass
class Life:
    """One bot's market data and strategies over a world that others move."""

    world: World
    chosen: Settings
    number: int
    heard: dict[tuple[str, datetime], tuple[object, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.world.now
        self.exchange = LoopbackExchange(self.world, self.number)
        made = make_machines(self.chosen, 1.0)
        kept = {name: machine for name, machine in made.items() if name not in NOT_JUDGED}
        self.machines: Mapping[str, Machine] = {**kept, JOURNAL: self, BROKER: self.exchange}
        self.tell(self.exchange.connect())

    def tell(self, facts: Iterator[Message]) -> None:
        replay(self.machines, facts, without=NOT_JUDGED)

    def handle(self, message: Message) -> Iterator[Message]:
        if isinstance(message, m.BarJudged):
            self.heard[message.strategy, message.bar_end] = judged(message)
        return iter(())

    def remember(self, row: Message) -> None:
        """A new bot has no memory."""


def live_through(symbol: str, day: date, minutes: list[int]) -> tuple[Life, list[Life]]:
    """The life that begins before the open, and one from each of these minutes on."""
    session = session_on(day)
    assert session is not None
    chosen, world = settings(SYMBOLS=symbol), recorded_world([symbol], day, equity=EQUITY)
    first = Life(world, chosen, 1)
    joining = {session.open + n * MINUTE: n for n in minutes}
    others: list[Life] = []
    while world.now < session.close:
        events = world.advance_to(world.now + MINUTE)
        for life in (first, *others):
            if world.now - life.began <= SPAN * MINUTE or life is first:
                life.tell(life.exchange.follow(events))
                life.tell(iter([m.TimePassed(world.now)]))
        if world.now in joining:
            others.append(Life(world, chosen, 1000 + joining[world.now]))
    return first, others


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("symbol", "day"),
    [pytest.param(s, d, id=f"{s}-{d}", marks=() if (s, d) == QUICK else pytest.mark.slow) for s, d in DAYS],
)
def test_a_bot_that_starts_at_any_minute_judges_every_later_bar_as_one_that_ran_from_the_open(
    symbol: str, day: date
) -> None:
    session = session_on(day)
    assert session is not None
    draw = random.Random(f"{symbol} {day}")  # noqa: S311  a draw of minutes
    minutes = sorted(draw.sample(range(session.minutes - 2), LIVES))

    first, others = live_through(symbol, day, minutes)

    assert len(others) == LIVES
    for life in others:
        later = {key: what for key, what in life.heard.items() if key[1] > life.began}
        assert len([key for key in later if key[0] == "scalp"]) >= 1
        assert later == {key: first.heard[key] for key in later}, f"started at {life.began}"


@pytest.mark.line
@pytest.mark.slow
@pytest.mark.parametrize("minute", [3, 47, 120])
def test_over_tcp_a_bot_that_is_ended_and_starts_again_decides_as_one_that_was_never_ended(
    minute: int,
) -> None:
    symbol, day = "GOOG", date(2015, 12, 24)
    session = session_on(day)
    assert session is not None
    chosen, ended_at = settings(SYMBOLS=symbol), session.open + minute * MINUTE
    end = ended_at + 40 * MINUTE

    whole = paced_day(recorded_world([symbol], day, equity=EQUITY), chosen, end=end)
    broken = paced_day(recorded_world([symbol], day, equity=EQUITY), chosen, end=end, ended_at=ended_at)

    def decided(messages: list[Message]) -> list[Message]:
        found = RunOutcome.of(messages).of_kind(m.BarJudged)
        return [one for one in found if isinstance(one, m.BarJudged) and one.bar_end > ended_at]

    assert decided(whole.paper.in_order)
    assert decided(broken.paper.in_order) == decided(whole.paper.in_order)
    assert broken.summary == whole.summary
