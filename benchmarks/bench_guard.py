"""What the guard adds to a message's way: an order, a quote and a heartbeat through it, against the same without it.

``python -m benchmarks.bench_guard`` prints the percentiles of the added time; the goal is 0.2 ms at the 99th. The other
end answers each message at once with the same few bytes: half of what a heartbeat's round trip takes longer is the way of
that answer back, the rest the message's own way. The guard has a core to itself and the two ends another, both before all
that is not urgent, where the system allows it (root); with and without it are measured by turns, so that a busy moment hits
both. With ``python -m pytest benchmarks/bench_guard.py`` the machine alone is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from bot.guard.core.effects import Tell
from bot.guard.core.rates import Counts
from bot.guard.files import Files
from bot.guard.machine import Guard
from bot.guard.proxy import Proxy
from bot.wire import encode
from bot.wire.frames import join_fields
from tests.guard.bench import NOW, OPTION, VERSION, Bench, order
from tests.guard.rig import ACCOUNT, limits

ROUNDS = 4000
ROOMY = {kind: {"minute": 900_000, "day": 900_000} for kind in ("entries", "exits", "revisions", "cancels")}
WALL = limits(rates=ROOMY | {"efficiency": 999_999, "what_ifs": 900_000})
ANSWER = encode("currentTime", VERSION, time=1)


def test_judge_an_order(benchmark: Any) -> None:
    bench, frame = Bench(WALL), order(1)
    assert benchmark(lambda: bench.guard.from_client(1, frame, NOW))


def test_pass_a_quote_on(benchmark: Any) -> None:
    bench = Bench(WALL)
    frame = encode("tickPrice", VERSION, reqId=11, tickType=1, price=1.25, size=3, attrMask=0)
    assert benchmark(lambda: bench.guard.from_gateway(1, frame, NOW))


class _Gateway(asyncio.Protocol):
    """Greets, tells an empty account, and answers every message after ``startApi`` at once."""

    def __init__(self) -> None:
        self.stage = 0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.stage += 1
        if self.stage == 1:
            self.transport.write(join_fields([str(VERSION), "now"]))
        elif self.stage == 2:
            known = encode("managedAccounts", VERSION, accountsList=ACCOUNT) + encode(
                "nextValidId", VERSION, orderId=1
            )
            self.transport.write(known)
        elif b"\x0061\x00" in data or data[4:].startswith(b"61\x00"):
            self.transport.write(encode("positionEnd", VERSION) + encode("openOrderEnd", VERSION))
        else:
            self.transport.write(ANSWER)


def _serve(ports: Queue[int]) -> None:
    _alone(0)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Gateway, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(run())


def _alone(core: int) -> None:
    """On one core, before whatever else wants it; where that is not allowed, as it comes."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})
        os.setpriority(os.PRIO_PROCESS, 0, -20)


def _guard(gateway: int, ports: Queue[int]) -> None:
    _alone(1)

    async def run() -> None:
        guard = Guard(WALL, Counts.of(NOW), NOW)
        guard.ledger.contracts[11] = Bench(WALL).guard.ledger.contracts[11]
        guard.ledger.held[ACCOUNT, 11] = Decimal(10)
        proxy: Proxy

        def tell(_: Tell) -> None:  # the account is seen
            ports.put(proxy.port)

        proxy = Proxy(guard, Files(Path(tempfile.mkdtemp())), ("127.0.0.1", gateway), tell, lambda: NOW)
        await proxy.start("127.0.0.1", 0)
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        await proxy.run()

    asyncio.run(run())


def _start(target: Any, *arguments: Any) -> tuple[int, int]:
    """Port and process id."""
    ports: Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=target, args=(*arguments, ports), daemon=True)
    process.start()
    return ports.get(timeout=60), process.pid or 0


def _worked_us(pid: int) -> float:
    """The processor's time that the process's main thread has had (Linux, Documentation/scheduler/sched-stats)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1000


def _client(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(b"API\0" + b"\x00\x00\x00\x09v157..176")
    line.recv(4096)
    line.sendall(encode("startApi", VERSION, clientId=1, optCapab=""))
    line.recv(4096)
    return line


def _ready(port: int) -> socket.socket:
    line = _client(port)
    line.sendall(encode("reqMktData", VERSION, reqId=11, conId=OPTION["conId"]))
    line.recv(4096)
    return line


def _round_trips(lines: Sequence[socket.socket], frames: Sequence[bytes]) -> list[list[float]]:
    """The times of each line, by turns, without the first tenth."""
    taken: list[list[float]] = [[] for _ in lines]
    for n in range(ROUNDS):
        frame = frames[n % len(frames)]
        for line, times in zip(lines, taken, strict=True):
            start = time.perf_counter()
            line.sendall(frame)
            line.recv(4096)
            times.append(time.perf_counter() - start)
    return [sorted(times[ROUNDS // 10 :]) for times in taken]


def _at(times: Sequence[float], percent: int) -> float:
    return times[len(times) * percent // 100] * 1e6


def main() -> None:
    """Print one JSON object: microseconds added one way, by message and percentile."""
    bare_port, _ = _start(_serve)
    guarded_port, pid = _start(_guard, bare_port)
    _alone(0)
    lines, found = (_ready(bare_port), _ready(guarded_port)), {}
    prices = [Decimal(100 + n) / 100 for n in range(10)]
    for name, frames in {
        "heartbeat": [encode("reqCurrentTime", VERSION)],
        "what-if": [order(n, whatIf=True, lmtPrice=price) for n, price in enumerate(prices, start=1)],
        "exit": [order(n, action="SELL", lmtPrice=price) for n, price in enumerate(prices, start=1)],
    }.items():
        before = _worked_us(pid)
        bare, guarded = _round_trips(lines, frames)
        worked = (_worked_us(pid) - before) / ROUNDS
        added = {p: _at(guarded, p) - _at(bare, p) for p in (50, 90, 99)}
        if name == "heartbeat":  # as long there as back
            back = {p: us / 2 for p, us in added.items()}
        found[name] = {f"p{p}": round(us - back[p], 1) for p, us in added.items()} | {"cpu": round(worked, 1)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
