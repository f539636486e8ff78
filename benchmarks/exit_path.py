"""The exit path by the wall's clock: a scripted gateway in this process, the bot's adapter, actors and journal in another.

From a stop's fill on the wire until it is booked on disk, and until the bracket is closed on disk, the other leg ended; from
the last word of what the broker was asked about a lost stop until the repair is on the wire; from a halt that is ordered until
it is on disk. Once before whatever else runs, where the machine allows that (a niceness of -20; SCHED_FIFO
can hold up a whole machine), and once beside a busy process on each processor, which has the least priority, as a sweep has.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from benchmarks.figures import Figure
from bot.wire import WireMessage
from tests.broker.script import ACCOUNT, Said, ScriptedGateway, one
from tests.broker.script_orders import executed, shown, status
from tests.execution.line import START

ROUNDS = 100
WAIT_S = 20.0
QUANTITY = 3


def ref_of(placed: WireMessage) -> str:
    """Ours: on the wire the client's number follows it."""
    return str(placed.orderRef).rpartition("@")[0]


class Exchange(ScriptedGateway):
    """Accepts what it is sent; fills and ends what it is told to."""

    def __init__(self) -> None:
        self.live: dict[int, WireMessage] = {}
        self.executions: list[dict[str, Any]] = []
        self.held = 0
        self.contract: WireMessage | None = None
        self.placed_at: dict[str, float] = {}
        self.news = threading.Condition()
        super().__init__()
        self._worth = self.answers["reqAccountUpdates"]
        self.pictured_at, self.began_s = 0.0, time.monotonic()
        self.answers |= {
            "placeOrder": self._accept_order,
            "reqOpenOrders": self._listed,
            "reqAllOpenOrders": self._listed,
            "reqExecutions": self._executed,
            "reqPositions": self._positions,
            "reqCurrentTime": self._now,
            "reqAccountUpdates": self._account,
        }

    def _accept_order(self, placed: WireMessage) -> Said:
        with self.news:
            self.placed_at[ref_of(placed)] = time.monotonic()
            self.live[placed.orderId] = placed
            self.news.notify_all()
        if not placed.transmit:
            return []
        return [x for o in self.live.values() for x in (*shown(o), *status(o, remaining=QUANTITY))]

    def _listed(self, _: WireMessage) -> Said:
        return [*(x for order in self.live.values() for x in shown(order)), ("openOrderEnd", {})]

    def _executed(self, asked: WireMessage) -> Said:
        found = [("execDetails", {**x, "reqId": asked.reqId}) for x in self.executions[-10:]]
        return [*found, ("execDetailsEnd", {"reqId": asked.reqId})]

    def _positions(self, _: WireMessage) -> Said:
        if not self.held or self.contract is None:
            return one("positionEnd")
        same = (
            "conId",
            "symbol",
            "secType",
            "strike",
            "right",
            "multiplier",
            "currency",
            "tradingClass",
            "localSymbol",
        )
        values = {name: self.contract[name] for name in same} | {"account": ACCOUNT, "exchange": "SMART"}
        values["lastTradeDateOrContractMonth"] = self.contract["lastTradeDateOrContractMonth"]
        return [*one("position", **values, position=self.held, avgCost=200.0), ("positionEnd", {})]

    def _now(self, _: WireMessage) -> Said:
        return one("currentTime", time=int(START.timestamp() + time.monotonic() - self.began_s))

    def _account(self, asked: WireMessage) -> Said:
        """The last thing that a snapshot asks for."""
        self.pictured_at = time.monotonic()
        return self._worth(asked)

    def wait_placed(self, ref_begins: str) -> float:
        """When an order with such a ref came."""
        with self.news:
            if not self.news.wait_for(lambda: self._placed(ref_begins), WAIT_S):
                raise RuntimeError(f"no order {ref_begins}: {self.placed_at}")
            return self._placed(ref_begins)[0]

    def _placed(self, ref_begins: str) -> list[float]:
        return [at for ref, at in self.placed_at.items() if ref.startswith(ref_begins)]

    def order(self, ref: str) -> WireMessage:
        found = next((o for o in self.live.values() if ref_of(o) == ref), None)
        if found is None:
            raise RuntimeError(f"no order {ref}: {[ref_of(o) for o in self.live.values()]}")
        return found

    def fill(self, ref: str, others: tuple[str, ...] = ()) -> float:
        """Fill it whole, cancel the others; when the first byte of that was written."""
        order = self.order(ref)
        side, price = ("BOT", 2.0) if order.action == "BUY" else ("SLD", 2.6)
        exec_id = f"0000e0d5.{len(self.executions):08}.01"
        values = executed(order, QUANTITY, exec_id)[0][1]
        values |= {"side": side, "price": price, "avgPrice": price, "time": "20261123 10:00:01 US/Eastern"}
        self.executions.append(values)
        self.held, self.contract = self.held + (QUANTITY if side == "BOT" else -QUANTITY), order
        said: Said = [("execDetails", values), *status(order, "Filled", QUANTITY, remaining=0)]
        del self.live[order.orderId]
        for other in others:
            gone = self.order(other)
            del self.live[gone.orderId]
            said += status(gone, "Cancelled", remaining=QUANTITY)
        charged = {"execId": exec_id, "commission": 1.95, "currency": "USD", "realizedPNL": 0.0}
        said.append(("commissionReport", {**charged, "yield_": 0.0, "yieldRedemptionDate": 0}))
        at = time.monotonic()
        self._write(said)
        return at

    def lose(self, idea: str) -> float:
        """Stop and target are gone, as where somebody else ended their group."""
        gone = [order for order in self.live.values() if ref_of(order).startswith(f"{idea}/")]
        self.live.clear()
        at = time.monotonic()
        self._write([x for order in gone for x in status(order, "Cancelled", remaining=QUANTITY)])
        return at


