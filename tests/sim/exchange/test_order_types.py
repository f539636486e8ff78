"""The order types that other people's bots send: what each waits for, and what it does then."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.types import SecType, Side
from bot.sim.exchange.conditions import Adjustment, PriceCondition, TimeCondition, are_met
from bot.sim.exchange.order_kinds import KINDS
from bot.sim.exchange.surroundings import OrderSight
from tests.sim.pit import CALL_ID, NOON, PUT_ID, STOCK_ID, Pit, codes, d


def stock_pit(**knobs: object) -> Pit:
    """A pit whose account holds 100 shares."""
    pit = Pit(**knobs)  # type: ignore[arg-type]  # a test names its exchange_settings
    pit.send(900, Side.BUY, 100, None, con_id=STOCK_ID)
    return pit


def sell_stock(pit: Pit, order_type: str, limit: str | None = None, **more: object) -> None:
    pit.send(1, Side.SELL, 100, limit, con_id=STOCK_ID, type=order_type, **more)  # type: ignore[arg-type]  # any term of an order


def test_a_trailing_stop_follows_by_percent_and_never_goes_back() -> None:
    pit = stock_pit()
    sell_stock(pit, "TRAIL", trailing_percent=Decimal(2))
    for bid in ("50.00", "60.00", "59.50"):
        pit.tick(STOCK_ID, bid, str(Decimal(bid) + 1), size=1000, last=bid)

    assert pit.view(1).stop_price == Decimal("58.80")
    assert pit.status(1) == "PreSubmitted"


def test_a_trailing_limit_rests_at_its_offset_below_the_stop_that_was_reached() -> None:
    pit = stock_pit()
    sell_stock(pit, "TRAIL LIMIT", aux_price=Decimal(1), limit_offset=Decimal("0.25"))
    pit.tick(STOCK_ID, "52.00", "52.10", size=1000, last="52.00")
    pit.tick(STOCK_ID, "50.50", "50.60", size=1000, last="50.50")

    assert pit.status(1) == "Submitted"
    assert pit.view(1).limit_price == Decimal("50.75")
    pit.tick(STOCK_ID, "50.80", "50.90", size=1000, last="50.80")
    assert pit.fills()[-1].price == Decimal("50.75")


def test_a_limit_if_touched_waits_for_the_touch_and_then_keeps_its_limit() -> None:
    pit = stock_pit()
    sell_stock(pit, "LIT", "51.50", aux_price=Decimal("51.00"))
    assert (pit.status(1), pit.view(1).why_held) == ("PreSubmitted", "trigger")
    pit.tick(STOCK_ID, "51.20", "51.30", size=1000)
    assert pit.status(1) == "Submitted"
    pit.tick(STOCK_ID, "51.60", "51.70", size=1000)

    assert pit.fills()[-1].price == Decimal("51.50")


@pytest.mark.parametrize(
    ("order_type", "limit", "fills"), [("MOC", None, 1), ("LOC", "49.50", 1), ("LOC", "51", 0)]
)
def test_on_close_orders_trade_at_the_closing_print_or_not_at_all(
    order_type: str, limit: str | None, fills: int
) -> None:
    pit = stock_pit()
    before = len(pit.fills())
    sell_stock(pit, order_type, limit)
    pit.tick(STOCK_ID, "49.90", "50.10", size=1000, last="50.05")
    assert len(pit.fills()) == before

    pit.is_market_open = False
    pit.keep(pit.exchange.close_session(pit.now))

    assert [f.price for f in pit.fills()[before:]] == [Decimal("50.05")] * fills
    assert pit.status(1) == ("Filled" if fills else "Cancelled")


@pytest.mark.parametrize(("limit", "status"), [(None, "Filled"), ("50.10", "Filled"), ("49", "Cancelled")])
def test_orders_for_the_open_wait_for_it_and_end_with_it(limit: str | None, status: str) -> None:
    pit = Pit()
    pit.send(1, Side.BUY, 10, limit, con_id=STOCK_ID, tif="OPG")
    pit.tick(STOCK_ID, "48.00", "48.10", size=1000, last="48.05")
    assert pit.status(1) == "PreSubmitted"

    pit.quote(STOCK_ID, "50.00", "50.10", last="50.05", size=1000)
    pit.keep(pit.exchange.open_session(pit.now))

    assert pit.status(1) == status
    assert all(f.price == Decimal("50.05") for f in pit.fills())


def test_fill_or_kill_takes_all_or_nothing() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=5)
    pit.buy(1, 6, "2.10", tif="FOK")
    pit.buy(2, 5, "2.10", tif="FOK")

    assert (pit.status(1), pit.status(2)) == ("Cancelled", "Filled")
    assert [f.quantity for f in pit.fills()] == [5]


def test_immediate_or_cancel_keeps_what_it_got() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=5)
    pit.buy(1, 6, "2.10", tif="IOC")

    assert (pit.status(1), pit.view(1).filled) == ("Cancelled", 5)


def test_all_or_none_and_a_minimum_wait_for_enough_size() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    pit.buy(1, 6, "2.10", all_or_none=True)
    pit.buy(2, 6, "2.10", min_quantity=4)
    assert pit.fills() == []
    pit.tick(CALL_ID, "2.00", "2.10", size=10)

    assert [f.quantity for f in pit.fills()] == [6, 4]


def test_a_good_after_order_waits_for_its_time() -> None:
    pit = Pit()
    pit.buy(1, 1, "2.10", good_after=NOON + timedelta(minutes=1))
    pit.tick(CALL_ID, "2.00", "2.10")
    assert (pit.status(1), pit.fills()) == ("PreSubmitted", [])

    pit.now = NOON + timedelta(seconds=45)
    pit.tick(CALL_ID, "2.00", "2.10")

    assert pit.status(1) == "Filled"


def test_a_condition_on_another_contracts_price_sends_the_order() -> None:
    pit = Pit()
    pit.buy(1, 1, "2.10", conditions=(PriceCondition(STOCK_ID, Decimal(51), is_more=True),))
    pit.tick(STOCK_ID, "50.90", "51.00", last="50.95")
    assert pit.status(1) == "PreSubmitted"
    pit.tick(STOCK_ID, "51.00", "51.10", last="51.00")

    assert pit.status(1) == "Filled"


def test_a_condition_that_cancels_ends_a_resting_order() -> None:
    pit = Pit()
    when = TimeCondition(NOON + timedelta(seconds=30), is_more=True)
    pit.buy(1, 1, "1.50", conditions=(when,), conditions_cancel=True)
    pit.tick(CALL_ID, "2.00", "2.10")
    assert pit.status(1) == "Submitted"
    pit.tick(CALL_ID, "2.00", "2.10")

    assert pit.status(1) == "Cancelled"


def test_an_adjustable_stop_becomes_a_trail_when_the_market_reaches_its_trigger() -> None:
    pit = stock_pit()
    change = Adjustment(
        type="TRAIL", trigger_price=Decimal(52), stop_price=Decimal(50), trailing_amount=Decimal(1)
    )
    sell_stock(pit, "STP", aux_price=Decimal(48), adjustment=change)
    pit.tick(STOCK_ID, "51.90", "52.00", size=1000, last="51.90")
    assert (pit.view(1).order.type, pit.view(1).stop_price) == ("STP", Decimal(48))
    pit.tick(STOCK_ID, "52.50", "52.60", size=1000, last="52.50")

    assert (pit.view(1).order.type, pit.view(1).stop_price) == ("TRAIL", Decimal("51.50"))


def test_one_fill_cancels_its_group_across_contracts() -> None:
    pit = Pit()
    pit.buy(1, 1, "0.90", con_id=PUT_ID, oca_group="either", oca_type=1)
    pit.buy(2, 1, "2.10", oca_group="either", oca_type=1)

    assert (pit.status(1), pit.status(2)) == ("Cancelled", "Filled")


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (387, {"type": "MOC", "limit": None}),
        (387, {"type": "LOC"}),
        (321, {"type": "TRAIL LIMIT", "aux_price": Decimal(1), "limit": None}),
        (321, {"type": "LIT"}),
        (111, {"type": "STP", "aux_price": Decimal(2), "tif": "OPG"}),
        (10052, {"tif": "DTC"}),
    ],
)
def test_what_ib_has_not_for_an_option_is_refused_by_its_code(code: int, wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {"quantity": 1, "limit": "2.10", **wrong}

    assert codes(Pit().send(1, Side.BUY, **fields)) == [code]  # type: ignore[arg-type]  # a table of wrong fields


_BOOKS = st.lists(st.integers(4_800, 5_200), min_size=1, max_size=25)


def _terms(order_type: str, has_limit: bool, tif: str, action: Side) -> dict[str, object]:
    away = Decimal("0.50") * -action.sign
    tif = "DAY" if KINDS[order_type].at_close else tif
    terms: dict[str, object] = {"type": order_type, "tif": tif, "con_id": STOCK_ID}
    if order_type.startswith("TRAIL"):
        terms |= {"aux_price": Decimal("0.50"), "limit_offset": Decimal("0.10") if has_limit else None}
    elif order_type in ("STP", "STP LMT"):
        terms["aux_price"] = 50 - away
    elif order_type in ("MIT", "LIT"):
        terms["aux_price"] = 50 + away
    return terms


@settings(max_examples=120)
@given(st.sampled_from(sorted(KINDS)), st.sampled_from(Side), st.sampled_from(["DAY", "GTC"]), _BOOKS)
def test_no_type_trades_before_its_trigger_nor_beyond_its_limit(
    order_type: str, action: Side, tif: str, path: list[int]
) -> None:
    pit = stock_pit(price_collar=None)
    kind = KINDS[order_type]
    limit = "50.00" if kind.has_limit and not order_type.startswith("TRAIL") else None
    before = len(pit.fills())
    pit.send(1, action, 10, limit, **_terms(order_type, kind.has_limit, tif, action))  # type: ignore[arg-type]  # terms of an order
    for cents in path:
        pit.tick(
            STOCK_ID, f"{cents / 100:.2f}", f"{cents / 100 + 0.01:.2f}", size=1000, last=f"{cents / 100:.2f}"
        )
        view = pit.view(1)
        for fill in pit.fills()[before:]:
            assert not kind.at_close
            assert view.is_triggered or kind.wakes == "at once"
            if view.limit_price is not None:
                assert (view.limit_price - fill.price) * action.sign >= 0


@given(_BOOKS, st.sampled_from(["aux_price", "trailing_percent"]), st.sampled_from(Side))
def test_a_trail_only_ever_moves_towards_the_market(path: list[int], how: str, action: Side) -> None:
    pit = stock_pit()
    pit.send(1, action, 10, None, con_id=STOCK_ID, type="TRAIL", **{how: Decimal(1)})  # type: ignore[arg-type]  # one of two terms
    stops = []
    for cents in path:
        price = f"{cents / 100:.2f}"
        pit.tick(STOCK_ID, price, str((d(price) or 0) + Decimal("0.01")), size=1000, last=price)
        stops.append(pit.view(1).stop_price or Decimal(0))

    assert stops == sorted(stops, reverse=action is Side.BUY)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=6))
def test_conditions_are_joined_from_the_first_to_the_last(parts: list[tuple[bool, bool]]) -> None:
    conditions = [
        TimeCondition(NOON - timedelta(1) if met else NOON + timedelta(1), is_more=True, is_and=is_and)
        for met, is_and in parts
    ]
    expected = True
    for n, (met, _) in enumerate(parts):
        expected = (expected and met) if n == 0 or parts[n - 1][1] else (expected or met)

    pit = Pit()
    pit.buy(1, 1, "1.00")
    (order,) = pit.exchange.alive()
    assert are_met(conditions, OrderSight(order, pit, pit.life), NOON) is expected


def test_every_type_in_the_table_says_for_which_products_it_is() -> None:
    assert all(SecType.STOCK in kind.sec_types for kind in KINDS.values())
