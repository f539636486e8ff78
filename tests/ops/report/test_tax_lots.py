"""Tax lots: first in, first out, fees inside, wash sales marked by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.order import Fill
from bot.domain.types import Right, Side
from bot.ops.report.tax_lots import lots_as_csv, tax_lots
from tests.journal.makers import CALL

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
PUT = replace(CALL, con_id=8, right=Right.PUT)
NEXT_WEEK = replace(CALL, con_id=9)


def _fill(number: int, side: Side, quantity: int, price: str, days: float = 0, **changes: object) -> Fill:
    values: dict[str, object] = {
        "exec_id": f"e.{number}.01", "order_ref": f"o{number}", "perm_id": number, "contract": CALL, "side": side,
        "quantity": quantity, "price": Decimal(price), "at": NOON + timedelta(days=days),
    }  # fmt: skip
    return Fill(**(values | changes))  # type: ignore[arg-type]


def test_the_oldest_purchase_is_sold_first_and_fees_are_inside() -> None:
    fills = [
        _fill(1, Side.BUY, 2, "1.00"),
        _fill(2, Side.BUY, 2, "2.00", 1),
        _fill(3, Side.SELL, 3, "3.00", 2),
    ]
    lots = tax_lots(fills, {"e.1.01": Decimal("1.30"), "e.3.01": Decimal("1.95")})
    assert [(x.quantity, x.cost, x.proceeds, x.gain) for x in lots] == [
        (2, Decimal("201.30"), Decimal("598.70"), Decimal("397.40")),
        (1, Decimal("200.00"), Decimal("299.35"), Decimal("99.35")),
    ]


def test_a_loss_is_a_wash_sale_where_the_contract_was_bought_within_thirty_days() -> None:
    def marks(*others: Fill) -> list[str]:
        loss = [_fill(1, Side.BUY, 1, "2.00"), _fill(2, Side.SELL, 1, "1.00", 1)]
        return [x.wash_sale for x in tax_lots([*loss, *others], {})]

    assert marks() == [""]
    assert marks(_fill(3, Side.BUY, 1, "1.00", 31)) == ["same_contract"]
    assert marks(_fill(3, Side.BUY, 1, "1.00", 32)) == [""]
    assert marks(_fill(3, Side.BUY, 1, "1.00", 5, contract=NEXT_WEEK)) == ["same_underlying"]
    assert marks(_fill(3, Side.BUY, 1, "1.00", 5, contract=PUT)) == [""]


def test_a_gain_is_never_marked() -> None:
    fills = [
        _fill(1, Side.BUY, 1, "1.00"),
        _fill(2, Side.SELL, 1, "2.00", 1),
        _fill(3, Side.BUY, 1, "1.00", 2),
    ]
    assert [x.wash_sale for x in tax_lots(fills, {})] == [""]


def test_what_one_order_bought_in_parts_and_sold_together_replaces_nothing() -> None:
    fills = [
        _fill(1, Side.BUY, 1, "2.00", order_ref="o"),
        _fill(2, Side.BUY, 1, "2.00", order_ref="o"),
        _fill(3, Side.SELL, 2, "1.00", 1),
    ]
    assert [x.wash_sale for x in tax_lots(fills, {})] == ["", ""]


def test_more_than_a_year_is_long() -> None:
    def term(days: int) -> str:
        return tax_lots([_fill(1, Side.BUY, 1, "1.00"), _fill(2, Side.SELL, 1, "2.00", days)], {})[0].term

    assert (term(365), term(366)) == ("short", "long")


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=20))
def test_no_contract_is_sold_twice(steps: list[tuple[int, bool]]) -> None:
    fills, held = [], 0
    for n, (quantity, is_buy) in enumerate(steps):
        quantity = quantity if is_buy else min(quantity, held)
        if quantity:
            fills.append(_fill(n, Side.BUY if is_buy else Side.SELL, quantity, "1.00", n / 10))
            held += quantity if is_buy else -quantity
    lots = tax_lots(fills, {})
    assert sum(x.quantity for x in lots) == sum(x.quantity for x in fills if x.side is Side.SELL)


def test_it_is_written_as_csv() -> None:
    text = lots_as_csv(tax_lots([_fill(1, Side.BUY, 1, "1.00"), _fill(2, Side.SELL, 1, "2.00", 1)], {}))
    assert text.splitlines()[0].startswith(
        "contract,quantity,opened_on,closed_on,proceeds,cost,gain,term,wash_sale"
    )
    assert "SPY 2011-01-07 127 C,1,2026-03-02,2026-03-03,200.00,100.00,100.00,short,,USD" in text
