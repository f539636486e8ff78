"""What a fill cost beyond what was expected when it was decided."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Leg, Order, OrderType
from bot.domain.types import Side
from bot.ops.status.slippage import FillSlip, LegSlip, SlipBook, by_leg
from tests.journal.makers import BAR_END, CALL, ENTRY, EXIT, IDEA, PLACED, QUOTE, SENT, TRADE_IDEA

MOVED = b.SendRevision(f"{IDEA}/target", Decimal("0.69"), 3, BAR_END, quoted=Decimal("0.70"))
CLOSING = Order(ref=f"{IDEA}/flatten", contract=CALL, side=Side.SELL, type=OrderType.LIMIT, quantity=3)
AT_BID = b.SendOrders((CLOSING,), BAR_END, quoted=Decimal("0.70"))


def sold(part: str, price: str, exec_id: str = "e.9.01", replaces: str | None = None) -> m.FillBooked:
    fill = replace(EXIT.fill, exec_id=exec_id, order_ref=f"{IDEA}/{part}", price=Decimal(price))
    return m.FillBooked(fill, replaces)


def fills(*messages: object) -> list[FillSlip]:
    book = SlipBook()
    return [slip for message in messages if (slip := book.hear(message)) is not None]


@pytest.mark.parametrize(
    ("messages", "leg", "expected", "ticks"),
    [
        ((TRADE_IDEA, PLACED, ENTRY), Leg.ENTRY, "0.80", "-1"),
        ((TRADE_IDEA, PLACED, sold("target", "1.04")), Leg.TARGET, "1.04", "0"),
        # The ask sets it off at 0.64 and the bid was 0.02 below.
        ((TRADE_IDEA, PLACED, sold("stop", "0.59")), Leg.STOP, "0.62", "3"),
        ((TRADE_IDEA, PLACED, MOVED, sold("target", "0.68")), Leg.FLATTEN, "0.70", "2"),
        ((TRADE_IDEA, PLACED, AT_BID, sold("flatten", "0.71")), Leg.FLATTEN, "0.70", "-1"),
    ],
)
def test_what_was_expected_is_what_was_known_at_the_decision(
    messages: tuple[object, ...], leg: Leg, expected: str, ticks: str
) -> None:
    [slip] = fills(*messages)

    assert (slip.leg, slip.expected, slip.ticks) == (leg, Decimal(expected), Decimal(ticks))
    assert slip.usd == Decimal(ticks) * 3


@pytest.mark.parametrize(
    "messages",
    [
        (PLACED, ENTRY),
        (PLACED, sold("stop", "0.59")),
        (replace(TRADE_IDEA, quote=replace(QUOTE, ask=None)), PLACED, ENTRY),
        (TRADE_IDEA, PLACED, replace(AT_BID, quoted=None), sold("flatten", "0.59")),
        (TRADE_IDEA, PLACED, sold("flatten", "0.59")),
        (TRADE_IDEA, PLACED, sold("external", "0.59")),
        (TRADE_IDEA, PLACED, sold("stop-2", "0.59")),
    ],
)
def test_what_nobody_said_is_unknown_and_not_zero(messages: tuple[object, ...]) -> None:
    [slip] = fills(*messages)

    assert (slip.expected, slip.ticks, slip.usd) == (None, None, None)
    [leg] = by_leg([slip])
    assert leg == LegSlip(slip.leg, 1, 1, None, None, None, None)


def test_a_repair_s_legs_and_a_revision_are_measured_by_their_own_prices() -> None:
    repaired = Order(
        ref=f"{IDEA}/stop-2",
        contract=CALL,
        side=Side.SELL,
        type=OrderType.STOP,
        quantity=3,
        stop_price=Decimal("0.60"),
    )
    sent = b.SendOrders((repaired,), BAR_END)
    revised = b.SendRevision(f"{IDEA}/target", Decimal("0.90"), 3, BAR_END)

    [stop, target] = fills(
        TRADE_IDEA, PLACED, SENT, sent, revised, sold("stop-2", "0.58"), sold("target", "0.88", "e.10.01")
    )

    assert (stop.expected, stop.ticks) == (Decimal("0.58"), Decimal(0))
    assert (target.expected, target.ticks) == (Decimal("0.90"), Decimal(2))


def test_a_correction_takes_its_execution_s_place_and_the_worst_is_named() -> None:
    first, corrected = sold("stop", "0.59"), sold("stop", "0.57", "e.9.02", replaces="e.9.01")
    better = sold("stop", "0.63", "e.11.01")

    [leg] = by_leg(fills(TRADE_IDEA, PLACED, first, corrected, better))

    assert (leg.fills, leg.unknown, leg.mean_ticks, leg.total_usd) == (2, 0, Decimal(2), Decimal(12))
    assert leg.worst is not None
    assert leg.worst.exec_id == "e.9.02"


def test_what_a_bracket_was_measured_by_is_forgotten_with_it() -> None:
    book = SlipBook()
    for message in (TRADE_IDEA, PLACED, SENT):
        book.hear(message)
    book.forget(IDEA)

    slip = book.hear(ENTRY)

    assert slip is not None
    assert slip.expected is None
