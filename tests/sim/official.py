"""IB's own Python client with a note of all it was told, whatever its age: 9.81 of PyPI (text, up to server version 157), and
those of today (numbered bodies from 201 on), where a developer has installed one: their licences keep them out of this project.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any
from unittest.mock import patch

_IDS = count(157_000)
WAIT_S = 60


class Official:
    """Connected to ``port``; it offers no server version above ``newest``."""

    def __init__(self, port: int, newest: int | None = None) -> None:
        from ibapi import client as module
        from ibapi.wrapper import EWrapper

        heard: list[tuple[str, tuple[Any, ...]]] = []
        news = self.news = threading.Condition()

        def note(name: str) -> Callable[..., None]:
            def told(_self: Any, *arguments: Any, **named: Any) -> None:
                with news:
                    heard.append((name, (*arguments, *named.values())))
                    news.notify_all()

            return told

        names = [name for name in vars(EWrapper) if not name.startswith("_")]
        wrapper = type("Wrapper", (EWrapper,), {name: note(name) for name in names})()
        self.heard = heard
        self.client = module.EClient(wrapper)
        with patch.object(module, "MAX_CLIENT_VER", newest or module.MAX_CLIENT_VER):
            self.client.connect("127.0.0.1", port, next(_IDS))
        self.thread = threading.Thread(target=self.client.run, daemon=True)
        self.thread.start()

    def after(
        self,
        name: str,
        ask: Callable[[], None] = lambda: None,
        such: Callable[..., bool] = lambda *_: True,
    ) -> tuple[Any, ...]:
        """The arguments of the first call of ``name`` from now on that is ``such``."""
        start = len(self.heard)
        ask()

        def found() -> tuple[Any, ...] | None:
            return next((told for n, told in self.heard[start:] if n == name and such(*told)), None)

        with self.news:
            assert self.news.wait_for(lambda: found() is not None, WAIT_S), (name, self.heard[start:])
            return found() or ()

    def catch_up(self) -> None:
        """Wait until the gateway has taken all that was asked."""
        self.after("nextValidId", lambda: self.client.reqIds(-1))

    def error(self, ask: Callable[[], None], request: int) -> tuple[int, str]:
        """Code and text of the next error about ``request``."""
        told = self.after("error", ask, lambda number, *_: number == request)
        code, text = (told[2], told[3]) if isinstance(told[2], int) else (told[1], told[2])
        return int(code), str(text)

    def close(self) -> None:
        self.client.disconnect()
        self.thread.join(WAIT_S)


def cancel(client: Any, order_id: int) -> None:
    """Cancel an order: the client of today wants to be told how."""
    try:
        from ibapi.order_cancel import OrderCancel
    except ImportError:
        client.cancelOrder(order_id)
    else:
        client.cancelOrder(order_id, OrderCancel())


def contract(symbol: str = "SPY", sec_type: str = "STK", **terms: Any) -> Any:
    """A contract of the client's own kind."""
    from ibapi.contract import Contract

    made = Contract()
    made.symbol, made.secType, made.exchange, made.currency = symbol, sec_type, "SMART", "USD"
    for name, value in terms.items():
        setattr(made, name, value)
    return made


def order(action: str, kind: str, **terms: Any) -> Any:
    """An order of the client's own kind."""
    from ibapi.order import Order

    made = Order()
    made.action, made.totalQuantity, made.orderType = action, 1, kind
    # The oldest client's own defaults, which today's gateway refuses.
    made.eTradeOnly = made.firmQuoteOnly = False
    for name, value in terms.items():
        setattr(made, name, value)
    return made
