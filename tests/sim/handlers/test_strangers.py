"""Clients of other makes and ages on a real socket: the protocol counts, not a library.

``Stranger`` shares no code with the gateway. IB's own Python client (9.81.1, server version 157) is tried where a
developer has installed it: its licence keeps it out of this project (dependency group ``clients``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.sim.official import Official, cancel, contract, order
from tests.sim.stranger import Stranger, limit_order, opening

SPY = "0|SPY|STK||0||| SMART||USD||".replace(" ", "")
pytestmark = pytest.mark.line


@pytest.fixture(scope="module")
def gateway() -> Iterator[SimGatewayThread]:
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 4))) as made:
        made.advance(minutes=15)
        yield made


@pytest.fixture
def connect(gateway: SimGatewayThread) -> Iterator[Callable[..., Stranger]]:
    made: list[Stranger] = []

    def make(versions: str, **options: Any) -> Stranger:
        made.append(Stranger(gateway.port, opening(versions), **options))
        return made[-1]

    yield make
    for stranger in made:
        stranger.close()


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ("v100..151", 151),
        ("v142..152", 152),
        ("v100..157", 157),
        ("v100..160", 160),
        ("v157..176", 176),
        ("v176", 176),
        ("v100..187 +PACEAPI", 187),
        ("v100..200", 200),
    ],
)
def test_every_make_of_client_gets_the_newest_version_it_can_read(
    connect: Callable[..., Stranger], said: str, spoken: int
) -> None:
    client = connect(said)
    assert client.version == spoken
    assert client.wait_for(15)[2] == "DU1234567"
    assert client.wait_for(9)[2].isdecimal()


def test_the_start_may_come_with_the_opening_and_without_its_last_field(gateway: SimGatewayThread) -> None:
    start = b"71\x002\x0031\0\0"
    hello = opening("v100..176") + len(start).to_bytes(4, "big") + start
    client = Stranger(gateway.port, hello, start="49|1")
    assert client.wait_for(15)
    assert client.wait_for(49)
    client.close()
    client = Stranger(gateway.port, opening("v100..176"), start="71|2|{}")
    assert client.wait_for(15)
    client.close()


def test_versions_nobody_here_speaks_are_closed_upon(gateway: SimGatewayThread) -> None:
    for versions in ("v226..300", "v100..141", "v100..99", "v0..0"):
        with pytest.raises(EOFError):
            Stranger(gateway.port, opening(versions))


@pytest.mark.parametrize(
    ("version", "details", "order", "execution"),
    [
        (142, 42, 126, 31),
        (145, 42, 126, 31),
        (151, 42, 128, 31),
        (157, 43, 128, 31),
        (163, 44, 131, 31),
        (173, 44, 136, 31),  # a recorded openOrder of a real TWS has 136
        (176, 44, 136, 31),
        (178, 44, 135, 32),
        (185, 45, 138, 32),
        (187, 46, 138, 32),
        (193, 46, 141, 32),
        (195, 46, 154, 32),
        (200, 46, 156, 33),
    ],
)
def test_messages_have_the_fields_of_their_version(
    gateway: SimGatewayThread,
    connect: Callable[..., Stranger],
    version: int,
    details: int,
    order: int,
    execution: int,
) -> None:
    client = connect(f"v100..{version}", client_id=version)
    order_id = int(client.wait_for(9)[2])
    client.say(f"9|8|1|{SPY}|0||" + ("|" if version >= 176 else ""))
    assert len(client.wait_for(10)) == details  # four of them are the ISIN and the CUSIP
    assert client.wait_for(52) == ["52", "1", "1"]
    client.say(limit_order(version, order_id, SPY, "BUY", "130"))
    assert len(client.wait_for(5)) == order
    assert len(client.wait_for(11)) == execution
    assert client.wait_for(59)[4] == "USD"
    client.say(limit_order(version, order_id + 1, SPY, "BUY", "100"))
    assert client.wait_for(3, 4)[:3] == ["3", str(order_id + 1), "Submitted"]
    client.say(f"4|1|{order_id + 1}" if version < 192 else f"4|{order_id + 1}|||2147483647")
    assert client.wait_for(3)[2] == "Cancelled"
    assert client.wait_for(4)[3 if version < 194 else 2] == "202"


@pytest.mark.parametrize("version", [151, 157, 176, 178, 195])
def test_data_and_history_arrive_at_every_age(connect: Callable[..., Stranger], version: int) -> None:
    client = connect(f"v100..{version}", client_id=100 + version)
    client.say(f"1|11|1|{SPY}|0||0|0|")
    price = client.wait_for(1)
    assert (len(price), price[2]) == (7, "1")
    client.say(f"20|2|{SPY}|0||1 min|600 S|1|TRADES|1|0|")
    bars = client.wait_for(17)
    assert bars[2].startswith("20110104 09:3" if version >= 174 else "20110104  09:3")
    assert int(bars[4]) == (len(bars) - 5) // 8 > 5
    client.say("54|3|3|0|SPY|OPT|20110121|127|C|100|SMART||USD|||2.5|127|")
    greeks = client.wait_for(21)
    assert greeks[: 4 if version < 156 else 3] == (
        ["21", "6", "3", "53"] if version < 156 else ["21", "3", "53"]
    )


@pytest.fixture
def official(gateway: SimGatewayThread) -> Iterator[Official]:
    pytest.importorskip("ibapi", reason="IB's own client is not installed")
    made = Official(gateway.port, newest=157)
    yield made
    made.close()


def test_ibs_own_client_reads_data_and_account(official: Official) -> None:
    ask = official.client
    details = official.after("contractDetails", lambda: ask.reqContractDetails(1, contract()))
    assert details[1].contract.conId == 756733
    assert official.after("tickPrice", lambda: ask.reqMktData(2, contract(), "", False, False, []))[2] > 100
    history: tuple[Any, ...] = (3, contract(), "", "600 S", "1 min", "TRADES", 1, 1, False, [])
    assert official.after("historicalData", lambda: ask.reqHistoricalData(*history))[1].close > 100
    assert official.after("positionEnd", ask.reqPositions) == ()
    assert official.after("accountDownloadEnd", lambda: ask.reqAccountUpdates(True, "")) == ("DU1234567",)
    assert official.after("pnl", lambda: ask.reqPnL(4, "DU1234567", ""))[0] == 4


def test_ibs_own_client_trades(official: Official) -> None:
    ask = official.client
    report = "commissionReport" if hasattr(ask.wrapper, "commissionReport") else "commissionAndFeesReport"
    first = official.after("nextValidId", lambda: ask.reqIds(-1))[0]
    what_if = order("BUY", "MKT", whatIf=True)
    margin = official.after("openOrder", lambda: ask.placeOrder(first, contract(), what_if))
    assert float(margin[3].initMarginAfter) > 0
    assert official.after(report, lambda: ask.placeOrder(first, contract(), order("BUY", "MKT")))
    rest = order("BUY", "LMT", lmtPrice=100)
    status = official.after("orderStatus", lambda: ask.placeOrder(first + 1, contract(), rest))
    assert status[1] == "Submitted"
    assert official.after("openOrder", ask.reqOpenOrders)[0] == first + 1
    assert official.after("orderStatus", lambda: cancel(ask, first + 1))[1] == "Cancelled"
