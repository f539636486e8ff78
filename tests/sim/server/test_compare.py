"""A recording against the simulated gateway: one of our own differs in nothing, and what was changed in it is found."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.server.compare import compare_recording, read_recording
from bot.sim.server.recorder import FrameLog, Transcript
from bot.sim.world.build import synthetic_world
from bot.wire import encode

_VERSION = 176
_STOCK = {"conId": 0, "symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}
_CHAIN = {
    "underlyingSymbol": "AAPL",
    "futFopExchange": "",
    "underlyingSecType": "STK",
    "underlyingConId": 265598,
}
_LINE = {
    **_STOCK,
    "genericTickList": "",
    "snapshot": False,
    "regulatorySnapshot": False,
    "mktDataOptions": "",
}
_CLIENT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("startApi", {"clientId": 1, "optCapab": ""}),
    ("reqContractDetails", {"reqId": 7, **_STOCK}),
    ("reqSecDefOptParams", {"reqId": 8, **_CHAIN}),
    ("reqMktData", {"reqId": 9, **_LINE}),
    ("reqCurrentTime", {}),
    ("reqContractDetails", {"reqId": 10, **_STOCK, "symbol": "NONE"}),
)
_START = datetime.combine(date(2026, 1, 5), time(10, 15), NEW_YORK)


def recorded(version: int) -> list[str]:
    """What the recorder would write in front of our own gateway."""
    out = io.StringIO()
    world = synthetic_world(["SPY", "AAPL"], _START.date(), start=_START)
    core = make_core(world, GatewaySettings(messages_per_second=None))
    transcript = Transcript(out, lambda: core.now)
    asks = FrameLog(transcript, "C>S", is_client=True)
    tells = FrameLog(transcript, "S>C", is_client=False)
    session = core.connect()

    def send(data: bytes) -> None:
        asks.feed(data)
        core.receive(session, data)
        while told := session.take_bytes():
            tells.feed(told)

    hello = f"v100..{version}".encode()
    send(b"API\0" + len(hello).to_bytes(4, "big") + hello)
    for kind, values in _CLIENT:
        core.advance_to(core.now + timedelta(seconds=1))
        send(encode(kind, version, **values))
    core.advance_to(core.now + timedelta(seconds=15))
    while told := session.take_bytes():
        tells.feed(told)
    return out.getvalue().splitlines()


@pytest.fixture(scope="module")
def recording() -> list[str]:
    return recorded(_VERSION)


def found(lines: list[str]) -> set[tuple[str, str]]:
    return {(one.request, one.text) for one in compare_recording(read_recording(lines))}


def test_a_recording_of_our_own_differs_in_nothing(recording: list[str]) -> None:
    assert found(recording) == set()


def test_the_next_orders_number_is_no_answer_to_that_order(recording: list[str]) -> None:
    order = {**_STOCK, "action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1}
    asked = encode("placeOrder", _VERSION, orderId=1, **order)[4:-1].decode().replace("\0", "|")

    told = found(_with(f"C>S {asked}")(recording))

    assert told == {("placeOrder 1", "openOrder, orderStatus come here alone")}


def test_a_message_that_is_text_or_numbered_by_its_version_is_read_as_such() -> None:
    lines = recorded(206)
    assert sum("hex:" in line for line in lines) == len(lines) - 2, "all but the greetings"
    assert found(lines) == set()


def test_a_recording_of_numbered_bodies_is_read_and_names_no_account() -> None:
    lines = recorded(225)
    assert b"DU1234567".hex() not in "".join(lines)
    assert found(lines) == set()
    end = (252).to_bytes(4, "big").hex()
    told = found(_without(f"S>C hex:{end}")(lines))
    assert told == {("reqContractDetails 7", "contractDetailsEnd come here alone")}


def test_a_damaged_line_of_a_recording_is_named() -> None:
    with pytest.raises(FixTheCommand, match="line 1 is damaged"):
        read_recording(["10:20:00.000000 S>C hex:00zz"])


def _without(word: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line for line in lines if word not in line]


def _changed(before: str, after: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line.replace(before, after) for line in lines]


def _with(message: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines, f"10:20:00.000000 {message}"]


@pytest.mark.parametrize(
    ("change", "request_", "text"),
    [
        (_without("S>C 52|"), "reqContractDetails 7", "contractDetailsEnd come here alone"),
        (_changed("7|0|AAPL|STK", "7|0|AAPL|BOND"), "reqContractDetails 7", "error codes none, here 200"),
        (_with("S>C 4|2|9|354|not subscribed|"), "reqMktData 9", "error codes 354, here none"),
        (_with("S>C 84|1|9"), "layout", "a recorded message cannot be read"),
    ],
)
def test_what_differs_is_told_with_its_request(
    recording: list[str], change: Callable[[list[str]], list[str]], request_: str, text: str
) -> None:
    told = found(change(recording))

    assert any(request == request_ and text in words for request, words in told), told


def test_what_is_no_recording_is_refused_in_words(recording: list[str]) -> None:
    with pytest.raises(FixTheCommand, match="line 1 is none"):
        read_recording(["hello"])
    with pytest.raises(FixTheCommand, match="no client's hello"):
        read_recording(recording[1:])


def test_the_command_prints_one_line_a_difference(recording: list[str], tmp_path: Path) -> None:
    path = tmp_path / "tws-record.txt"
    path.write_text("\n".join(_without("S>C 52|")(recording)) + "\n")

    done = CliRunner().invoke(app, ["sim", "--compare", str(path)])

    assert done.exit_code == 0
    assert "reqContractDetails 7: contractDetailsEnd come here alone" in done.stdout
    assert "7 messages of the client, 1 difference" in done.stdout
