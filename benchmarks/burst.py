"""A bar closes for fifty symbols at once: when the last order leaves, and when a stop's fill among all that is booked.

Ours are the live runtime's actors: fifty strategies with the scalp's indicators, desk, watcher and a journal on disk. Beside it,
in turn and with the same bars, what is usually written: an actor for each symbol that computes its indicators anew with pandas,
and one that orders, without a journal. Both say yes to every signal; what risk asks would come on top of both.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pykka

from benchmarks.figures import Figure, ratio
from benchmarks.width import open_line
from bot.actors.desk import Desk, start_peer
from bot.actors.runtime import settle, stop
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.order import Fill
from bot.domain.types import Direction, Side
from bot.journal.listener import JournalListener
from bot.journal.store import JOURNAL_FILE, Journal
from bot.strategies.registry import spec_of
from bot.strategies.symbol import Chosen, Mode, SymbolStrategy
from bot.wiring import BOARD, BROKER, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK
from tests.execution.line import CALL, START, bracket

SYMBOLS, BARS, ROUNDS = 50, 60, 21
LAST_ORDER, STOP_REACTION = 5.0, 20.0
"""How many times earlier than pandas in actors."""
WAIT_S = 60.0
NAMES = tuple(f"S{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(SYMBOLS))


def bar(symbol: str, number: int) -> Bar:
    """One-minute bars whose last closes at START: a slow climb with a ripple in it."""
    at = START - timedelta(minutes=BARS - number)
    price = 600.0 + number * 0.02 + (number * 7 % 5) * 0.01
    return Bar(
        symbol, BarSize.M1, at, price - 0.02, price + 0.03, price - 0.04, price, 40_000.0 + number * 97 % 1000
    )


class Ignores:
    def handle(self, _: Any) -> tuple[m.Message, ...]:
        return ()

    def remember(self, _: m.Message) -> None: ...


class Fires:
    """A strategy that takes its bars as the scalp does, and fires at the last."""

    name, bar_size = "scalp", BarSize.M1

    def __init__(self, symbol: str) -> None:
        spec = spec_of("scalp")
        self._scalp = spec.make(symbol, spec.parameters())

    def judge(self, one: Bar, *, may_fire: bool = True) -> Any:
        judged = self._scalp.judge(one, may_fire=may_fire)
        return replace(judged, fired=may_fire, direction=Direction.BULLISH, confidence=0.9, reason="fired")

    def remember_fired(self, *_: Any) -> None: ...

    def remember_entered(self, *_: Any) -> None: ...

    def standing(self, _: Any) -> None: ...


class Agrees(Ignores):
    """Says yes to every idea, at once."""

    def handle(self, message: Any) -> tuple[m.Message, ...]:
        if not isinstance(message, m.TradeIdea):
            return ()
        x = message
        return (bracket(x.idea_id, symbol=x.symbol, contract=x.contract, at=START),)


class Orders(Ignores):
    """The broker: notes when the last symbol's orders are there."""

    def __init__(self) -> None:
        self.count, self.at, self.all = 0, 0.0, threading.Event()

    def handle(self, message: Any) -> tuple[m.Message, ...]:
        if isinstance(message, b.SendOrders):
            self.count, self.at = self.count + 1, time.perf_counter()
            if self.count == SYMBOLS:
                self.all.set()
        return ()


def ours(directory: Path) -> tuple[float, float]:
    """Milliseconds until the last order is at the broker, and until the stop's fill is booked on disk."""
    held, booked = open_line(1), threading.Event()
    filled_at: list[float] = []
    with closing(Journal(directory / JOURNAL_FILE, lambda: START)) as journal:

        def commit_all(messages: Sequence[m.Message]) -> None:
            journal.commit_all(messages)
            if any(isinstance(message, m.FillBooked) for message in messages):
                filled_at.append(time.perf_counter())
                booked.set()

        line, orders = Desk(commit_all), Orders()
        parts: dict[str, Any] = {
            JOURNAL: JournalListener(journal), BOARD: Ignores(), MARKET_DATA: Ignores(), OCO_WATCHER: held.watcher,
            EXECUTION: held.desk, RISK: Agrees(), BROKER: orders,
        } | {f"strategy:{name}": _strategy(name, number) for number, name in enumerate(NAMES)}  # fmt: skip
        for name, machine in parts.items():
            start_peer(name, machine, line, _failed)
        began_s = time.perf_counter()
        for name in NAMES:
            line.emit(m.BarClosed(bar(name, BARS)))
        told_s = time.perf_counter()
        line.emit(b.Filled(_stop_fill()))
        if not (orders.all.wait(WAIT_S) and booked.wait(WAIT_S)):
            raise RuntimeError(f"{orders.count} of {SYMBOLS} orders, {len(filled_at)} fills")
        settle(line)
        stop(line, list(parts), 5.0)
    return (orders.at - began_s) * 1000, (filled_at[0] - told_s) * 1000


