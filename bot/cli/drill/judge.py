"""The judge: a client of its own at the gateway, past the guard, that holds the gateway's time while it looks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

from bot.doctor.api_probe import ProbeFailed, knock, shake_hands, start_session
from bot.domain.errors import FixTheMachine
from bot.wire import WireMessage

_ANSWER_S = 120.0
_STOPS = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT"})


class Judge:
    """``positions``: contract id → contracts. Errors of every question: FixTheMachine."""

    def __init__(self, port: int, client_id: int) -> None:
        self.positions: dict[int, Decimal] = {}
        self.now_s = 0
        where = ("127.0.0.1", port)
        try:
            self._line = shake_hands(knock(*where, _ANSWER_S), where, _ANSWER_S)
            start_session(self._line, client_id, _ANSWER_S)
            self._ask("reqPositions", "positionEnd")
        except ProbeFailed as error:
            raise FixTheMachine(f"the drill's gateway: {error.words}") from None

    def step(self) -> None:
        """Let time take its next step, and hear what happened in it."""
        self.now_s = self._ask("reqCurrentTime", "currentTime")[-1].time

    def steps(self, seconds: int) -> Iterator[int]:
        """Let time go on step by step for so long, and hear what happened in each."""
        until_s = None
        while until_s is None or self.now_s < until_s:
            self.step()
            until_s = until_s or self.now_s + seconds
            yield self.now_s

    def wait(self, seconds: int) -> None:
        """The same at one go."""
        for _ in self.steps(seconds):
            pass

    def working(self) -> list[WireMessage]:
        """Every client's open orders."""
        return [m for m in self._ask("reqAllOpenOrders", "openOrderEnd") if m.kind == "openOrder"]

    def unprotected(self) -> dict[int, Decimal]:
        """Contract id → contracts that no working stop covers, or that a stop covers too often."""
        stops: Counter[int] = Counter()
        for order in self.working():
            if order.action == "SELL" and order.orderType in _STOPS:
                stops[order.conId] += order.totalQuantity
        held = {con_id: quantity for con_id, quantity in self.positions.items() if quantity}
        gaps = {con_id: held.get(con_id, Decimal(0)) - stops[con_id] for con_id in {*held}}
        return {con_id: gap for con_id, gap in gaps.items() if gap}

    @property
    def held(self) -> Decimal:
        """Contracts in all."""
        return sum((abs(quantity) for quantity in self.positions.values()), Decimal(0))

    def close(self) -> None:
        """Time goes on without it."""
        with suppress(OSError):
            self._line.close()

    def _ask(self, kind: str, ends: str, **values: Any) -> list[WireMessage]:
        found: list[WireMessage] = []
        try:
            self._line.send(kind, **values)
            while (message := self._line.read(time.monotonic() + _ANSWER_S)) is not None:
                found.append(message)
                if message.kind == "position":
                    self.positions[message.conId] = message.position
                if message.kind == ends:
                    return found
        except ProbeFailed as error:
            raise FixTheMachine(f"the drill's gateway: {error.words}") from None
        raise FixTheMachine(f"the drill's gateway did not answer {kind} within {_ANSWER_S:g} s")
