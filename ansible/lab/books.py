"""What the simulated gateway has in its books, asked past the guard: books.py PORT prints one JSON object.

Needs ib_insync: run it with the interpreter of a release. Client 993 only asks. With "received" instead of the port: what
clients have sent it, by its admin port, whose token lies in /run/ibgateway-sim.json.
"""

import json
import socket
import sys
from pathlib import Path

STARTED = Path("/run/ibgateway-sim.json")


def open_books(port: int) -> dict[str, object]:
    """Positions, and every order that works, of whichever client."""
    from ib_insync import IB

    ib = IB()
    ib.connect("127.0.0.1", port, clientId=993, timeout=30)
    trades = ib.reqAllOpenOrders()
    orders = [
        {"client": trade.order.clientId, "action": trade.order.action, "type": trade.order.orderType}
        for trade in trades
        if trade.isActive()
    ]
    positions = {one.contract.localSymbol: one.position for one in ib.positions() if one.position}
    ib.disconnect()
    return {"orders": orders, "positions": positions}


def received() -> dict[str, object]:
    """Positions, and what was ever received: counts, and the largest quantity by the order's name."""
    known = json.loads(STARTED.read_text(encoding="utf-8").splitlines()[0])
    with socket.create_connection(("127.0.0.1", known["admin_port"]), timeout=30) as line:
        file = line.makefile("rw", encoding="utf-8")
        for asked in ({"token": known["admin_token"]}, {"do": "books"}):
            file.write(json.dumps(asked) + "\n")
            file.flush()
            answer: dict[str, object] = json.loads(file.readline())
    return answer


if __name__ == "__main__":
    found = received() if sys.argv[1] == "received" else open_books(int(sys.argv[1]))
    sys.stdout.write(json.dumps(found) + "\n")
