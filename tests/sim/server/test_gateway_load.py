"""32 clients with 100 lines each for ten simulated minutes: everybody is served and memory stays flat."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.sim.raw import SPY, Bench, RawClient

CLIENTS = 32
LINES = 100
_PAGE_KIB = 4


def resident_mib() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE_KIB // 1024


def frames(client: RawClient) -> tuple[int, int]:
    """How many messages wait for this client, and how many of them are prices; taken, and not decoded."""
    data = b""
    while piece := client.session.take_bytes():
        data += piece
    count = prices = place = 0
    while place < len(data):
        count += 1
        prices += data.startswith(b"1\0", place + 4)
        place += 4 + int.from_bytes(data[place : place + 4], "big")
    return count, prices


def contracts(client: RawClient) -> list[int]:
    options = {
        "symbol": "SPY",
        "secType": "OPT",
        "exchange": "SMART",
        "lastTradeDateOrContractMonth": "201101",
    }
    client.say("reqContractDetails", reqId=1, **options)
    return [756733, *(found.conId for found in client.take("contractDetails"))][:LINES]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_many_clients_with_many_lines_are_served_in_flat_memory() -> None:
    bench = Bench(market_data_lines=CLIENTS * LINES)
    scout = bench.client(99)
    con_ids = contracts(scout)
    bench.core.disconnected(scout.session)
    clients = [bench.client(number) for number in range(CLIENTS)]
    for client in clients:
        for req_id, con_id in enumerate(con_ids):
            client.give(client.connection.send("reqMktData", reqId=req_id, conId=con_id, exchange="SMART"))
        client.take()
    resident = []
    for _ in range(10):
        bench.advance(minutes=1)
        heard = {frames(client) for client in clients}
        assert len(heard) == 1
        assert max(prices for _, prices in heard) > LINES
        resident.append(resident_mib())
    assert resident[-1] - resident[2] <= 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_simulated_week_leaves_nothing_behind() -> None:
    bench = Bench(open_market=False)
    client = bench.client()
    client.say("reqMktData", reqId=1, **SPY)
    bars = {"endDateTime": "", "barSizeSetting": "1 min", "durationStr": "1 D", "whatToShow": "TRADES"}
    client.say("reqHistoricalData", reqId=2, **SPY, **bars, keepUpToDate=True)
    for _ in range(7):
        bench.advance(days=1)
        assert client.take("historicalDataUpdate") or bench.core.now.weekday() in (5, 6, 0)
    client.say("cancelMktData", reqId=1)
    client.say("cancelHistoricalData", reqId=2)
    assert bench.core.feeds.count("line", "kept_bars") == 0
