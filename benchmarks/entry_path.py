"""The entry path by the wall's clock: a read of 150 messages in, the first order's bytes out, beside ib_insync alone.

A scripted gateway in this process sends quotes of 84 lines in one piece, the last of them the one to act on. In another process,
in turn: adapter, actors, a strategy with the scalp's indicators and a journal; and ib_insync with a callback that places the same
three orders and keeps nothing. Risk says yes at once: what it asks the broker (a what-if) would come on top of both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.exit_path import QUANTITY, WAIT_S, Exchange, p99
from benchmarks.figures import Figure
from bot.wire import WireMessage
from tests.broker.script import Said
from tests.broker.script_orders import shown, status

LINES, MESSAGES = 84, 150
ROUNDS, PAIRS = 60, 3
FIRST_LINE = 700
"""The contract number of the line to act on; the others follow."""
REST_S = 0.1
"""Between rounds: ib_insync holds back what is more than 45 messages in a second (``Client.MaxRequests``); each has three."""
REACH = 2.0
MEMORY = Path("/dev/shm")  # noqa: S108  a folder without a disk behind it


def price_of(number: int) -> float:
    """The bid that says: now, for the ``number``-th time."""
    return 10.0 + number / 100


class Feed(Exchange):
    """Quotes in one piece, and when the first order came after it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, int] = {}
        self.orders = 0
        self.came_at = 0.0
        self.answers["reqMktData"] = self._watched

    def _watched(self, asked: WireMessage) -> Said:
        with self.news:
            self.lines[asked.conId] = asked.reqId
            self.news.notify_all()
        return []

    def _accept_order(self, placed: WireMessage) -> Said:
        """Only the bracket that is whole is answered for: earlier ones rest, and would be told anew each time."""
        with self.news:
            self.orders += 1
            if self.orders % 3 == 1:
                self.came_at = time.monotonic()
            self.live[placed.orderId] = placed
            self.news.notify_all()
        bracket = list(self.live.values())[-3:] if placed.transmit else []
        return [x for order in bracket for x in (*shown(order), *status(order, remaining=QUANTITY))]

    def wait(self, what: str, is_there: object) -> None:
        assert callable(is_there)
        with self.news:
            if not self.news.wait_for(is_there, WAIT_S):
                raise RuntimeError(
                    f"the client did not {what}: {self.orders} orders, {len(self.lines)} lines"
                )

    def round(self, number: int) -> float:
        """Seconds from the piece to the first order that follows."""
        ids, before = list(self.lines.values()), self.orders
        ticks = [(ids[1 + n % (LINES - 1)], price_of(n % 7)) for n in range(MESSAGES - 1)]
        ticks.append((self.lines[FIRST_LINE], price_of(number)))
        frames = [
            self._connection.send("tickPrice", reqId=line, tickType=1, price=bid, size=3, attrMask=0)
            for line, bid in ticks
        ]
        piece, client = b"".join(frames), self._client
        assert client is not None
        sent_at = time.monotonic()
        with self._sending:
            client.sendall(piece)
        self.wait("order", lambda: self.orders >= before + 3)
        return self.came_at - sent_at


def measure(*words: str) -> list[float]:
    """Milliseconds of each round of a client in a process of its own."""
    with ExitStack() as stack:
        feed = Feed()
        stack.callback(feed.close)
        command = [sys.executable, "-m", "benchmarks.entry_process", str(feed.port), *words]
        client = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))  # noqa: S603  ours
        assert client.stdin is not None
        stack.callback(client.stdin.close)
        feed.wait("watch its lines", lambda: len(feed.lines) == LINES)
        time.sleep(1.0)
        took_s = []
        for number in range(1, ROUNDS + 3):
            took_s.append(feed.round(number))
            time.sleep(REST_S)
    return [x * 1000 for x in took_s[2:]]


def figures() -> Iterator[Figure]:
    """In turn; the journal in memory for the ratio, since the other side has none, and on disk beside it."""
    bare, ours, on_disk = list[float](), list[float](), list[float]()
    with ExitStack() as stack:
        room = MEMORY if MEMORY.is_dir() else None
        for _ in range(PAIRS):
            bare += measure("bare")
            ours += measure("ours", stack.enter_context(tempfile.TemporaryDirectory(dir=room)))
            on_disk += measure("ours", stack.enter_context(tempfile.TemporaryDirectory()))
    name = "quotes in → first order out ÷ bare ib_insync"
    yield Figure(f"{name}, median", _median(ours) / _median(bare), "×", REACH, _told(_median, ours, bare))
    yield Figure(f"{name}, p99", p99(ours) / p99(bare), "×", REACH, _told(p99, ours, bare))
    told = f"p99 {p99(on_disk):.1f}; one sync is in it"
    yield Figure("quotes in → first order out, journal on disk, median", _median(on_disk), "ms", None, told)


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _told(of: object, ours: list[float], bare: list[float]) -> str:
    assert callable(of)
    return f"{of(ours):.2f} and {of(bare):.2f} ms"


if __name__ == "__main__":
    for figure in figures():
        sys.stdout.write(f"{figure.name}: {figure.value:.2f} {figure.unit}; {figure.note}\n")
