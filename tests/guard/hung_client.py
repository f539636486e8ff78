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
    ib.reqMktData(contract, "")
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    sys.stdin.readline()  # the test has let a quote through
    trade = ib.placeOrder(contract, LimitOrder("BUY", 1, 0.05))
    while trade.orderStatus.status != "Submitted":
        ib.waitOnUpdate(timeout=1)
    sys.stdout.write("resting\n")
    sys.stdout.flush()
    while True:
        ib.waitOnUpdate(timeout=1)
        ib.reqCurrentTime()


if __name__ == "__main__":
    main(int(sys.argv[1]))
