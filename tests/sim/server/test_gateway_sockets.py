"""The TCP side: bad clients, slow readers, the port, the admin port, the recorder."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import FixTheMachine, RestartTheLine
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.server.admin import AdminPort
from bot.sim.server.recorder import Transcript, record
from bot.sim.server.tcp_server import SimGateway
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world
from bot.wire import Connection, Role, WireMessage
from tests.sim.desk import fair_world

pytestmark = pytest.mark.line


@pytest.fixture
def gateway() -> Iterator[SimGatewayThread]:
    with SimGatewayThread(fair_world()) as running:
        yield running


class Caller:
    """A blocking socket that speaks the client's side."""

    def __init__(self, port: int, client_id: int = 1, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(60)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.connection = Connection(Role.CLIENT)
        self.socket.sendall(self.connection.open())
        self.events: list[Any] = []
        self.read_until(lambda: self.connection.version is not None)
        self.say("startApi", clientId=client_id)
        self.hear("nextValidId")

    @classmethod
    def when_open(cls, port: int) -> Caller:
        """As soon as the port accepts."""
        while True:
            try:
                return cls(port)
            except OSError:
                continue

    def say(self, kind: str, **values: Any) -> None:
        self.socket.sendall(self.connection.send(kind, **values))

    def hear(self, kind: str) -> WireMessage:
        """Read until a message of this kind comes; it and all before it are taken."""
        self.read_until(lambda: any(getattr(e, "kind", "") == kind for e in self.events))
        place = next(i for i, e in enumerate(self.events) if getattr(e, "kind", "") == kind)
        found: WireMessage = self.events[place]
        del self.events[: place + 1]
        return found

    def read_until(self, is_enough: Any) -> None:
        while not is_enough():
            data = self.socket.recv(65536)
            assert data, "the gateway closed"
            self.connection.receive_data(data)
            while (event := self.connection.next_event()) is not None:
                self.events.append(event)

    def is_closed_by_the_gateway(self) -> bool:
        """Read what is left; True at a clean or hard end."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            return True
        return True

    def close(self) -> None:
        self.socket.close()


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0" + struct.pack(">I", 5000) + b"v",
        b"API\0" + struct.pack(">I", 9) + b"v100..141",
        b"API\0" + struct.pack(">I", 4) + b"what",
        b"\0" * 64,
    ],
)
def test_what_is_no_client_is_closed_and_the_others_live(gateway: SimGatewayThread, junk: bytes) -> None:
    good = Caller(gateway.port)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as bad:
        bad.sendall(junk)
        assert bad.recv(100) == b""
    good.say("reqCurrentTime")
    assert good.hear("currentTime").time == int(gateway.now.timestamp())
    good.close()


@pytest.mark.parametrize("frame", [struct.pack(">I", 0x7FFFFFFF) + b"1", struct.pack(">I", 0)])
def test_an_oversized_or_empty_frame_closes_that_client(gateway: SimGatewayThread, frame: bytes) -> None:
    caller = Caller(gateway.port)
    caller.socket.sendall(frame)
    assert caller.is_closed_by_the_gateway()
    caller.close()


def test_a_malformed_request_is_answered_and_the_client_lives(gateway: SimGatewayThread) -> None:
    caller = Caller(gateway.port)
    payload = b"1\0" + b"11\0" + b"77\0" + b"x\0" * 12
    caller.socket.sendall(struct.pack(">I", len(payload)) + payload)
    caller.hear("error")
    caller.socket.sendall(struct.pack(">I", 5) + b"9999\0")
    caller.say("reqCurrentTime")
    caller.hear("currentTime")
    caller.close()


def test_a_request_before_start_api_closes_that_client(gateway: SimGatewayThread) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as early:
        hello = b"v157..178"
        payload = b"49\0001\0"
        early.sendall(b"API\0" + struct.pack(">I", len(hello)) + hello)
        early.sendall(struct.pack(">I", len(payload)) + payload)
        while early.recv(1000):
            pass


def test_half_a_frame_waits_and_hurts_nobody(gateway: SimGatewayThread) -> None:
    caller = Caller(gateway.port)
    frame = caller.connection.send("reqCurrentTime")
    caller.socket.sendall(frame[:3])
    gateway.settle()
    caller.socket.sendall(frame[3:])
    caller.hear("currentTime")
    caller.close()


def test_a_client_that_does_not_read_is_dropped() -> None:
    settings = GatewaySettings(messages_per_second=None, outbox_limit_bytes=100_000)
    with SimGatewayThread(fair_world(), settings=settings, speed=1.0) as running:
        reader = Caller(running.port, client_id=2)
        sleeper = Caller(running.port, client_id=1, receive_buffer=4096)
        chain = {"underlyingSymbol": "SPY", "underlyingSecType": "STK", "underlyingConId": 756733}
        for req_id in range(5000):
            try:
                sleeper.say("reqSecDefOptParams", reqId=req_id, **chain)
            except ConnectionError:
                break
            if running.ask(lambda core: len(core.sessions)) == 1:
                break
        assert running.ask(lambda core: [s.client_id for s in core.sessions.values()]) == [2]
        reader.say("reqCurrentTime")
        reader.hear("currentTime")
        reader.close()
        sleeper.close()


def said(caller: Caller) -> list[str]:
    return [getattr(event, "kind", "") for event in caller.events]


def test_a_client_that_says_too_much_in_a_second_is_cut_where_a_clock_drives_the_gateway() -> None:
    with SimGatewayThread(fair_world(), speed=1.0) as running:
        caller, now = Caller(running.port), running.now
        running._gateway._clock = lambda: now
        caller.socket.sendall(caller.connection.send("reqCurrentTime") * 120)
        assert caller.is_closed_by_the_gateway()
        caller.close()


def test_a_client_that_keeps_the_rate_is_not_warned_by_a_gateway_that_was_busy_while_it_spoke() -> None:
    with SimGatewayThread(fair_world(), speed=1.0) as running:
        caller, late = Caller(running.port), timedelta(0)
        tcp, true_time = running._gateway, running._gateway._clock
        slices, busy = tcp.do_slices, threading.Event()
        assert true_time is not None

        def forty_a_second_for_two_seconds() -> None:
            nonlocal late
            if not busy.is_set():
                busy.set()
                for _ in range(2):
                    late += timedelta(seconds=1.001)
                    caller.socket.sendall(caller.connection.send("reqCurrentTime") * 40)
            slices()

        tcp._clock = lambda: true_time() + late
        tcp.do_slices = forty_a_second_for_two_seconds  # type: ignore[method-assign]
        caller.read_until(lambda: said(caller).count("currentTime") == 80)
        codes = {event.errorCode for event in caller.events if getattr(event, "kind", "") == "error"}
        assert not codes & {0, 100}, "IB's warning, and its end"
        caller.close()


def test_a_client_that_goes_away_leaves_nothing_behind(gateway: SimGatewayThread) -> None:
    caller = Caller(gateway.port)
    caller.say("reqMktData", reqId=1, conId=756733, exchange="SMART")
    caller.hear("tickReqParams")
    caller.close()
    gateway.settle()
    gateway.settle()
    assert gateway.ask(lambda core: (len(core.sessions), core.feeds.count("line"))) == (0, 0)


def test_a_refusing_port_refuses_and_opens_again(gateway: SimGatewayThread) -> None:
    gateway.faults.refuse(seconds=60)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
    gateway.advance(seconds=61)
    Caller(gateway.port).close()


def test_a_busy_port_is_one_clear_line(gateway: SimGatewayThread) -> None:
    with pytest.raises(FixTheMachine, match=f"{gateway.port}.*choose another --port"):
        SimGatewayThread(fair_world(), port=gateway.port)


def test_time_can_run_by_itself() -> None:
    with SimGatewayThread(fair_world(), speed=600.0) as running:
        caller = Caller(running.port)
        caller.say("reqRealTimeBars", reqId=1, conId=756733, exchange="SMART", whatToShow="TRADES")
        first = caller.hear("realtimeBar")
        second = caller.hear("realtimeBar")
        assert second.time == first.time + 5
        caller.close()


def test_a_mistake_inside_the_gateway_is_not_swallowed() -> None:
    running = SimGatewayThread(fair_world())
    running.ask(lambda core: core.timers.at(core.now, lambda: [][1]))
    with pytest.raises(RestartTheLine, match="IndexError"):
        running.stop()


def test_the_admin_port_breaks_and_tells() -> None:
    async def talk() -> list[dict[str, Any]]:
        gateway = SimGateway(make_core(synthetic_world(["SPY"], date(2026, 1, 5))), port=0)
        await gateway.start()
        admin = AdminPort(gateway, can_advance=True)
        port = await admin.start(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        writer.write(json.dumps({"token": admin.token}).encode() + b"\n")
        assert json.loads(await reader.readline()) == {"ok": True}
        for line in (
            {"do": "status"},
            {"do": "outage", "seconds": 60},
            {"do": "outage", "seconds": "x"},
            {"do": "advance", "seconds": 30},
            {"do": "books"},
            ["no"],
        ):
            writer.write(json.dumps(line).encode() + b"\n")
            answers.append(json.loads(await reader.readline()))
        writer.write(b"not json\n")
        answers.append(json.loads(await reader.readline()))
        writer.close()
        admin.stop()
        await gateway.stop()
        return answers

    status, broken, wrong, later, books, not_an_object, not_json = asyncio.run(talk())
    assert status["clients"] == []
    assert broken == {"ok": True}
    assert "seconds must be float" in wrong["error"]
    assert datetime.fromisoformat(later["now"]) > datetime.fromisoformat(status["now"])
    assert books["orders"] == 0
    assert not not_an_object["ok"]
    assert not not_json["ok"]


def test_the_recorder_passes_bytes_on_and_writes_messages_without_the_account(
    gateway: SimGatewayThread,
) -> None:
    out = io.StringIO()

    async def watch() -> None:
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        proxy = asyncio.create_task(record(0, "127.0.0.1", gateway.port, out, announced.set_result))
        port = int((await announced).split(":")[1].split(" ")[0])
        await asyncio.to_thread(lambda: Caller(port).close())
        proxy.cancel()
        await asyncio.gather(proxy, return_exceptions=True)

    asyncio.run(watch())
    lines = out.getvalue().splitlines()
    assert any("C>S v157..178" in line for line in lines)
    assert any("S>C 15|1|DU0000000" in line for line in lines)
    assert "DU1234567" not in out.getvalue()


def test_a_transcript_line_has_time_direction_and_fields() -> None:
    out = io.StringIO()
    Transcript(out, lambda: datetime(2026, 1, 5, 15, 0, tzinfo=UTC)).line("S>C", b"9\x001\x005\x00")
    assert out.getvalue() == "15:00:00.000000 S>C 9|1|5\n"


@pytest.mark.parametrize(
    "first",
    [
        b'{"do": "outage", "seconds": 60}\n',
        b'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n\r\n{"do": "drop_socket"}\n',
        b'{"token": "guessed"}\n',
        b'{"token": 7}\n',
        b"[" * 50_000 + b"\n",
        b"\xff\xfe\n",
    ],
)
def test_the_admin_port_obeys_nobody_without_the_token(first: bytes) -> None:
    async def talk() -> tuple[dict[str, Any], bytes, bool]:
        gateway = SimGateway(make_core(synthetic_world(["SPY"], date(2026, 1, 5))), port=0)
        await gateway.start()
        admin = AdminPort(gateway, can_advance=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", await admin.start(0))
        writer.write(first + b'{"do": "close_port"}\n')
        answer = json.loads(await reader.readline())
        rest = await reader.read()
        writer.close()
        admin.stop()
        is_listening = gateway.core.link.is_listening
        await gateway.stop()
        return answer, rest, is_listening

    answer, rest, is_listening = asyncio.run(talk())
    assert "admin_token" in answer["error"]
    assert rest == b"", "told once, and gone"
    assert is_listening