def _strategy(symbol: str, number: int) -> SymbolStrategy:
    contract = replace(CALL, con_id=700 + number, symbol=symbol)
    quote = Quote(con_id=contract.con_id, symbol=symbol, at=START, bid=Decimal("1.90"), ask=Decimal("1.95"))
    fires = Fires(symbol)
    for earlier in range(BARS):
        fires.judge(bar(symbol, earlier), may_fire=False)
    return SymbolStrategy(symbol, (fires,), Mode.GROWTH, lambda *_: Chosen(contract, quote))


def _stop_fill() -> Any:
    return Fill(
        exec_id="0001.stop.01", order_ref="SPY-0/stop", contract=replace(CALL, con_id=600), side=Side.SELL, quantity=3,
        price=Decimal("1.60"), at=START, perm_id=0,
    )  # fmt: skip


def _failed(component: str, error: BaseException, message: object) -> None:
    raise RuntimeError(f"{component}: {message!r}") from error


# ── what is usually written ──────────────────────────────────────────────────────────────────────────────────────────


class Recomputes(pykka.ThreadingActor):
    """Its indicators anew over the window at each bar: RSI, trend, VWAP, relative volume."""

    use_daemon_thread = True

    def __init__(self, symbol: str, orders: Any) -> None:
        super().__init__()
        self._orders = orders
        self._rows = [self._row(bar(symbol, number)) for number in range(BARS)]

    @staticmethod
    def _row(one: Bar) -> tuple[float, float, float, float]:
        return one.high, one.low, one.close, one.volume

    def on_receive(self, message: Bar) -> None:
        self._rows = [*self._rows[1:], self._row(message)]
        table = pd.DataFrame(self._rows, columns=["high", "low", "close", "volume"])
        change = table.close.diff()
        gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
        loss = (-change.clip(upper=0)).ewm(alpha=1 / 14, adjust=False).mean()
        typical = (table.high + table.low + table.close) / 3
        figures = (
            100 - 100 / (1 + gain / loss),
            table.close.ewm(span=20, adjust=False).mean(),
            (typical * table.volume).cumsum() / table.volume.cumsum(),
            table.volume / table.volume.rolling(20).mean(),
        )
        self._orders.tell((message.symbol, [float(x.iloc[-1]) for x in figures]))


class Sends(pykka.ThreadingActor):
    use_daemon_thread = True

    def __init__(self, found: dict[str, float], done: threading.Event) -> None:
        super().__init__()
        self._found, self._done, self._count = found, done, 0

    def on_receive(self, message: Any) -> None:
        self._count += message != "stop filled"
        self._found["stop" if message == "stop filled" else "last"] = time.perf_counter()
        if self._count == SYMBOLS and "stop" in self._found:
            self._done.set()


def pandas_in_actors() -> tuple[float, float]:
    found: dict[str, float] = {}
    done = threading.Event()
    orders = Sends.start(found, done)
    symbols = [Recomputes.start(name, orders) for name in NAMES]
    began_s = time.perf_counter()
    for name, actor in zip(NAMES, symbols, strict=True):
        actor.tell(bar(name, BARS))
    told_s = time.perf_counter()
    orders.tell("stop filled")
    if not done.wait(WAIT_S):
        raise RuntimeError(f"pandas in actors: {found}")
    for actor in symbols:
        actor.stop()
    orders.stop()
    return (found["last"] - began_s) * 1000, (found["stop"] - told_s) * 1000


def figures() -> Iterator[Figure]:
    pairs = []
    pandas_in_actors()
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            pairs.append((ours(Path(folder)), pandas_in_actors()))
    for part, (words, reach) in enumerate((("last order", LAST_ORDER), ("stop reaction", STOP_REACTION))):
        mine, theirs = ([x[who][part] for x in pairs] for who in (0, 1))
        us, peer = statistics.median(mine), statistics.median(theirs)
        yield Figure(
            f"{SYMBOLS} bars at once, {words}: pandas in actors ÷ ours",
            ratio(zip(mine, theirs, strict=True)),
            "×",
            reach,
            f"{us:.1f} ms, at most {max(mine):.1f}, journal on disk; pandas {peer:.1f}, {max(theirs):.1f}, without one",
            is_floor=True,
        )
