"""The bot as a process: signals from outside, a second one beside it, a mistake inside it, and IB's rates in real time."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.session import ClientSession
from tests.live_line.course import TIMEOUT_S, Course

pytestmark = [pytest.mark.line, pytest.mark.slow]
NEVER = "00:00"
Begin = Callable[..., Course]


@pytest.fixture
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Begin]:
    courses: list[Course] = []

    def make(**how: Any) -> Course:
        courses.append(Course(tmp_path / "course", **how))
        courses[-1].start()
        return courses[-1]

    yield make
    for course in courses:
        course.close()
    for course in courses:
        request.node.user_properties.append(("score", course.final.as_dict()))
        assert not course.final.complaints, course.final.complaints


def output(course: Course) -> str:
    return (course.directory / "out").read_text()


@pytest.mark.gauntlet("G21", "C5", "V7")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_connecting_is_a_clean_stop(begin: Begin, number: signal.Signals) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        course = begin(fires_at=NEVER, port=closed.getsockname()[1])
        course.wait(lambda: any(isinstance(x, b.BrokerDisconnected) for x in course.disk()))
        assert course.bot is not None
        course.bot.send_signal(signal.SIGHUP)
        course.bot.send_signal(number)
        assert course.bot.wait(TIMEOUT_S) == 0
    assert "Traceback" not in output(course)
    assert any(isinstance(x, m.LineStopped) for x in course.disk())


@pytest.mark.gauntlet("G21")
def test_a_stop_with_a_position_leaves_its_protection_and_the_next_life_goes_on(begin: Begin) -> None:
    course = begin()
    course.hold()
    course.terminate()
    assert course.position()
    course.deaths += 1
    course.start()
    course.close_the_trade()


@pytest.mark.gauntlet("G18")
def test_a_second_instance_ends_at_once_and_names_the_first(begin: Begin) -> None:
    course = begin(fires_at=NEVER)
    course.wait(lambda: any(isinstance(x, m.Reconciled) for x in course.disk()))
    assert course.process().wait(TIMEOUT_S) != 0
    assert "another instance" in output(course)
    course.terminate()


@pytest.mark.gauntlet("G2", "V8")
def test_a_mistake_that_repeats_itself_halts_on_disk_and_ends_the_process(begin: Begin) -> None:
    course = begin(raises=True)
    assert course.bot is not None
    assert course.bot.wait(TIMEOUT_S) == 1
    failures = [x for x in course.disk() if isinstance(x, m.MachineFailed)]
    assert {x.component for x in failures} == {"strategy:SPY"}
    assert [x.cause for x in course.disk() if isinstance(x, m.Halted)] == ["repeated_failure"]


@pytest.mark.gauntlet("G31", "R1")
def test_the_gateways_limits_are_never_touched_by_a_bot_that_keeps_losing_its_connection(
    begin: Begin,
) -> None:
    course = begin(start_at="10:00")
    violations: list[str] = []

    def listen(core: GatewayCore) -> None:
        error = core.error

        def say(session: ClientSession, req_id: int, code: int, text: str) -> None:
            if code in (0, 100) or (code == 162 and "pacing" in text.lower()):
                violations.append(f"{code} {text}")
            error(session, req_id, code, text)

        core.error = say  # type: ignore[method-assign]  # an observer at the door

    course.gateway.ask(listen)
    assert course.gateway.ask(lambda core: core.settings.messages_per_second) == 50
    for count in (1, 2, 3):
        course.wait(lambda: sum(isinstance(x, m.Reconciled) for x in course.disk()) >= count)  # noqa: B023
        until = course.gateway.now + timedelta(seconds=60)
        course.wait(lambda: course.gateway.now >= until)  # noqa: B023
        course.gateway.faults.drop_socket()
    course.close_the_trade()
    course.pacing = tuple(violations)


@pytest.mark.gauntlet("V1")
def test_systemd_hears_ready_after_the_agreement_and_the_watchdog_all_along(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
        said: list[str] = []
        listener = threading.Thread(target=listen_to_the_end, args=(systemd, said), daemon=True)
        listener.start()
        course = begin()
        course.wait(lambda: "READY=1" in said)
        assert any(isinstance(x, m.Reconciled) for x in course.disk())
        course.hold()
        course.wait(lambda: any("1 positions" in text for text in said))
        course.terminate()
        listener.join(TIMEOUT_S)  # what the bot said last may be unread when it has ended
        assert "STOPPING=1" in said
    assert said.count("READY=1") == 1
    assert said.count("WATCHDOG=1") > 3
    monkeypatch.delenv("NOTIFY_SOCKET")
    course.deaths += 1
    course.start()
    course.close_the_trade()


def listen_to_the_end(systemd: socket.socket, said: list[str]) -> None:
    while not said or said[-1] != "STOPPING=1":
        said.append(systemd.recv(200).decode())


@pytest.mark.gauntlet("V7", "G21")
def test_a_closed_terminal_disturbs_nothing(begin: Begin) -> None:
    course = begin()
    assert course.bot is not None
    course.wait(lambda: any(isinstance(x, m.LineStarted) for x in course.disk()))
    course.bot.send_signal(signal.SIGHUP)
    course.hold()
    course.bot.send_signal(signal.SIGHUP)
    course.close_the_trade()
    assert course.ends == []
