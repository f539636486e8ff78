"""What the exchange does not take, with IB's codes; what it merely holds; sessions and cancels."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.domain.types import Side
from bot.sim.exchange.events import MarginAnswered
from tests.sim.pit import CALL_ID, PUT_ID, STOCK_ID, Pit, codes, statuses, texts


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (200, {"con_id": 999}),
        (387, {"type": "VOL"}),
        (434, {"quantity": 0}),
        (10052, {"tif": "FOK2"}),
        (391, {"tif": "GTD"}),
        (321, {"account": "U999"}),
        (321, {"type": "STP"}),
        (321, {"type": "TRAIL"}),
        (110, {"limit": "3.02"}),
        (110, {"type": "STP LMT", "aux_price": Decimal("1.805")}),
        (135, {"parent_id": 5}),
    ],
)
def test_a_malformed_order_leaves_nothing_behind(code: int, wrong: dict[str, object]) -> None:
    pit = Pit()
    fields: dict[str, object] = {"quantity": 1, "limit": "2.10", **wrong}
    events = pit.send(1, Side.BUY, **fields)  # type: ignore[arg-type]  # a table of wrong fields

    assert codes(events) == [code]
    assert pit.exchange.find(1, 1) is None


def test_pennies_are_fine_below_three_dollars_and_nickels_from_there() -> None:
    pit = Pit()

    assert codes(pit.buy(1, 1, "2.11")) == []
    assert codes(pit.buy(2, 1, "2.115")) == [110]


def test_an_account_that_cannot_pay_is_told_in_ibs_words() -> None:
    pit = Pit(equity=200)
    events = pit.buy(1, 1, "2.10")

    assert codes(events) == [201]
    assert "YOUR EQUITY WITH LOAN VALUE [-11.05 USD] MUST EXCEED THE INITIAL MARGIN [0.00 USD]" in texts(
        events
    )
    assert statuses(events) == [(1, "Inactive")]


def test_options_that_are_not_held_cannot_be_sold() -> None:
    pit = Pit()
    pit.hold(2)

    assert codes(pit.sell(1, 3)) == [201]


@pytest.mark.parametrize(
    ("level", "call", "put"), [(1, [201], [201]), (2, [201], [201]), (3, [201], []), (4, [], [])]
)
def test_a_permission_level_allows_what_ibs_table_says(level: int, call: list[int], put: list[int]) -> None:
    pit = Pit(option_level=level)

    assert codes(pit.sell(1, 1)) == call
    assert codes(pit.sell(2, 1, "1.00", con_id=PUT_ID)) == put


def test_no_option_is_bought_below_the_second_level() -> None:
    assert codes(Pit(option_level=1).buy(1, 1)) == [460]
    assert codes(Pit(option_level=2).buy(1, 1)) == []


def test_shares_cover_a_call_and_cannot_be_sold_from_under_it() -> None:
    pit = Pit()
    pit.send(1, Side.BUY, 100, None, con_id=STOCK_ID)
    before = pit.account.margin()

    assert codes(pit.sell(2, 1)) == []
    assert pit.account.held(CALL_ID) == -1
    assert pit.account.margin() == before
    assert codes(pit.sell(3, 1)) == [201]
    assert codes(pit.send(4, Side.SELL, 100, None, con_id=STOCK_ID)) == [201]


def test_a_put_that_the_account_cannot_pay_for_is_refused_for_its_margin() -> None:
    # Its value of 1 USD and 20 % of 50 USD, less nothing: 1,100 USD a contract.
    pit = Pit(equity=1_500)

    assert codes(pit.sell(1, 1, "1.00", con_id=PUT_ID)) == []
    assert "INITIAL MARGIN" in texts(pit.sell(2, 1, "1.00", con_id=PUT_ID))


def test_a_margin_account_with_the_permission_may_sell_short() -> None:
    pit = Pit(short_options_allowed=True)
    pit.sell(1, 3)

    assert pit.account.held(CALL_ID) == -3
    assert pit.account.margin().initial > 0


def test_naked_options_beyond_the_margin_are_refused() -> None:
    pit = Pit(equity=2_000, short_options_allowed=True)

    assert "INITIAL MARGIN" in texts(pit.sell(1, 3))


def test_a_buy_is_refused_while_a_sell_of_the_same_option_rests() -> None:
    pit = Pit()
    pit.hold(1)
    pit.sell(1, 1, "2.50")
    events = pit.buy(2, 1, "1.90")

    assert codes(events) == [201]
    assert "both sides of the same US Option contract" in texts(events)


def test_an_exit_is_refused_while_a_strange_entry_of_the_same_option_works() -> None:
    pit = Pit()
    pit.hold(1)
    pit.buy(1, 1, "1.90")

    assert codes(pit.sell(2, 1, "2.50")) == [201]
    pit.cancel(1)
    assert codes(pit.sell(3, 1, "2.50")) == []


def test_a_stop_that_waits_at_ib_is_no_order_at_the_exchange() -> None:
    pit = Pit()
    pit.hold(1)
    pit.stop(1, 1, "1.80")

    assert codes(pit.buy(2, 1, "1.90")) == []


def test_both_sides_of_a_stock_are_nobodys_concern() -> None:
    pit = Pit()
    pit.send(1, Side.BUY, 10, "50.00", con_id=STOCK_ID)
    pit.send(2, Side.SELL, 10, "51.00", con_id=STOCK_ID)

    assert codes(pit.send(3, Side.BUY, 10, "49.00", con_id=STOCK_ID)) == []


def test_a_familys_exits_may_stand_opposite_to_what_is_left_of_its_entry() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    pit.bracket(10)

    assert 201 not in codes(pit.log)
    assert pit.status(2) == "Submitted"


def test_a_limit_far_through_the_quote_is_refused() -> None:
    pit = Pit()
    pit.hold(1)

    assert codes(pit.buy(1, 1, "2.53")) == [201]
    assert codes(pit.sell(2, 1, "1.59")) == [201]
    assert codes(pit.sell(3, 1, "1.60")) == []


def test_a_move_far_through_the_quote_leaves_the_order_as_it_is() -> None:
    pit = Pit()
    pit.hold(1)
    pit.sell(1, 1, "2.50")

    assert codes(pit.sell(1, 1, "1.00")) == [163]
    assert (pit.status(1), pit.view(1).order.limit_price) == ("Submitted", Decimal("2.50"))


def test_the_collar_leaves_cheap_options_room_and_can_be_switched_off() -> None:
    cheap, free = Pit(), Pit(price_collar=None)
    cheap.quote(CALL_ID, "0.05", "0.10")

    assert codes(cheap.buy(1, 1, "0.20")) == []
    assert codes(free.buy(1, 1, "5.00")) == []


def test_no_more_than_twenty_orders_work_on_one_side() -> None:
    pit = Pit(orders_per_side=3)
    for order_id in range(1, 4):
        assert codes(pit.buy(order_id, 1, "1.00")) == []

    assert codes(pit.buy(4, 1, "1.00")) == [201]


def test_a_filled_order_cannot_be_modified() -> None:
    pit = Pit()
    pit.buy(1, 1)

    assert codes(pit.buy(1, 2)) == [104]


def test_an_order_id_of_a_cancelled_order_cannot_be_used_again() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")
    pit.cancel(1)

    assert codes(pit.buy(1, 1, "1.90")) == [103]


def test_a_modification_cannot_turn_an_order_into_another() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")

    assert codes(pit.buy(1, 1, "0.90", con_id=PUT_ID)) == [105]
    assert codes(pit.sell(1, 1, "1.90")) == [105]


def test_a_modification_off_the_grid_leaves_the_order_as_it_is() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")

    assert codes(pit.buy(1, 1, "1.905")) == [110]
    assert pit.view(1).order.limit_price == Decimal("1.90")


def test_an_exit_cannot_be_enlarged_beyond_what_is_held() -> None:
    pit = Pit()
    pit.hold(2)
    pit.sell(1, 2, "2.50")

    assert codes(pit.sell(1, 3, "2.50")) == [201]
    assert pit.view(1).quantity == 2


def test_a_cancel_is_confirmed_with_202() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")
    events = pit.cancel(1)

    assert (statuses(events), codes(events)) == ([(1, "Cancelled")], [202])


def test_a_cancel_of_nothing_and_of_something_that_is_over() -> None:
    pit = Pit()
    pit.buy(1, 1)

    assert codes(pit.cancel(5)) == [10147]
    assert codes(pit.cancel(1)) == [10148]
    assert "state: Filled" in texts(pit.log)


def test_orders_belong_to_the_client_that_placed_them() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")

    assert codes(pit.cancel(1, client=2)) == [10147]
    assert pit.status(1) == "Submitted"


def test_a_global_cancel_ends_the_orders_of_all_clients() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")
    pit.send(1, Side.BUY, 1, "1.90", client=2)
    pit.keep(pit.exchange.cancel_all(pit.now))

    assert pit.exchange.alive() == []


def test_a_closed_market_holds_orders_with_a_warning_until_it_opens() -> None:
    pit = Pit(is_open=False)
    events = pit.buy(1, 1)
    assert (codes(events), pit.status(1)) == ([399], "PreSubmitted")

    pit.is_market_open = True
    pit.keep(pit.exchange.open_session(pit.now))

    assert pit.status(1) == "Filled"


def test_a_limit_that_is_too_far_away_at_the_open_is_cancelled() -> None:
    pit = Pit(is_open=False)
    pit.books.clear()
    pit.buy(1, 1, "2.10")
    pit.quote(CALL_ID, "1.00", "1.10")
    pit.is_market_open = True
    events = pit.exchange.open_session(pit.now)

    assert (pit.status(1), codes(events)) == ("Cancelled", [202])


def test_an_untransmitted_order_does_not_wake_up_at_the_open() -> None:
    pit = Pit(is_open=False)
    pit.buy(1, 1, transmit=False)
    pit.is_market_open = True

    assert pit.exchange.open_session(pit.now) == []


def test_day_orders_end_at_the_close_and_the_others_stay() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")
    pit.buy(2, 1, "1.90", tif="GTC")
    pit.exchange.close_session(pit.now)

    assert (pit.status(1), pit.status(2)) == ("Cancelled", "Submitted")


def test_an_expired_option_takes_no_orders() -> None:
    pit = Pit()
    pit.now = datetime(2011, 2, 18, 21, 0, tzinfo=UTC)

    assert codes(pit.buy(1, 1)) == [201]


def test_outside_hours_are_ignored_with_a_warning() -> None:
    pit = Pit()

    assert codes(pit.buy(1, 1, "1.90", outside_rth=True)) == [2109]
    assert pit.status(1) == "Submitted"


def test_a_what_if_answers_with_margin_and_leaves_no_order() -> None:
    pit = Pit()
    events = pit.buy(1, 2, "2.10", what_if=True)
    assert len(events) == 1
    answer = events[0]
    assert isinstance(answer, MarginAnswered)
    f = answer.figures

    assert (f.initial_change, f.equity_with_loan_change, f.commission) == (
        Decimal(0),
        Decimal("-421.39"),
        Decimal("1.39"),
    )
    assert f.equity_with_loan_after == Decimal("99578.61")
    assert pit.exchange.find(1, 1) is None


def test_a_what_if_must_transmit() -> None:
    assert codes(Pit().buy(1, 1, what_if=True, transmit=False)) == [413]


def test_a_what_if_on_stock_ties_up_half_its_value() -> None:
    event = Pit().send(1, Side.BUY, 100, "50.00", con_id=STOCK_ID, what_if=True)[0]

    assert isinstance(event, MarginAnswered)
    assert (event.figures.initial_change, event.figures.maintenance_change) == (Decimal(2500), Decimal(1250))
