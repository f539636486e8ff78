"""What width costs: one order message at watcher and order manager while fifty brackets are open, against one open bracket."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from benchmarks.figures import Figure, ratio
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OrderStatus
from tests.execution.line import CALL, START, Line, bracket

OPEN, PAIRS, MESSAGES = 50, 9, 200


def figures() -> Iterator[Figure]:
    one, fifty = open_line(1), open_line(OPEN)
    for name in ("desk", "watcher"):
        pairs = [(_message_us(one, name), _message_us(fifty, name)) for _ in range(PAIRS)]
        us = statistics.median(wide for _, wide in pairs)
        known, before = {"desk": ("order manager", 422), "watcher": ("watcher", 633)}[name]
        yield Figure(
            f"{known}, an order message: 50 open ÷ 1",
            ratio(pairs),
            "×",
            1.5,
            f"{us:.0f} µs; {before} before",
        )


def open_line(count: int) -> Line:
    """A line with that many brackets bought and protected, each of a contract of its own."""
    line = Line()
    line.connect()
    for number in range(count):
        contract = replace(CALL, con_id=600 + number)
        line.broker.quote(contract.con_id, Decimal("1.90"), Decimal("1.95"))
        line.tell(bracket(f"SPY-{number}", contract=contract))
        line.wait(0.5)
    bought = {x.fill.order_ref for x in line.journal if isinstance(x, m.FillBooked)}
    if len(bought) != count:
        raise RuntimeError(f"{len(bought)} of {count} brackets are open")
    return line


def _message_us(line: Line, name: str) -> float:
    """The median of a status that says nothing new of the first bracket's stop."""
    machine = getattr(line, name)
    news = b.OrderStatusChanged(
        ref="SPY-0/stop", status=OrderStatus.WORKING, filled=0, remaining=3, perm_id=0, order_id=3, at=START
    )
    took_s = []
    for _ in range(MESSAGES):
        began_s = time.perf_counter()
        machine.handle(news)
        took_s.append(time.perf_counter() - began_s)
    return statistics.median(took_s) * 1e6
