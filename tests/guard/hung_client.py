"""A client as a process of its own: rests one entry through the guard, says so, and waits to be stopped.

``python -m tests.guard.hung_client PORT``
"""

from __future__ import annotations

import sys
from typing import Any

from ib_insync import IB, LimitOrder, Option


def main(port: int) -> None:
    ib: Any = IB()  # type: ignore[no-untyped-call]
    ib.connect("127.0.0.1", port, clientId=1)
    contract = Option("SPY", "20110121", 127.0, "C", "SMART", "100", "USD")
    ib.qualifyContracts(contract)
    ticker = ib.reqMktData(contract, "")
    ib.reqCurrentTime()  # one wire, one order: the gateway has the subscription when this is answered
    _say("watching")
    sys.stdin.readline()  # the test lets time pass at the gateway
    while not ticker.ask > 0:  # what the client has seen, the guard has seen before it
        ib.waitOnUpdate(timeout=1)
    trade = ib.placeOrder(contract, LimitOrder("BUY", 1, 0.05))
    while trade.orderStatus.status != "Submitted":
        if trade.isDone():
            sys.exit(f"not resting: {trade.log[-1].message}")
        ib.waitOnUpdate(timeout=1)
    _say("resting")
    while True:
        ib.waitOnUpdate(timeout=1)
        ib.reqCurrentTime()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
