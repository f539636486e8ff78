"""The control socket, over a real Unix socket."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.messages import HaltTrading
from bot.journal.codec import encode_row
from bot.ops.process.control_client import HALT_FILE, SOCKET, ask, leave_halt
from bot.ops.process.control_socket import ControlServer, forget_halt, take_halt


def echo(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if request.get("do") == "fail":
        raise FixTheCommand("not like this")
    return {"you": request.get("do")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    running = ControlServer(tmp_path, echo)
    yield running
    running.close()


def test_a_question_gets_its_answer(server: ControlServer, tmp_path: Path) -> None:
    assert ask(tmp_path, {"do": "status"}) == {"you": "status"}


def test_only_the_owner_may_open_the_socket(server: ControlServer) -> None:
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


def test_what_the_bot_refuses_is_told_in_its_words(server: ControlServer, tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="not like this"):
        ask(tmp_path, {"do": "fail"})


def test_two_clients_at_once_get_their_own_answers(server: ControlServer, tmp_path: Path) -> None:
    answers: dict[str, Any] = {}
    clients = [
        threading.Thread(target=lambda name=name: answers.update({name: ask(tmp_path, {"do": name})["you"]}))
        for name in ("one", "two", "three", "four")
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert answers == {name: name for name in ("one", "two", "three", "four")}


def test_noise_on_the_socket_is_answered_and_hurts_nobody(server: ControlServer, tmp_path: Path) -> None:
    for noise in (b"GET / HTTP/1.1\r\n", b"[]\n", b"\xff\xfe\n", b"{}\n"):
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(server.path))
            link.sendall(noise)
            assert link.makefile("rb").readline()

    assert ask(tmp_path, {"do": "status"}) == {"you": "status"}


def test_no_bot_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="no bot is running"):
        ask(tmp_path, {"do": "status"})


def test_a_socket_that_a_dead_bot_left_is_told_and_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET))

    with pytest.raises(FixTheMachine, match="cannot be reached"):
        ask(tmp_path, {"do": "status"})
    server = ControlServer(tmp_path, echo)
    assert ask(tmp_path, {"do": "status"}) == {"you": "status"}
    server.close()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to make a file somebody else's")
def test_a_socket_owned_by_another_user_is_refused(server: ControlServer, tmp_path: Path) -> None:
    os.chown(server.path, 12345, 12345)

    with pytest.raises(FixTheMachine, match="belong"):
        ask(tmp_path, {"do": "halt"})


def test_a_file_in_the_socket_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / SOCKET).touch()

    with pytest.raises(FixTheMachine, match="not a socket"):
        ask(tmp_path, {"do": "status"})


def test_a_halt_left_as_a_file_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    leave_halt(tmp_path, "smoke", "me")

    assert take_halt(tmp_path) == ("smoke", "me")
    assert take_halt(tmp_path) == ("smoke", "me")
    forget_halt(tmp_path)
    assert take_halt(tmp_path) is None


@pytest.mark.parametrize("half", ["", "{", '{"reason": "x"}', "[]"])
def test_half_a_halt_file_still_halts(tmp_path: Path, half: str) -> None:
    leave_halt(tmp_path, "x", "me").write_text(half)

    assert take_halt(tmp_path) == ("a halt was requested by file", "unknown")


@given(
    left=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=60).map(lambda text: json.dumps({"reason": text, "by": text}).encode()),
    )
)
def test_whatever_is_in_the_halt_file_halts_with_words_that_nothing_can_fail_on(left: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / HALT_FILE).write_bytes(left)
        found = take_halt(Path(folder))

        assert found is not None
        for text in found:
            assert text
            text.encode()
            assert text.isprintable()
        assert encode_row(HaltTrading(datetime(2026, 1, 5, tzinfo=UTC), *found))[0] == "HaltTrading"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_a_halt_request_that_is_no_file_halts_once_and_is_taken_away(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / HALT_FILE)

    assert take_halt(tmp_path) == ("a halt was requested by file", "unknown")
    assert forget_halt(tmp_path)
    assert take_halt(tmp_path) is None


def test_a_halt_request_that_cannot_be_taken_away_says_so(tmp_path: Path) -> None:
    (tmp_path / HALT_FILE / "something").mkdir(parents=True)

    assert take_halt(tmp_path) is not None
    assert not forget_halt(tmp_path)


@pytest.mark.parametrize(
    "noise", [b"[" * 60_000 + b"\n", b'{"do": ' * 20_000 + b"\n", b'"\\ud800"\n', b"null\n"]
)
def test_a_request_that_cannot_be_read_is_answered(
    server: ControlServer, tmp_path: Path, noise: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(server.path))
        link.sendall(noise)
        assert b"error" in link.makefile("rb").readline()

    assert ask(tmp_path, {"do": "status"}) == {"you": "status"}


def test_a_bot_that_fails_at_a_request_answers_and_goes_on(tmp_path: Path) -> None:
    def fail(request: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ZeroDivisionError if request["do"] == "fail" else FixTheCommand("well")

    server = ControlServer(tmp_path, fail)
    try:
        for words, answer in (("fail", "ZeroDivisionError"), ("other", "well")):
            with pytest.raises(FixTheMachine, match=answer):
                ask(tmp_path, {"do": words})
    finally:
        server.close()
