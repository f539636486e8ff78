"""Parts of shares and orders for cash: what is taken, how it fills, and that the books balance."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.types import Side
from bot.sim.exchange.events import Commissioned, ExchangeEvent
from bot.sim.exchange.fractions.sizes import STEP, Units, pieces, tidy
from tests.sim.pit import CALL_ID, STOCK_ID, Pit, codes

HALF = Decimal("0.5")


def stock(
    pit: Pit, order_id: int, side: Side, size: str, limit: str | None, **more: object
) -> list[ExchangeEvent]:
    fields: dict[str, object] = {"con_id": STOCK_ID, **more}
    return pit.send(order_id, side, tidy(Decimal(size)), limit, 1, **fields)


def test_whole_shares_fill_first_and_the_part_of_one_at_the_end() -> None:
    pit = Pit()
    pit.quote(STOCK_ID, "49.99", "50.00", size=6)
    stock(pit, 1, Side.BUY, "10.5", "50.00", tif="GTC")
    pit.tick(STOCK_ID, "49.99", "50.00", size=6)

    assert [fill.quantity for fill in pit.fills()] == [6, 4, HALF]
    assert [fill.cum_quantity for fill in pit.fills()] == [6, 10, Decimal("10.5")]
    assert (pit.status(1), pit.view(1).remaining) == ("Filled", 0)
    assert pit.account.held(STOCK_ID) == Decimal("10.5")


def test_a_part_of_a_share_is_valued_charged_and_sold_like_any() -> None:
    pit = Pit()
    stock(pit, 1, Side.BUY, "0.5", "50.00")
    (fee,) = (event.report.commission for event in pit.log if isinstance(event, Commissioned))
    position = pit.account.positions()[0]
    assert fee == Decimal("0.25"), "one per cent of the value at most"
    assert position.avg_cost == Decimal("50.5")
    stock(pit, 2, Side.SELL, "0.5", "49.99")

    assert pit.account.positions() == []
    (line,) = pit.account.portfolio()
    assert (line.quantity, line.realized) == (0, Decimal("-0.505"))


def test_parts_that_make_whole_shares_are_whole_again() -> None:
    pit = Pit()
    for order_id in (1, 2):
        stock(pit, order_id, Side.BUY, "0.5", "50.00")

    held = pit.account.held(STOCK_ID)
    assert (held, type(held)) == (1, int)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (10245, {"con_id": CALL_ID, "limit": "2.10"}),
        (10247, {"exchange": "NASDAQ"}),
        (10249, {"type": "TRAIL", "aux_price": Decimal(1), "limit": None}),
        (10249, {"type": "MOC", "limit": None}),
        (10246, {"all_or_none": True}),
        (10246, {"tif": "FOK"}),
        (10250, {"size": "0.00005"}),
        (10252, {"side": Side.SELL, "limit": "49.99"}),
        (434, {"size": "0"}),
    ],
)
def test_what_may_not_be_a_part_of_a_share_is_refused_by_ibs_code(
    code: int, wrong: dict[str, object]
) -> None:
    fields: dict[str, object] = {"side": Side.BUY, "size": "0.5", "limit": "50.00", **wrong}
    assert codes(stock(Pit(), 1, **fields)) == [code]  # type: ignore[arg-type]  # a test's own mixture


def test_accounts_and_gateways_that_take_no_parts_say_so_by_ibs_codes() -> None:
    barred = Pit(fractional_shares=False)
    assert codes(stock(barred, 1, Side.BUY, "0.5", "50.00")) == [10243]
    unpermitted = Pit()
    unpermitted.account.trades_fractions = False
    assert codes(stock(unpermitted, 1, Side.BUY, "0.5", "50.00")) == [10248]


def test_a_part_of_a_share_is_sold_only_by_whom_holds_it() -> None:
    pit = Pit()
    stock(pit, 1, Side.BUY, "2.5", "50.00")
    assert codes(stock(pit, 2, Side.SELL, "2.6", "49.99")) == [10252]
    assert codes(stock(pit, 3, Side.SELL, "3", "49.99")) == [10252]
    assert codes(stock(pit, 4, Side.SELL, "2.5", "49.99")) == []
    assert pit.account.held(STOCK_ID) == 0


def test_cash_buys_shares_down_to_their_smallest_part() -> None:
    pit = Pit()
    pit.quote(STOCK_ID, "48.99", "49.00", size=1000)
    stock(pit, 1, Side.BUY, "0", None, cash_quantity=Decimal(1_000))

    assert pit.view(1).filled == Decimal("20.4081")
    assert codes(stock(pit, 2, Side.BUY, "0", "0.01", cash_quantity=Decimal("0.0000009"))) == [434]


def test_cash_buys_whole_shares_where_no_parts_can_be_had() -> None:
    for pit, more in ((Pit(fractional_shares=False), {}), (Pit(), {"exchange": "NASDAQ"})):
        stock(pit, 1, Side.BUY, "0", None, cash_quantity=Decimal(1_020), **more)
        assert pit.view(1).filled == 20


def test_an_order_for_cash_is_not_modified() -> None:
    pit = Pit()
    stock(pit, 1, Side.BUY, "0", "40.00", cash_quantity=Decimal(100))
    assert codes(stock(pit, 1, Side.BUY, "0", "41.00", cash_quantity=Decimal(200))) == [10241]
    assert pit.status(1) == "Submitted"


def test_cash_buys_no_options() -> None:
    assert codes(Pit().buy(1, 0, "2.10", cash_quantity=Decimal(500))) == [10244]


_SIZES = st.decimals(Decimal("0.0001"), 30, places=4)
_ORDER = st.tuples(st.sampled_from(Side), _SIZES, st.sampled_from(["49.90", "50.00", "50.10", None]))
_TICK = st.tuples(st.sampled_from(["49.90", "50.00", "50.10"]), st.integers(1, 20))


@settings(max_examples=60)
@given(st.lists(st.one_of(_ORDER, _TICK), max_size=30))
def test_books_balance_with_parts_of_shares(steps: list[tuple[object, ...]]) -> None:
    pit = Pit()
    for order_id, step in enumerate(steps, start=1):
        if len(step) == 2:
            pit.tick(
                STOCK_ID, str(step[0]), str(Decimal(str(step[0])) + Decimal("0.01")), size=int(str(step[1]))
            )
        else:
            side, size, limit = step
            stock(
                pit, order_id, Side(str(side)), str(size), limit if limit is None else str(limit), tif="GTC"
            )
    held: dict[int, Decimal] = defaultdict(Decimal)
    spent, filled = Decimal(0), defaultdict[int, Decimal](Decimal)
    for fill in pit.fills():
        held[fill.contract.con_id] += fill.side.sign * fill.quantity
        spent += fill.side.sign * fill.quantity * fill.price
        filled[fill.order_id] += fill.quantity
        assert fill.quantity == int(fill.quantity) or fill.quantity < 1
    spent += sum((e.report.commission for e in pit.log if isinstance(e, Commissioned)), Decimal(0))

    assert pit.account.cash == 100_000 - spent
    assert {p.contract.con_id: p.quantity for p in pit.account.positions()} == {
        k: n for k, n in held.items() if n
    }
    assert held[STOCK_ID] >= 0 or held[STOCK_ID] == int(held[STOCK_ID]), "no part of a share is short"
    for order_id, size in filled.items():
        assert (pit.view(order_id).filled, pit.view(order_id).remaining) == (
            size,
            pit.view(order_id).order.quantity - size,
        )
    figures = pit.account.figures(pit.now)
    assert abs(figures.realized + figures.unrealized - (figures.net_liquidation - 100_000)) < Decimal(
        "0.0001"
    )


@given(st.decimals(0, 10**9, places=4))
def test_the_pieces_of_a_size_make_it_up_again(size: Decimal) -> None:
    parts: list[Units] = list(pieces(tidy(size)))
    assert sum(parts) == size
    assert all(type(part) is int or 0 < part < 1 for part in parts)
    assert all(Decimal(part) % STEP == 0 for part in parts)
