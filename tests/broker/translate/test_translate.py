"""IB's objects into ours and back, and all the ways in which IB says nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ib_async
import ib_insync
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.translate import contracts as translate
from bot.broker.translate import numbers
from bot.broker.translate import orders as translate_orders
from bot.domain.contract import CENTS, Contract
from bot.domain.order import Order, OrderStatus, OrderType, Tif
from bot.domain.types import Right, SecType, Side

CALL = Contract(
    con_id=901,
    symbol="SPY",
    sec_type=SecType.OPTION,
    local_symbol="SPY   110107C00127000",
    trading_class="SPY",
    multiplier=100,
    expiry=date(2011, 1, 7),
    strike=Decimal("127.5"),
    right=Right.CALL,
)
both = pytest.mark.parametrize("library", [ib_insync, ib_async], ids=["ib_insync", "ib_async"])
NOTHING = [None, "", math.nan, math.inf, 1.7976931348623157e308, "1.7976931348623157E308", 2147483647]


@pytest.mark.parametrize("said", NOTHING)
def test_every_way_to_say_nothing_is_none(said: Any) -> None:
    assert numbers.figure(said) is None
    assert numbers.price(said) is None
    assert numbers.to_size(said) is None
    assert numbers.amount(said) is None


@pytest.mark.parametrize("said", [-1, -1.0, 0, 0.0])
def test_no_quote_is_not_a_price(said: float) -> None:
    assert numbers.price(said) is None


def test_a_size_of_zero_is_known_and_a_negative_one_is_not() -> None:
    assert numbers.to_size(0) == 0
    assert numbers.to_size(-1) is None


def test_text_that_is_no_number_is_an_error() -> None:
    with pytest.raises(UnreadableAnswer, match="not a number"):
        numbers.figure("soon")


@given(st.integers(1, 10**9), st.integers(0, 4))
def test_a_price_is_what_stood_on_the_wire(units: int, places: int) -> None:
    on_wire = Decimal(units).scaleb(-places)
    assert numbers.price(float(on_wire)) == on_wire


@both
def test_a_contract_survives_the_way_there_and_back(library: Any) -> None:
    found = library.Contract(**translate.contract_fields(CALL))
    assert translate.to_contract(found) == CALL


@both
@pytest.mark.parametrize("lacking", ["conId", "multiplier", "right", "lastTradeDateOrContractMonth"])
def test_an_incomplete_option_is_not_made(library: Any, lacking: str) -> None:
    found = library.Contract(**translate.contract_fields(CALL))
    setattr(found, lacking, 0 if lacking == "conId" else "")
    with pytest.raises(UnreadableAnswer):
        translate.to_contract(found)


def test_what_the_bot_has_no_name_for_is_still_seen() -> None:
    found = ib_insync.Contract(conId=1, symbol="ES", secType="FUT", currency="USD", multiplier="50")
    assert translate.to_contract(found).sec_type is SecType.OTHER


def test_the_tick_rule_is_the_one_of_the_contracts_exchange() -> None:
    details = ib_insync.ContractDetails(validExchanges="CBOE,SMART,ISE", marketRuleIds="109,26,32")
    assert translate.tick_rule_id(details) == 26
    assert translate.tick_rule_id(ib_insync.ContractDetails()) is None


def test_a_market_rule_becomes_a_grid() -> None:
    steps = [ib_insync.PriceIncrement(3.0, 0.05), ib_insync.PriceIncrement(0.0, 0.01)]
    grid = translate.to_tick_grid(steps)
    assert grid.increment(Decimal("2.99")) == Decimal("0.01")
    assert grid.increment(Decimal(3)) == Decimal("0.05")
    with pytest.raises(UnreadableAnswer):
        translate.to_tick_grid([])


def test_a_contract_without_a_rule_has_its_least_tick() -> None:
    assert translate.flat_grid(0.05).increment(Decimal(9)) == Decimal("0.05")
    assert translate.flat_grid(0.0) is CENTS


def chain(exchange: str, trading_class: str, multiplier: str, days: int = 2) -> Any:
    expiries = [f"2011010{n}" for n in range(1, days + 1)]
    return ib_insync.OptionChain(exchange, 756733, trading_class, multiplier, expiries, [127.5, 126.0])


def test_the_standard_class_is_chosen_out_of_many() -> None:
    parts = [
        chain("CBOE", "SPY", "100", 9),
        chain("SMART", "2SPY", "100", 9),
        chain("SMART", "SPY", "10", 9),
        chain("SMART", "SPY", "100"),
    ]
    found = translate.to_chain("SPY", parts)
    assert found is not None
    assert (found.trading_class, found.multiplier, found.underlying_con_id) == ("SPY", 100, 756733)
    assert found.strikes == (Decimal(126), Decimal("127.5"))
    assert found.expiries == (date(2011, 1, 1), date(2011, 1, 2))


def test_a_symbol_without_standard_options_has_no_chain() -> None:
    assert translate.to_chain("SPY", [chain("SMART", "SPY1", "37")]) is None


@both
def test_an_execution_becomes_a_fill(library: Any) -> None:
    execution = library.Execution(
        execId="0000e0d5.65a1b2c3.01.01",
        time=datetime(2011, 1, 7, 15, tzinfo=UTC),
        side="SLD",
        shares=2.0,
        price=1.35,
        permId=55,
        orderRef="a/stop",
    )
    fill = translate.to_fill(CALL, execution)
    assert (fill.side, fill.quantity, fill.price, fill.signed_quantity) == (Side.SELL, 2, Decimal("1.35"), -2)


def test_an_execution_without_a_zone_is_not_guessed_at() -> None:
    naive = datetime(2011, 1, 7, 15)  # noqa: DTZ001  the missing zone is what is tested
    with pytest.raises(UnreadableAnswer, match="without a zone"):
        translate.to_fill(CALL, ib_insync.Execution(execId="x.1", time=naive, side="BOT", shares=1, price=1))


def test_a_commission_that_is_not_there_yet_is_none() -> None:
    late = ib_insync.CommissionReport(execId="x.1", commission=1.7976931348623157e308, currency="USD")
    assert translate.to_commission(late, "a/entry") is None


def test_base_currency_figures_win_and_missing_ones_are_none() -> None:
    said = {("RealizedPnL", "USD"): "1", ("RealizedPnL", "BASE"): "2.5", ("NetLiquidation", "USD"): "100"}
    values = translate.to_account_values("DU1", said, datetime(2011, 1, 7, tzinfo=UTC))
    assert (values.realized_pnl, values.net_liquidation, values.cash) == (Decimal("2.5"), Decimal(100), None)


# ── orders ──


STOP = Order(
    ref="a/stop",
    contract=CALL,
    side=Side.SELL,
    type=OrderType.STOP,
    quantity=2,
    stop_price=Decimal("0.85"),
    tif=Tif.GTC,
    oca_group="a",
    parent_ref="a/entry",
)


@both
def test_a_protective_stop_says_all_that_makes_it_one(library: Any) -> None:
    fields = translate_orders.order_fields(STOP, order_id=12, parent_id=10, account="DU1", client_id=7)
    order = library.Order(**fields)
    assert (order.orderType, order.action, order.auxPrice, order.tif) == ("STP", "SELL", 0.85, "GTC")
    assert (order.ocaGroup, order.ocaType, order.parentId, order.transmit) == ("a", 2, 10, True)
    assert (order.orderRef, order.account, order.outsideRth) == ("a/stop@7", "DU1", False)
    assert order.lmtPrice == numbers.UNSET_DOUBLE
    assert "triggerMethod" not in fields


@both
def test_a_stop_may_name_what_sets_it_off(library: Any) -> None:
    stop = replace(STOP, trigger_method=8)
    fields = translate_orders.order_fields(stop, order_id=12, parent_id=10, account="DU1", client_id=7)
    assert library.Order(**fields).triggerMethod == 8


@both
def test_a_revision_keeps_what_the_broker_reported(library: Any) -> None:
    reported = library.Order(
        action="SELL", orderType="LMT", totalQuantity=2.0, lmtPrice=1.5, tif="GTC", ocaGroup="a", ocaType=1
    )
    reported.volatility = 0.3
    fields = translate_orders.revision_fields(reported, CENTS, order_id=11, parent_id=0, limit=1.4, units=1)
    order = library.Order(**fields)
    assert (order.lmtPrice, order.totalQuantity, order.ocaGroup, order.tif) == (1.4, 1, "a", "GTC")
    assert order.volatility == numbers.UNSET_DOUBLE


def test_a_revised_stop_keeps_being_a_stop() -> None:
    reported = ib_insync.Order(action="SELL", orderType="STP", totalQuantity=2.0, auxPrice=0.85)
    fields = translate_orders.revision_fields(reported, CENTS, order_id=11, parent_id=0, limit=0.9, units=1)
    assert (fields["auxPrice"], fields["lmtPrice"]) == (0.9, numbers.UNSET_DOUBLE)


def test_a_revised_stop_with_a_limit_takes_it_along() -> None:
    reported = ib_insync.Order(
        action="SELL", orderType="STP LMT", totalQuantity=2.0, auxPrice=1.6, lmtPrice=1.44
    )
    fields = translate_orders.revision_fields(reported, CENTS, order_id=11, parent_id=0, limit=1.56, units=2)
    assert (fields["orderType"], fields["auxPrice"], fields["lmtPrice"]) == ("STP LMT", 1.56, 1.4)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("PreSubmitted", OrderStatus.HELD),
        ("Submitted", OrderStatus.WORKING),
        ("Inactive", OrderStatus.REJECTED),
        ("PendingCancel", OrderStatus.CANCELLING),
        ("ApiCancelled", OrderStatus.CANCELLED),
    ],
)
def test_ib_status_words_become_ours(said: str, meant: OrderStatus) -> None:
    assert translate_orders.to_status(said) is meant


def test_an_unknown_status_word_is_an_error() -> None:
    with pytest.raises(UnreadableAnswer, match="Bewildered"):
        translate_orders.to_status("Bewildered")


@both
def test_an_open_order_is_read_back_as_the_broker_holds_it(library: Any) -> None:
    order = library.Order(
        **translate_orders.order_fields(STOP, order_id=12, parent_id=10, account="DU1", client_id=7)
    )
    order.permId, order.lmtPrice = 77, 0.0
    seen = translate_orders.to_open_order(
        CALL, order, order_id=12, client_id=7, status=OrderStatus.HELD, filled=1
    )
    assert (seen.type, seen.stop_price, seen.limit_price) == (OrderType.STOP, Decimal("0.85"), None)
    assert (seen.remaining, seen.perm_id, seen.client_id, seen.parent_id) == (1, 77, 7, 10)


def test_a_type_the_bot_never_sends_keeps_its_name() -> None:
    order = ib_insync.Order(action="BUY", orderType="TRAIL", totalQuantity=1)
    seen = translate_orders.to_open_order(
        CALL, order, order_id=1, client_id=0, status=OrderStatus.HELD, filled=0
    )
    assert seen.type == "TRAIL"


def test_a_completed_order_has_the_quantity_that_it_filled() -> None:
    order = ib_insync.Order(action="BUY", orderType="LMT", totalQuantity=0, filledQuantity=3.0)
    seen = translate_orders.to_completed_order(CALL, order, ib_insync.OrderState(status="Filled"))
    assert (seen.quantity, seen.filled, seen.remaining) == (3, 3, 0)


def test_a_margin_answer_without_figures_is_none_yet() -> None:
    assert (
        translate_orders.margin_from_order_state(
            ib_insync.OrderState(initMarginChange="1.7976931348623157E308")
        )
        is None
    )
    found = translate_orders.margin_from_order_state(
        ib_insync.OrderState(initMarginChange="120.5", commission=1.3)
    )
    assert found is not None
    assert (found["initial_margin_change"], found["commission"]) == (Decimal("120.5"), Decimal("1.3"))
    assert found["equity_with_loan_after"] is None


@pytest.mark.parametrize(
    ("base", "rates", "worth"),
    [
        ("JPY", {"JPY": "1", "USD": "150"}, Decimal(5000)),
        ("EUR", {"EUR": "1.00", "USD": "0.9"}, Decimal("833333.33")),
        ("JPY", {}, None),
        ("JPY", {"JPY": "1", "USD": "1.00"}, None),
        ("JPY", {"USD": "1"}, None),
        ("USD", {}, Decimal(750000)),
    ],
)
def test_an_account_in_another_currency_is_told_in_dollars_or_not_at_all(
    base: str, rates: dict[str, str], worth: Decimal | None
) -> None:
    said = {
        ("NetLiquidation", base): "750000.00",
        **{("ExchangeRate", one): rate for one, rate in rates.items()},
    }
    values = translate.to_account_values("DU1", said, datetime(2011, 1, 7, tzinfo=UTC))

    assert (values.net_liquidation, values.currency) == (worth, base)
    assert (base in values.fault) is (worth is None)
