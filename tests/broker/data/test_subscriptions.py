"""The list of what is watched: one object per instrument, a budget that holds, and nothing left behind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.broker.connection.errors import RequestTrouble
from bot.broker.data.subscriptions import Subscriptions
from bot.domain.contract import Contract
from bot.domain.market import BarSize
from tests.broker.translate.test_translate import CALL


def contract(n: int) -> Contract:
    return replace(CALL, con_id=n, strike=Decimal(n))


def registry(budget: int = 90) -> Subscriptions:
    return Subscriptions(budget, 45, lambda _: object())


def test_an_instrument_has_one_object_for_as_long_as_it_is_watched() -> None:
    subs = registry()
    subs.watch_quote(contract(1))
    assert subs.instrument(contract(1)) is subs.instrument(replace(CALL, con_id=1))


def test_watching_twice_is_one_line() -> None:
    subs = registry()
    assert subs.watch_quote(contract(1)) is subs.watch_quote(contract(1))
    assert len(subs.quotes) == 1


def test_the_budget_is_never_exceeded_and_the_refusal_says_so() -> None:
    subs = registry(budget=3)
    for n in (1, 2, 3):
        subs.watch_quote(contract(n))
    with pytest.raises(RequestTrouble, match="3 market data lines") as refused:
        subs.watch_quote(contract(4))
    assert refused.value.code == 101
    subs.unwatch_quote(1)
    subs.watch_quote(contract(4))


def test_open_bar_requests_are_limited_too() -> None:
    subs = Subscriptions(90, 1, lambda _: object())
    subs.watch_bars(contract(1), BarSize.M1, 3)
    with pytest.raises(RequestTrouble):
        subs.watch_bars(contract(1), BarSize.M60, 3)


def test_nothing_is_left_behind_by_a_thousand_re_centrings() -> None:
    subs, request_id, watched = registry(), 0, range(0)
    for centre in range(1000):
        wanted = range(centre, centre + 40)
        for n in set(watched) - set(wanted):
            assert subs.unwatch_quote(n + 1) is not None
        for n in set(wanted) - set(watched):
            request_id += 1
            line = subs.watch_quote(contract(n + 1))
            subs.instrument(line.contract)
            subs.open(line, request_id)
        watched = wanted
        assert subs.size == 3 * 40


def test_a_feed_keeps_the_longest_history_that_was_asked_for() -> None:
    subs = registry()
    subs.watch_bars(contract(1), BarSize.M60, 30)
    assert subs.watch_bars(contract(1), BarSize.M60, 1).sessions == 30


def test_a_lost_connection_takes_requests_and_old_quotes_but_not_the_wishes() -> None:
    subs = registry()
    line = subs.watch_quote(contract(1))
    subs.open(line, 5)
    line.ticks.handle_price(1, 1.0, 1)
    subs.lose_connection()
    assert subs.of_request(5) is None
    assert line.request_id is None
    assert line.ticks.bid is None
    assert list(subs.quotes) == [1]
