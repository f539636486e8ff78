"""Orders that follow the quote, and orders that wait for something else than a price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.types import Side
from bot.sim.exchange.conditions import (
    ChangeCondition,
    Condition,
    ExecutionCondition,
    MarginCondition,
    VolumeCondition,
)
from tests.sim.pit import STOCK_ID, Pit


def send(pit: Pit, order_type: str, limit: str | None = None, side: Side = Side.BUY, **more: object) -> None:
    pit.send(1, side, 100, limit, con_id=STOCK_ID, **{"type": order_type, **more})  # type: ignore[arg-type]  # any term of an order


def quote(pit: Pit, bid: str, ask: str) -> None:
    pit.tick(STOCK_ID, bid, ask, size=1000, last=bid)


@pytest.mark.parametrize(
    ("order_type", "side", "offset", "price"),
    [
        ("REL", Side.BUY, "0.02", "50.02"),
        ("REL", Side.SELL, "0.02", "50.08"),
        ("PEG MKT", Side.BUY, "0.03", "50.07"),
        ("PEG MKT", Side.SELL, "0.03", "50.03"),
        ("PEG MID", Side.BUY, None, "50.05"),
        ("MIDPRICE", Side.SELL, None, "50.05"),
        ("SNAP PRIM", Side.BUY, "0.01", "49.99"),
    ],
)
def test_a_pegged_order_stands_where_the_quote_puts_it(
    order_type: str, side: Side, offset: str | None, price: str
) -> None:
    pit = Pit()
    quote(pit, "50.00", "50.10")
    send(pit, order_type, side=side, aux_price=None if offset is None else Decimal(offset))
    assert (pit.status(1), pit.view(1).limit_price) == ("Submitted", Decimal(price))


def test_a_relative_order_follows_until_its_cap_and_a_snap_stays_where_it_was() -> None:
    for order_type, last in (("REL", "50.30"), ("SNAP PRIM", "50.00")):
        pit = Pit()
        quote(pit, "50.00", "50.10")
        send(pit, order_type, "50.30")
        quote(pit, "50.20", "50.50")
        quote(pit, "50.40", "50.50")
        assert pit.view(1).limit_price == Decimal(last)


def test_a_pegged_order_is_hit_where_it_stood_before_it_follows_the_market_down() -> None:
    pit = Pit()
    quote(pit, "50.00", "50.10")
    send(pit, "REL")
    quote(pit, "49.80", "49.90")
    assert pit.fills()[-1].price == Decimal("50.00")


def test_market_to_limit_leaves_the_rest_at_the_price_of_its_first_fill() -> None:
    pit = Pit(displayed_size=60)
    quote(pit, "50.00", "50.10")
    send(pit, "MTL")
    quote(pit, "50.20", "50.30")
    view = pit.view(1)
    assert (view.filled, view.order.type, view.limit_price) == (60, "LMT", Decimal("50.10"))


def test_a_discretionary_amount_reaches_beyond_the_limit_shown() -> None:
    pit = Pit()
    quote(pit, "50.00", "50.10")
    send(pit, "LMT", "50.05", discretion=Decimal("0.03"))
    quote(pit, "50.00", "50.09")
    assert pit.status(1) == "Submitted"
    quote(pit, "50.00", "50.08")
    assert pit.fills()[-1].price == Decimal("50.08")


def volume(pit: Pit) -> None:
    pit.volumes[STOCK_ID] = 5_000


def change(pit: Pit) -> None:
    quote(pit, "52.00", "52.10")


def cushion(pit: Pit) -> None:
    pit.cushion = 25.0


def execution(pit: Pit) -> None:
    pit.send(2, Side.BUY, 1, None, con_id=STOCK_ID)


@pytest.mark.parametrize(
    ("condition", "comes_true"),
    [
        (VolumeCondition(STOCK_ID, 5_000, is_more=True), volume),
        (ChangeCondition(STOCK_ID, 4.0, is_more=True), change),
        (MarginCondition(30, is_more=False), cushion),
        (ExecutionCondition("XYZ", "STK"), execution),
    ],
)
def test_an_order_waits_for_its_condition(condition: Condition, comes_true: object) -> None:
    pit = Pit()
    send(pit, "MKT", conditions=(condition,))
    quote(pit, "50.00", "50.10")
    assert pit.status(1) == "PreSubmitted"
    comes_true(pit)  # type: ignore[operator]  # one of the four above
    quote(pit, "52.00", "52.10")
    assert pit.status(1) == "Filled"


def test_an_execution_of_another_kind_or_of_before_does_not_count() -> None:
    pit = Pit()
    execution(pit)
    pit.tick(STOCK_ID, "50.00", "50.10", size=1000)
    send(pit, "MKT", conditions=(ExecutionCondition("XYZ", "STK"),))
    pit.send(3, Side.BUY, 1, "2.10")
    quote(pit, "50.00", "50.10")
    assert pit.status(1) == "PreSubmitted"
