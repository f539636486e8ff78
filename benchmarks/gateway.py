"""The simulated gateway under its whole burden: waits, fan-out, start and memory, each beside what it must reach.

``python -m benchmarks.gateway [--seconds 60] [--days 10]`` alone; ``make bench`` has it too. 32 clients with 100 lines each and
one with a bulk of history, over sockets; a start with 20 symbols; memory over ten simulated days with lines, bars and trades;
and a client that does not read, which must be cut off while another is served. Waits and the start are of the wall's clock: on a
busy machine they tell how busy it was.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks import sim_load
from benchmarks.figures import Figure
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world
from tests.sim.raw import SPY, Bench, RawClient

SYMBOLS = "SPY,QQQ,IWM,AAPL,MSFT,NVDA,AMZN,GOOG,META,TSLA,AMD,NFLX,JPM,BAC,XOM,CVX,KO,PEP,DIS,INTC"
START_S, FAN_OUT, GROWTH_MIB = 1.0, 50_000.0, 5.0
"""A second to the first answer with 20 symbols; messages a second of the processor; what the days after the third may add."""
_DAY, _STARTS, _MINUTES = date(2026, 1, 5), 3, 3
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


def start_s() -> float:
    """From the command to the port's being open, with 20 symbols."""
    words = [sys.executable, "-m", "bot", "sim", "--synthetic", "--symbols", SYMBOLS, "--session", str(_DAY)]
    began_s = time.perf_counter()
    served = subprocess.Popen(  # noqa: S603  ours
        [*words, "--at", "10:15", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        json.loads((served.stdout or sys.stdin).readline())
        return time.perf_counter() - began_s
    finally:
        served.kill()
        served.wait()


def fan_out() -> tuple[float, int]:
    """Messages a second of the processor that 32 clients with 100 lines are told, and how many there were."""
    bench = Bench(synthetic_world(["SPY"], _DAY), market_data_lines=sim_load.CLIENTS * sim_load.LINES)
    scout = bench.client(99)
    con_ids = _options(scout)
    bench.core.disconnected(scout.session)
    clients = [bench.client(number) for number in range(sim_load.CLIENTS)]
    for client in clients:
        for req_id, con_id in enumerate(con_ids):
            client.give(client.connection.send("reqMktData", reqId=req_id, conId=con_id, exchange="SMART"))
    _frames(clients)
    told, began_s = 0, time.process_time()
    for _ in range(_MINUTES):
        bench.advance(minutes=1)
        told += _frames(clients)
    return told / (time.process_time() - began_s), told


def _options(scout: RawClient) -> list[int]:
    wanted = {"symbol": "SPY", "secType": "OPT", "exchange": "SMART", "right": "C"}
    scout.say("reqContractDetails", reqId=1, **wanted)
    return [found.conId for found in scout.take("contractDetails")][: sim_load.LINES]


def _frames(clients: list[RawClient]) -> int:
    """How many messages wait for these clients; taken, and not decoded."""
    count = 0
    for client in clients:
        data, place = b"", 0
        while piece := client.session.take_bytes():
            data += piece
        while place < len(data):
            count += 1
            place += 4 + int.from_bytes(data[place : place + 4], "big")
    return count


def memory_mib(days: int) -> list[float]:
    """What is resident after each day on which a client watches, keeps bars and trades once."""
    bench = Bench(synthetic_world(["SPY"], _DAY))
    client = bench.client()
    client.say("reqAccountUpdates", subscribe=True)
    for req_id, con_id in enumerate(_options(client)[:5], start=10):
        client.say("reqMktData", reqId=req_id, conId=con_id, exchange="SMART")
    bars = {"endDateTime": "", "barSizeSetting": "1 min", "durationStr": "1 D", "whatToShow": "TRADES"}
    client.say("reqHistoricalData", reqId=2, **SPY, **bars, keepUpToDate=True)
    resident = []
    for day in range(days):
        sides = ("BUY", "SELL")
        client.say(
            "placeOrder", orderId=day + 1, **SPY, action=sides[day % 2], totalQuantity=1, orderType="MKT"
        )
        bench.advance(days=1)
        client.take()
        client.stream.clear()
        gc.collect()
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        resident.append(int(pages) * _PAGE_MIB)
    return resident


def cut_off() -> tuple[int, int]:
    """How many of two clients are left when one does not read, and how many of ten questions the other got answered."""
    from tests.sim.server.test_gateway_sockets import Caller

    settings = GatewaySettings(messages_per_second=None, outbox_limit_bytes=1_000_000)
    with SimGatewayThread(synthetic_world(["SPY"], _DAY), settings=settings, speed=1.0) as running:
        reader, sleeper = Caller(running.port, client_id=2), Caller(running.port, receive_buffer=4096)
        chain = {"underlyingSymbol": "SPY", "underlyingSecType": "STK", "underlyingConId": 756733}
        try:
            for req_id in range(5_000):
                sleeper.say("reqSecDefOptParams", reqId=req_id, **chain)
                if running.ask(lambda core: len(core.sessions)) == 1:
                    break
        except OSError:
            pass
        left = running.ask(lambda core: len(core.sessions))
        answers = 0
        for _ in range(10):
            reader.say("reqCurrentTime")
            answers += reader.hear("currentTime").kind == "currentTime"
        reader.close()
        sleeper.close()
    return left, answers


def figures(seconds: float = 60.0, days: int = 10) -> Iterator[Figure]:
    yield from sim_load.figures(seconds)
    rate, told = fan_out()
    many = f"{sim_load.CLIENTS} clients × {sim_load.LINES} lines, {told} messages, without the sockets"
    yield Figure("fan-out, a second of the processor", rate, "messages", FAN_OUT, many, is_floor=True)
    starts = [start_s() for _ in range(_STARTS)]
    yield Figure(
        "start with 20 symbols", statistics.median(starts), "s", START_S, f"of {_STARTS}, by the wall"
    )
    resident = memory_mib(days)
    grown = resident[-1] - resident[min(2, days - 1)]
    yield Figure(f"memory, day {days} less day 3", grown, "MiB", GROWTH_MIB, f"{resident[-1]:.0f} MiB in all")
    left, answers = cut_off()
    yield Figure(
        "clients left beside one that does not read", float(left), "", 1.0, f"{answers} of 10 answers"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the time is asked for")
    parser.add_argument("--days", type=int, default=10, help="simulated days whose memory is compared")
    asked = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    missed = False
    for x in figures(asked.seconds, asked.days):
        missed = missed or not x.is_reached
        verdict = "" if x.is_reached else "  MISSED"
        print(f"{x.name}: {x.value:.4g} {x.unit}  must be {x.reach_text}{verdict}  ({x.note})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
