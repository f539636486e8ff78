"""Whatever is said at the control socket: the bot answers, goes on, and obeys a halt within it."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import messages as m
from bot.domain.types import TradingState
from bot.journal.codec import JOURNAL_KINDS, decode_row, encode_row
from bot.ops.process.control_socket import MAX_REQUEST, MOST_AT_ONCE, ControlServer
from bot.ops.process.operator import Operator
from bot.ops.status.status_builder import StatusBuilder
from bot.risk.limit_book import LOOSENABLE
from bot.risk.machine import RiskMachine
from tests.risk.house import LIMITS, NOON, opened, tell


@dataclass
class Bot:
    """The machine that hears a person, what the others see of it, and all that would be written down."""

    machine: RiskMachine = field(default_factory=opened)
    shown: StatusBuilder = field(default_factory=StatusBuilder)
    rows: list[tuple[str, str]] = field(default_factory=list)

    def emit(self, message: m.Message) -> None:
        for one in (message, *tell(self.machine, message)):
            if type(one).__name__ in JOURNAL_KINDS:
                self.rows.append(encode_row(one))
            for _ in self.shown.handle(one):
                pass

    def operator(self) -> Operator:
        return Operator(lambda: self.shown.status, self.emit, lambda: None, lambda: NOON)

    @property
    def is_halted(self) -> bool:
        return self.shown.status.trading_state is TradingState.HALTED

    def starts_again(self) -> RiskMachine:
        machine = RiskMachine(LIMITS, self.machine.session)
        for row in self.rows:
            machine.remember(decode_row(*row))
        return machine


class Socket:
    """One control socket for all examples, and behind it a new bot for each."""

    def __init__(self, folder: Path) -> None:
        self.bot = Bot()
        self._server = ControlServer(folder, lambda request: self.bot.operator().answer(request))
        self.path, self.close = self._server.path, self._server.close

    @contextmanager
    def new(self) -> Iterator[tuple[Bot, Path]]:
        self.bot = Bot()
        yield self.bot, self.path


@pytest.fixture(scope="module")
def line() -> Iterator[Socket]:
    with tempfile.TemporaryDirectory() as folder:  # short: a socket's path has 107 characters at most
        running = Socket(Path(folder))
        yield running
        running.close()


def say(path: Path, said: bytes) -> bytes:
    """What comes back, to the end. Whoever speaks may have hung up before all was said."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(path))
        link.sendall(said)
        link.shutdown(socket.SHUT_WR)
        return link.makefile("rb").read()