class Bot:
    """The other process; ``when`` waits for what it tells."""

    def __init__(self, exchange: Exchange, directory: Path) -> None:
        words = (str(exchange.port), str(directory), str(exchange.began_s))
        command = [sys.executable, "-m", "benchmarks.bot_process", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  ours
        self._told: dict[tuple[str, str], float] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def _listen(self, lines: IO[str]) -> None:
        for words in lines:
            kind, *subject, at = words.split()
            with self._news:
                self._told.setdefault((kind, " ".join(subject)), float(at))
                self._news.notify_all()

    def say(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()

    def when(self, kind: str, subject: str) -> float:
        with self._news:
            if not self._news.wait_for(lambda: (kind, subject) in self._told, WAIT_S):
                raise RuntimeError(f"the bot did not tell: {kind} {subject}")
            return self._told[kind, subject]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(WAIT_S)


@contextmanager
def running() -> Iterator[tuple[Exchange, Bot]]:
    exchange = Exchange()
    with tempfile.TemporaryDirectory() as folder:
        bot = Bot(exchange, Path(folder))
        try:
            exchange.wait_request("reqPositions")
            yield exchange, bot
        finally:
            bot.close()
            exchange.close()


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each round and part."""
    took: dict[str, list[float]] = {
        "booked": [],
        "closed": [],
        "repaired": [],
        "asked": [],
        "halted": [],
        "disk": [],
    }
    with running() as (exchange, bot):
        time.sleep(1.0)
        for n in range(rounds):
            idea = f"SPY-{n}"
            _buy(exchange, bot, idea)
            lost_s = exchange.lose(idea)
            placed_s = exchange.wait_placed(f"{idea}/stop-")
            took["repaired"].append(placed_s - exchange.pictured_at)
            took["asked"].append(exchange.pictured_at - lost_s)
            time.sleep(0.05)
            stops = [ref_of(o) for o in exchange.live.values() if ref_of(o).startswith(f"{idea}/stop")]
            others = tuple(ref_of(o) for o in exchange.live.values() if ref_of(o) != stops[0])
            filled_s = exchange.fill(stops[0], others)
            took["booked"].append(bot.when("booked", stops[0]) - filled_s)
            took["closed"].append(bot.when("closed", idea) - filled_s)
        for n in range(rounds):
            bot.say(f"halt h{n}")
            took["halted"].append(bot.when("halted", f"h{n}") - bot.when("typed", f"h{n}"))
            bot.say("resume")
    took["disk"] = list(_bare_syncs(rounds))
    return {part: [x * 1000 for x in seconds] for part, seconds in took.items()}


def _buy(exchange: Exchange, bot: Bot, idea: str) -> None:
    bot.say(f"place {idea}")
    exchange.wait_placed(f"{idea}/stop")
    time.sleep(0.02)
    exchange.fill(f"{idea}/entry")
    bot.when("booked", f"{idea}/entry")
    time.sleep(0.05)


def _bare_syncs(rounds: int) -> Iterator[float]:
    """What the disk alone takes for 4 KiB appended, a while apart, as the rounds are."""
    with tempfile.TemporaryFile() as file:
        for _ in range(rounds):
            time.sleep(0.02)
            file.write(bytes(4096))
            file.flush()
            began_s = time.monotonic()
            os.fdatasync(file.fileno())
            yield time.monotonic() - began_s


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


PARTS = {
    "booked": "a stop's fill on the wire → booked on disk",
    "closed": "a stop's fill on the wire → other leg ended, closed on disk",
    "repaired": "the broker's answer about a lost stop → repair on the wire",
    "halted": "a halt ordered → on disk",
}
IDLE_MS, BUSY_MS = 5.0, 10.0
BUSY = "while True: pass"
FIRST_OF_ALL = ("nice", "-n", "-20")


def figures(rounds: int = ROUNDS) -> Iterator[Figure]:
    """Each in a process of its own, as the rule of who runs first is inherited."""
    tried = subprocess.run([*FIRST_OF_ALL, "true"], capture_output=True, check=False)  # noqa: S603  ours
    is_alone = not tried.stderr  # nice runs the command in any case, and says where it may not
    how = "before all else" if is_alone else "among whatever runs"
    yield from _judged(_measured(FIRST_OF_ALL if is_alone else (), rounds), f"p99, {how}", IDLE_MS)
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", BUSY])  # noqa: S603, S607  ours
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield from _judged(_measured((), rounds), "p99, beside busy processes", BUSY_MS)


def _judged(took: dict[str, list[float]], how: str, reach_ms: float) -> Iterator[Figure]:
    for part, words in PARTS.items():
        note = f"median {statistics.median(took[part]):.2f}"
        if part == "repaired":
            note += f"; the question and its five answers before it {statistics.median(took['asked']):.1f}"
        yield Figure(f"{words}, {how}", p99(took[part]), "ms", reach_ms, note)
    disk = (
        f"median {statistics.median(took['disk']):.2f}; it is in each of these, twice where a bracket closes"
    )
    yield Figure(f"the disk alone, one sync, {how}", p99(took["disk"]), "ms", None, disk)


def _measured(before: tuple[str, ...], rounds: int) -> dict[str, list[float]]:
    command = [*before, sys.executable, "-m", "benchmarks.exit_path", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ours
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) + "\n")
