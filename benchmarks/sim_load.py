"""How long a client of the simulated gateway waits for the time while others keep it busy.

32 clients with 100 option lines each and one that asks for thirty days of minutes again and again; a client of its own asks
``reqCurrentTime`` all the while. Run with ``python -m benchmarks.sim_load [--seconds 60]``; nothing depends on its figures, which
are of the wall's clock, but the goal is told beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import Figure
from bot.wire import Connection, Role, ServerHello, WireMessage

CLIENTS, LINES, GOAL_MS = 32, 100, 50.0
_ASK_EVERY_S, _PER_SECOND = 0.02, 40
_READ_BYTES = 1 << 18
_QUIET: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
_CONTRACT: dict[str, Any] = {
    **dict.fromkeys(("symbol", "secType", "lastTradeDateOrContractMonth", "right", "multiplier"), ""),
    **dict.fromkeys(("exchange", "primaryExchange", "currency", "localSymbol", "tradingClass"), ""),
    "conId": 0,
    "strike": 0.0,
}
_SPY = {**_CONTRACT, "symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


class Caller:
    """A client without a library: it says what it is told to, and decodes only where it is asked."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._wire = Connection(Role.CLIENT)

    @classmethod
    async def call(cls, port: int, client_id: int) -> Caller:
        caller = cls(*await asyncio.open_connection("127.0.0.1", port))
        caller._writer.write(caller._wire.open())
        while not isinstance(await caller._event(), ServerHello):
            pass
        caller.say("startApi", clientId=client_id)
        return caller

    def say(self, kind: str, **values: Any) -> None:
        self._writer.write(self._wire.send(kind, **values))

    async def _event(self) -> Any:
        while (event := self._wire.next_event()) is None:
            self._wire.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def hear(self, *kinds: str) -> AsyncIterator[WireMessage]:
        """Messages of these kinds, as they come."""
        while True:
            event = await self._event()
            if isinstance(event, WireMessage) and event.kind in kinds:
                yield event

    async def discard(self) -> None:
        """Read for ever and look at nothing; ConnectionError where the gateway ends it."""
        while await self._reader.read(_READ_BYTES):
            pass
        raise ConnectionError("the gateway has cut a client off")


@dataclass
class Waits:
    """Milliseconds from each question for the time to its answer."""

    ms: list[float] = field(default_factory=list)

    def at(self, part: float) -> float:
        return sorted(self.ms)[min(len(self.ms) - 1, int(part * len(self.ms)))]


async def option_ids(port: int) -> list[int]:
    """A hundred options of SPY, nearest expiries first."""
    caller, found = await Caller.call(port, 900), list[int]()
    wanted = {**_SPY, "secType": "OPT", "right": "C", "includeExpired": False}
    caller.say("reqContractDetails", reqId=1, **wanted, secIdType="", secId="")
    async for message in caller.hear("contractDetails", "contractDetailsEnd"):
        if message.kind == "contractDetailsEnd":
            return found[:LINES]
        found.append(message.conId)
    return found


async def watch(port: int, client_id: int, con_ids: list[int]) -> None:
    """100 lines, within the limit of messages a second."""
    caller = await Caller.call(port, client_id)
    reading = asyncio.create_task(caller.discard())
    for req_id, con_id in enumerate(con_ids, start=1):
        told = {"genericTickList": "", "snapshot": False, "regulatorySnapshot": False, "mktDataOptions": ""}
        caller.say("reqMktData", reqId=req_id, **{**_CONTRACT, "conId": con_id, "exchange": "SMART"}, **told)
        await asyncio.sleep(1 / _PER_SECOND)
    await reading


async def ask_for_history(port: int) -> None:
    caller, req_id = await Caller.call(port, 901), 0
    while True:
        req_id += 1
        how = {"barSizeSetting": "1 min", "durationStr": "30 D", "whatToShow": "TRADES", "useRTH": True}
        more = {"includeExpired": False, "endDateTime": "", "formatDate": 1, "keepUpToDate": False}
        caller.say("reqHistoricalData", reqId=req_id, **_SPY, **how, **more, chartOptions="")
        async for message in caller.hear("historicalData", "error"):
            if message.get("reqId") == req_id:
                break


async def ask_for_the_time(port: int, seconds: float, waits: Waits) -> None:
    caller, end_s = await Caller.call(port, 902), time.perf_counter() + seconds
    answers = caller.hear("currentTime")
    while time.perf_counter() < end_s:
        asked_s = time.perf_counter()
        caller.say("reqCurrentTime")
        await anext(answers)
        waits.ms.append((time.perf_counter() - asked_s) * 1000)
        await asyncio.sleep(_ASK_EVERY_S)


async def _burden(port: int) -> None:
    """What the others do, in a process of their own."""
    con_ids = await option_ids(port)
    lines = [watch(port, number, con_ids) for number in range(1, CLIENTS + 1)]
    await asyncio.gather(*lines, ask_for_history(port))


@contextmanager
def _scenario() -> Iterator[str]:
    """More clients than IB lets in, since two of them only ask, and lines for all of them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"gateway: {{max_clients: {CLIENTS + 3}, market_data_lines: {CLIENTS * LINES}}}\n")
        file.flush()
        yield file.name


@contextmanager
def _process(*words: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen([sys.executable, *words], text=True, **more)  # noqa: S603  ours
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def measure(seconds: float, *, settle_s: float = 12.0, gateway: tuple[str, ...] = ()) -> Waits:
    """The waits under the whole burden. Raises RuntimeError where a client was cut off."""
    waits = Waits()
    words = ("-m", "bot", "sim", "--synthetic", "--session", "2026-01-05", "--at", "10:15", "--port", "0")
    with (
        _scenario() as scenario,
        _process(*words, "--scenario", scenario, *gateway, **_QUIET) as served,
    ):
        port = int(json.loads((served.stdout or sys.stdin).readline())["port"])
        with _process("-m", "benchmarks.sim_load", "--burden", str(port)) as burden:
            time.sleep(settle_s)
            asyncio.run(ask_for_the_time(port, seconds, waits))
            if burden.poll() is not None:
                raise RuntimeError("a client was cut off")
    return waits


def figures(seconds: float = 60.0) -> Iterator[Figure]:
    waits = measure(seconds)
    note = f"{CLIENTS} clients × {LINES} lines and a bulk history client; {len(waits.ms)} questions"
    for part, goal in ((0.5, None), (0.99, GOAL_MS), (1.0, None)):
        yield Figure(f"reqCurrentTime, p{part * 100:g}", waits.at(part), "ms", goal, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--burden", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.burden is not None:
        asyncio.run(_burden(chosen.burden))
        return
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    for figure in figures(chosen.seconds):
        print(f"{figure.name}: {figure.value:.1f} {figure.unit}  ({figure.note}; goal {figure.reach_text})")


if __name__ == "__main__":
    main()
