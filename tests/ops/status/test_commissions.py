"""A commission counts once, however often the broker repeats it."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.broker_messages import CommissionCharged
from bot.ops.status.status_builder import StatusBuilder


def test_commissions_that_every_reconnect_tells_again_are_counted_once() -> None:
    board = StatusBuilder(("SPY",))
    charges = [CommissionCharged(f"a.{n}.01", "SPY-1/entry", Decimal("0.65"), "USD") for n in range(3)]

    for charge in (*charges, *charges, *charges):
        board.handle(charge)

    assert board.status.commissions == Decimal("1.95")
