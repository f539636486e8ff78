"""A client as a process of its own: rests one entry through the guard, says so, and waits to be stopped. What does not come
ends it with words.

``python -m tests.guard.hung_client PORT``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from ib_insync import IB, LimitOrder, Option

PATIENCE_S = 120


def main(port: int) -> None:
    ib: Any = IB()  # type: ignore[no-untyped-call]
    ib.connect("127.0.0.1", port, clientId=1)
    contract = Option("SPY", "20110121", 127.0, "C", "SMART", "100", "USD")
    ib.qualifyContracts(contract)
    ticker = ib.reqMktData(contract, "")
    ib.reqCurrentTime()  # one wire, one order: the gateway has the subscription when this is answered
    _say("watching")
    sys.stdin.readline()  # the test lets time pass at the gateway
    _wait(ib, lambda: ticker.ask > 0, "no ask came")  # what the client has seen, the guard has seen before it
    trade = ib.placeOrder(contract, LimitOrder("BUY", 1, 0.05))
    _wait(ib, lambda: trade.isDone() or trade.orderStatus.status == "Submitted", "the order is unanswered")
    if trade.isDone():
        sys.exit(f"not resting: {trade.log[-1].message}")
    _say("resting")
    while True:
        ib.waitOnUpdate(timeout=1)
        ib.reqCurrentTime()


def _wait(ib: Any, holds: Callable[[], bool], otherwise: str) -> None:
    """Its heart beats meanwhile, or the guard would take a slow machine for a dead man."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline or not ib.isConnected():
            sys.exit(f"{otherwise}; {'connected' if ib.isConnected() else 'the guard has closed the line'}")
        ib.reqCurrentTime()
        ib.waitOnUpdate(timeout=1)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
