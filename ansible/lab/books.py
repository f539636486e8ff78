"""What the simulated gateway has in its books, asked past the guard: books.py PORT prints one JSON object.

Needs ib_insync: run it with the interpreter of a release. Client 993 only asks.
"""

import json
import sys

from ib_insync import IB


def main(port: int) -> None:
    """Positions, and every order that works, of whichever client."""
    ib = IB()
    ib.connect("127.0.0.1", port, clientId=993, timeout=30)
    trades = ib.reqAllOpenOrders()
    orders = [
        {"client": trade.order.clientId, "action": trade.order.action, "type": trade.order.orderType}
        for trade in trades
        if trade.isActive()
    ]
    positions = {one.contract.localSymbol: one.position for one in ib.positions() if one.position}
    sys.stdout.write(json.dumps({"orders": orders, "positions": positions}) + "\n")
    ib.disconnect()


if __name__ == "__main__":
    main(int(sys.argv[1]))