WORD = st.one_of(
    st.text(st.characters(), max_size=40),  # lone surrogates among them
    st.sampled_from(
        ["", " ", "\ud800", "x" * 5_000, "\0", "‮", "-1", "0", "NaN", "sNaN", "Infinity", "1e400"]
    ),
    st.sampled_from(["1E+999999", "1E-999999", "9" * 4_000, "0E+999999", "-0", "4", "0.03", "1_0", "٣"]),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-03-12T16:00:00+00:00"]),
    st.none() | st.integers() | st.floats() | st.booleans(),
    st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ACT = st.sampled_from(["status", "halt", "resume", "flatten", "loosen", "HALT", " halt\n", "stop", ""])
REQUEST = st.fixed_dictionaries(
    {"do": ACT | WORD},
    optional={
        "reason": WORD,
        "by": WORD,
        "account": WORD,
        "limit": st.sampled_from(LOOSENABLE) | WORD,
        "value": WORD,
        "until": WORD,
    },
)
SPOKEN = REQUEST.map(lambda request: json.dumps(request).encode()) | REQUEST.map(
    lambda request: json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogatepass")
)
NOISE = st.binary(max_size=80) | st.sampled_from(
    [b"[" * 60_000, b'{"do":' * 20_000, b'{"do":' + b"[" * 900 + b"]" * 900 + b"}", b'{"do":1' + b"0" * 5_000]
)


@st.composite
def garbled(draw: st.DrawFn) -> bytes:
    """A request that lost its end, got a byte between, or came twice."""
    said = draw(SPOKEN)
    place = draw(st.integers(0, len(said)))
    return draw(
        st.sampled_from([said[:place], said[:place] + draw(st.binary(max_size=3)) + said[place:], said * 2])
    )


@given(said=st.lists(SPOKEN | NOISE | garbled(), min_size=1, max_size=8), is_ended=st.booleans())
def test_whatever_is_said_the_bot_answers_and_what_it_wrote_down_can_be_read_again(
    line: Socket, said: list[bytes], is_ended: bool
) -> None:
    with line.new() as (bot, path):
        for one in said:
            answer = say(path, one + b"\n" * is_ended)
            assert not one.split(b"\n")[0].strip() or isinstance(json.loads(answer), dict)
        assert json.loads(say(path, b'{"do": "status"}'))["status"]["trading_state"]
        again = bot.starts_again()
        tell(again, m.TimePassed(NOON))

    assert again.limits == bot.machine.limits


@given(
    before=st.sampled_from([b"", b" ", b"\xef\xbb\xbf", b'{"x": 1, ', b"{'", b'{"reason": "Pr\xfcfung", ']),
    spelling=st.sampled_from([b'"do":"halt"', b'"do" : "HALT"', b'"do": "halt "', b"do': 'halt'"]),
    after=st.sampled_from([b"}", b"", b', "reason": "Pr\xfcf', b', "reason": null, "by": {}}', b', "by":'])
    | st.binary(max_size=20).map(lambda noise: b', "' + noise),
    ending=st.sampled_from([b"\n", b"", b"\r\n"]),
)
def test_a_halt_is_obeyed_however_it_is_spelled_cut_off_or_garbled(
    line: Socket, before: bytes, spelling: bytes, after: bytes, ending: bytes
) -> None:
    with line.new() as (bot, path):
        opens = b"" if b"{" in before else b"{"
        answer = json.loads(say(path, before + opens + spelling + after + ending))
        assert bot.is_halted
        assert answer["state"] == "HALTED"


@pytest.mark.parametrize("said", [b"halt", b"HALT now\n", b'"halt"\n', b"['halt']\n", b'{"do": "halt"}\n'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_halt_without_words_is_a_halt(line: Socket, said: bytes, encoding: str) -> None:
    with line.new() as (bot, path):
        say(path, said.decode().encode(encoding))
        assert bot.is_halted
        assert m.Halted.__name__ in {kind for kind, _ in bot.rows}


@pytest.mark.parametrize("size", [MAX_REQUEST, MAX_REQUEST + 1, 3_000_000])
@pytest.mark.parametrize(
    "spelling",
    [
        '{{"do": "halt", "by": "me", "reason": "{}"}}',
        '{{"do":"halt","{}',
        '\n \n{{"reason": "{}", "do": "halt"}}',
    ],
)
def test_a_halt_in_a_line_of_any_length_is_obeyed_and_answered(
    line: Socket, size: int, spelling: str
) -> None:
    with line.new() as (bot, path):
        answer = say(path, spelling.format("x" * size).encode() + b"\n")
        assert bot.is_halted
        assert json.loads(answer)["state"] == "HALTED"


@pytest.mark.parametrize(
    "said", [b"shall we halt\n", b'{"do": "status", "by": "halt"}\n', b"[1]\n", b"resume\n"]
)
def test_what_is_no_halt_halts_nothing(line: Socket, said: bytes) -> None:
    with line.new() as (bot, path):
        say(path, said)
        assert not bot.is_halted


def test_a_halt_gets_through_while_others_hold_the_socket_and_say_nothing(line: Socket) -> None:
    with line.new() as (bot, path):
        idle = [socket.socket(socket.AF_UNIX) for _ in range(3 * MOST_AT_ONCE)]
        for link in idle:
            link.connect(str(path))
            link.send(b'{"do": "sta')
        assert json.loads(say(path, b'{"do": "halt", "reason": "smoke", "by": "me"}\n'))["state"] == "HALTED"
        told = [link.makefile("rb").readline() for link in idle[:MOST_AT_ONCE]]
        for link in idle:
            link.close()
        assert bot.is_halted
    assert all(b"one line" in answer for answer in told), "the oldest are heard no longer, and told so"


def test_many_at_once_are_all_answered(line: Socket) -> None:
    with line.new() as (bot, path):
        answers = list[bytes]()
        askers = [
            threading.Thread(target=lambda: answers.append(say(path, b'{"do": "status"}\n')))
            for _ in range(MOST_AT_ONCE - 2)
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert sum(b"trading_state" in answer for answer in answers) == len(askers)
        assert not bot.is_halted
