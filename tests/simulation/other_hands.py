"""What another hand traded, and whether a person was told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.entry_rules import Expect

TOLD_AFTER = timedelta(minutes=10)
LOOKED_WITHIN = timedelta(minutes=6)
"""The bot compares the books each five minutes (execution.snapshot_every_s): what was undone before leaves nothing to see."""


class OtherHands:
    """``note`` each execution that is not the bot's, as it happens."""

    def __init__(self) -> None:
        self._trades: dict[int, list[tuple[datetime, float]]] = {}

    def note(self, execution: Any, at: datetime) -> None:
        quantity = float(execution.quantity)
        signed = quantity if str(execution.side) == "BUY" else -quantity
        self._trades.setdefault(execution.contract.con_id, []).append((at, signed))

    def judge(self, alerts: Iterable[tuple[datetime, str, str, str]], now: datetime, expect: Expect) -> None:
        graver = [when for when, _, level, _ in alerts if level != "info"]
        for trades in self._trades.values():
            old = [(at, signed) for at, signed in trades if now - at > TOLD_AFTER]
            untold = [(at, signed) for at, signed in old if not any(when >= at for when in graver)]
            missed = set(lasting(untold))
            for at, _ in old:
                expect("another hand is told", at not in missed, f"{at:%H:%M:%S}")


def lasting(trades: list[tuple[datetime, float]]) -> Iterator[datetime]:
    """When what was not undone at once was traded; ``trades`` of one contract, in order of time."""
    n = 0
    while n < len(trades):
        undone = _undone_by(trades, n)
        if undone is None:
            yield trades[n][0]
        n = n + 1 if undone is None else undone + 1


def _undone_by(trades: list[tuple[datetime, float]], first: int) -> int | None:
    total = 0.0
    for n in range(first, len(trades)):
        at, signed = trades[n]
        if at - trades[first][0] > LOOKED_WITHIN:
            return None
        total += signed
        if not total:
            return n
    return None
