"""A quote put together from ticks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.data.quotes import QuoteTicks, to_data_type
from bot.domain.market import DataType
from bot.domain.types import Right
from tests.broker.script import NOW
from tests.broker.translate.test_translate import CALL


def test_live_and_delayed_ticks_mean_the_same() -> None:
    for bid, ask, last, volume in ((1, 2, 4, 8), (66, 67, 68, 74)):
        ticks = QuoteTicks(CALL)
        assert ticks.handle_price(bid, 1.3, 11)
        assert ticks.handle_price(ask, 1.35, 12)
        assert ticks.handle_price(last, 1.31, 1)
        assert ticks.handle_size(volume, 400)
        quote = ticks.quote(NOW)
        assert (quote.bid, quote.ask, quote.last) == (Decimal("1.3"), Decimal("1.35"), Decimal("1.31"))
        assert (quote.bid_size, quote.ask_size, quote.volume) == (11, 12, 400)
        assert (quote.con_id, quote.symbol, quote.at) == (901, "SPY", NOW)


def test_a_quote_that_was_never_given_is_unknown_and_not_zero() -> None:
    quote = QuoteTicks(CALL).quote(NOW)
    assert (quote.bid, quote.ask, quote.volume, quote.open_interest, quote.delta) == (None,) * 5


def test_a_quote_is_taken_back_by_minus_one() -> None:
    ticks = QuoteTicks(CALL)
    ticks.handle_price(1, 1.3, 11)
    ticks.handle_price(1, -1.0, 0)
    assert ticks.quote(NOW).bid is None


def test_open_interest_is_the_one_of_the_contracts_own_side() -> None:
    call, put = QuoteTicks(CALL), QuoteTicks(replace(CALL, right=Right.PUT))
    for ticks in (call, put):
        ticks.handle_size(27, 700)
        ticks.handle_size(28, 900)
    assert (call.open_interest, put.open_interest) == (700, 900)


def test_only_the_brokers_model_gives_greeks_and_uncomputed_ones_are_unknown() -> None:
    ticks = QuoteTicks(CALL)
    assert not ticks.handle_model(10, 0.2, 0.5, 127.0)
    assert ticks.handle_model(13, -1.0, -2.0, -1.0)
    assert (ticks.implied_vol, ticks.delta, ticks.underlying_price) == (None, None, None)
    ticks.handle_model(83, 0.2, -0.4, 127.0)
    assert (ticks.implied_vol, ticks.delta, ticks.underlying_price) == (0.2, -0.4, 127.0)


def test_ticks_that_carry_nothing_for_a_quote_change_nothing() -> None:
    ticks = QuoteTicks(CALL)
    assert not ticks.handle_price(9, 1.0, 0)
    assert not ticks.handle_size(5, 3)
    assert ticks == QuoteTicks(CALL)


def test_data_types_are_known_by_number() -> None:
    assert [to_data_type(n) for n in (1, 2, 3, 4)] == list(DataType)
    with pytest.raises(UnreadableAnswer):
        to_data_type(9)
