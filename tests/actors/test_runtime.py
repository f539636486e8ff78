"""The two runtimes, with small whole machines instead of the bot's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pykka
import pytest

from bot.actors.clock import Clock, scaled_now
from bot.actors.replay import replay
from bot.actors.runtime import Line, settle, start_actor, stop
from bot.domain import messages as m
from bot.domain.clock import ScaledTime
from bot.domain.errors import RestartTheLine
from bot.wiring import BOARD, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK
from tests.actors.desk_parts import Told

AT = datetime(2011, 1, 5, 15, 31, tzinfo=UTC)
HALT = m.HaltTrading(AT, "test", "me")
HALTED = m.Halted(AT, "operator", "test", "me")


@dataclass
class Ear:
    """Hears and notes; answers what it was told to answer, or raises."""

    answers: dict[type, m.Message] = field(default_factory=dict)
    raises_on: type | None = None
    heard: list[m.Message] = field(default_factory=list)

    def handle(self, message: m.Message) -> Iterator[m.Message]:
        self.heard.append(message)
        if type(message) is self.raises_on:
            raise ValueError("broken on purpose")
        if type(message) in self.answers:
            yield self.answers[type(message)]

    def remember(self, message: m.Message) -> None:
        self.heard.append(message)


@pytest.fixture(autouse=True)
def _no_actor_outlives_its_test() -> Iterator[None]:
    yield
    pykka.ActorRegistry.stop_all()


def line_of(machines: dict[str, Ear], commits: list[m.Message]) -> tuple[Line, Told]:
    line, told = Line(commits.append), Told()
    for name, machine in machines.items():
        start_actor(name, machine, line, told)
    return line, told


def ears() -> dict[str, Ear]:
    return {name: Ear() for name in (RISK, EXECUTION, OCO_WATCHER, MARKET_DATA, JOURNAL, BOARD)}


def test_a_message_reaches_exactly_whom_the_table_names() -> None:
    machines = ears()
    line, _ = line_of(machines, [])

    line.emit(HALT)
    settle(line)

    assert {name for name, ear in machines.items() if ear.heard} == {RISK}


def test_what_is_durable_is_on_disk_before_anyone_hears_it() -> None:
    machines = ears()
    machines[RISK].answers[m.HaltTrading] = HALTED
    seen_at_commit: list[int] = []
    line = Line(lambda _: seen_at_commit.append(len(machines[EXECUTION].heard)))
    for name, machine in machines.items():
        start_actor(name, machine, line, Told())

    line.emit(HALT)
    settle(line)

    assert seen_at_commit == [0]
    assert machines[EXECUTION].heard == [HALTED]


def test_both_runtimes_give_every_machine_the_same_messages() -> None:
    live, replayed = ears(), ears()
    commits: list[m.Message] = []
    for machines in (live, replayed):
        machines[RISK].answers = {
            m.HaltTrading: HALTED,
            m.ResumeTrading: m.Resumed(AT, "operator", "ok", "me"),
        }
    feed = [HALT, m.TimePassed(AT), m.ResumeTrading(AT, "ok", "me"), m.TimePassed(AT + timedelta(seconds=1))]

    line, _ = line_of(live, commits)
    for message in feed:
        line.emit(message)
        settle(line)
    replayed_commits: list[m.Message] = []
    replay(replayed, feed, commit=replayed_commits.append)

    assert {name: ear.heard for name, ear in live.items()} == {
        name: ear.heard for name, ear in replayed.items()
    }
    assert commits == replayed_commits


def test_an_exception_in_a_machine_is_told_with_the_message_that_caused_it() -> None:
    machines = ears()
    machines[RISK].raises_on = m.HaltTrading
    line, told = line_of(machines, [])

    line.emit(HALT)

    assert told.event.wait(60)
    ((component, error, message),) = told.failures
    assert (component, str(error), message) == (RISK, "broken on purpose", HALT)


def test_a_message_that_nobody_hears_stops_the_line() -> None:
    with pytest.raises(RestartTheLine, match="nobody hears str"):
        replay(ears(), ["into the void"])


def test_stopping_lets_each_peer_finish_what_it_was_sent() -> None:
    machines = ears()
    line, _ = line_of(machines, [])
    for _ in range(500):
        line.emit(HALT)

    stop(line, [RISK], 5)

    assert len(machines[RISK].heard) == 500


def test_the_clock_says_the_scaled_time_until_it_is_stopped() -> None:
    said: list[m.Message] = []
    enough = threading.Event()

    def emit(message: m.Message) -> None:
        said.append(message)
        if len(said) == 3:
            enough.set()

    clock = Clock(scaled_now(ScaledTime(AT, 0.0, 1.0)), 0.001, emit)
    clock.start()
    assert enough.wait(60)
    clock.stop()

    count = len(said)
    times = [message.at for message in said if isinstance(message, m.TimePassed)]
    assert times == sorted(times)
    assert len(said) == count


def test_scaled_time_says_the_same_on_both_sides_of_a_process_border() -> None:
    scale = ScaledTime(AT, 1234567.25, 195.0)

    assert ScaledTime.parse(str(scale)) == scale
    assert scale.at(scale.wall_s(AT + timedelta(hours=1))) == AT + timedelta(hours=1)


def test_a_text_that_is_no_scaled_time_is_refused() -> None:
    with pytest.raises(ValueError, match="scaled time"):
        ScaledTime.parse("2011-01-05T15:31:00@1.0x2.0")
