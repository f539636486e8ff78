"""What the MarketData machine asks the broker for, and what it lets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract, OptionChain
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.types import Right, SecType
from bot.market_data.machine import MarketData, MarketDataLimits

T = TypeVar("T")
OPEN = datetime(2011, 1, 5, 14, 30, tzinfo=UTC)
WEEKLY, MONTHLY = date(2011, 1, 7), date(2011, 1, 21)
STOCK = Contract(con_id=1, symbol="SPY", sec_type=SecType.STOCK)
CHAIN = OptionChain(
    "SPY", 1, "SPY", 100, (WEEKLY, MONTHLY), tuple(Decimal(strike) for strike in range(100, 151))
)


@dataclass(frozen=True)
class AfterDays:
    days: int

    def pick(self, expiries: Sequence[date], today: date) -> date | None:
        return min((x for x in expiries if x > today + timedelta(days=self.days)), default=None)


def option(strike: int, right: Right, expiry: date = WEEKLY) -> Contract:
    return Contract(
        con_id=strike * 10 + (right is Right.PUT) + (expiry == MONTHLY) * 100_000,
        symbol="SPY", sec_type=SecType.OPTION, multiplier=100, expiry=expiry, strike=Decimal(strike), right=right,
    )  # fmt: skip


def stock_quote(price: float, at: datetime = OPEN) -> b.QuoteReceived:
    bid = Decimal(str(price))
    return b.QuoteReceived(Quote(con_id=1, symbol="SPY", at=at, bid=bid, ask=bid + Decimal("0.01")))


def bar(minute: int, close: float = 127.0) -> Bar:
    return Bar("SPY", BarSize.M1, OPEN + timedelta(minutes=minute), close, close, close, close, 100.0)


def of(kind: type[T], said: Sequence[m.Message]) -> list[T]:
    return [message for message in said if isinstance(message, kind)]


class House:
    """A machine with everything it said."""

    def __init__(self, *expiries: AfterDays) -> None:
        limits = MarketDataLimits(strikes_each_side=2)
        self.machine = MarketData(("SPY",), limits, expiries or (AfterDays(0),))
        self.said: list[m.Message] = []

    def tell(self, *messages: m.Message) -> list[m.Message]:
        said = [out for message in messages for out in self.machine.handle(message)]
        self.said += said
        return said

    def opened(self, spot: float = 127.2) -> House:
        """Connected, qualified, with the weekly's even strikes real and watched."""
        self.tell(
            b.BrokerConnected(OPEN, "DU1", 1, 176, 1), b.UnderlyingQualified(STOCK), b.ChainListed(CHAIN)
        )
        self.tell(stock_quote(spot))
        self.qualify_what_was_asked()
        return self

    def qualify_what_was_asked(self) -> list[m.Message]:
        asked = {one.expiry: one for one in of(b.QualifyOptions, self.said)}
        answers = [
            b.OptionsQualified(
                "SPY",
                expiry,
                tuple(
                    option(int(strike), right, expiry)
                    for strike in one.strikes
                    if strike % 2 == 0
                    for right in Right
                ),
            )
            for expiry, one in asked.items()
        ]
        return self.tell(*answers)

    @property
    def watched(self) -> set[int]:
        con_ids: set[int] = set()
        for message in self.said:
            if isinstance(message, b.WatchQuote):
                con_ids.add(message.contract.con_id)
            elif isinstance(message, b.UnwatchQuote):
                con_ids.remove(message.contract.con_id)
        return con_ids


def test_a_connection_leads_to_history_quotes_and_the_chain() -> None:
    house = House()

    assert house.tell(b.BrokerConnected(OPEN, "DU1", 1, 176, 1)) == [b.QualifyUnderlying("SPY")]
    said = house.tell(b.UnderlyingQualified(STOCK))

    assert [(one.size, one.sessions) for one in of(b.WatchBars, said)] == [
        (BarSize.M60, 30),
        (BarSize.M1, 21),
    ]
    assert of(b.WatchQuote, said) == [b.WatchQuote(STOCK)]
    assert of(b.ListChain, said) == [b.ListChain(STOCK)]


def test_only_strikes_that_are_real_for_the_expiry_are_watched_around_the_money() -> None:
    house = House().opened(127.2)

    strikes = {(con_id // 10) for con_id in house.watched - {1}}
    assert strikes == {124, 126, 128, 130}
    assert len(house.watched) == 9
    (changed,) = of(m.WatchlistChanged, house.said)
    assert changed.underlying_con_id == 1


def test_strategies_that_want_different_expiries_have_both_watched() -> None:
    house = House(AfterDays(0), AfterDays(7)).opened(127.2)

    listed = of(m.WatchlistChanged, house.said)[-1].contracts
    assert {(x.expiry, x.strike) for x in listed} == {
        (expiry, Decimal(strike)) for expiry in (WEEKLY, MONTHLY) for strike in (124, 126, 128, 130)
    }
    assert {x.con_id for x in listed} | {1} == house.watched

    house.tell(stock_quote(135.0))
    house.qualify_what_was_asked()
    assert {x.strike for x in of(m.WatchlistChanged, house.said)[-1].contracts} == {132, 134, 136, 138}
    assert len(house.watched) == 17


def test_an_expiry_that_two_strategies_want_is_watched_once() -> None:
    house = House(AfterDays(0), AfterDays(1)).opened(127.2)

    assert len(of(b.QualifyOptions, house.said)) == 1
    assert len(house.watched) == 9
    assert not house.tell(stock_quote(127.3))[:-1]


def test_an_expiry_that_one_strategy_leaves_to_another_keeps_its_quotes() -> None:
    later = date(2011, 2, 18)
    house = House(AfterDays(0), AfterDays(14)).opened(127.2)
    monday = OPEN + timedelta(days=5)

    house.tell(m.TimePassed(monday), b.ChainListed(replace(CHAIN, expiries=(MONTHLY, later))))
    for expiry in (MONTHLY, later):
        house.tell(b.OptionsQualified("SPY", expiry, tuple(far_option(expiry, right) for right in Right)))

    listed = of(m.WatchlistChanged, house.said)[-1].contracts
    assert {x.expiry for x in listed} == {MONTHLY, later}
    assert {x.con_id for x in listed} | {1} == house.watched
    # It is let go of by the one that has it now.
    house.tell(m.TimePassed(monday + timedelta(days=14)), b.ChainListed(replace(CHAIN, expiries=(later,))))
    house.tell(b.OptionsQualified("SPY", later, (far_option(later, Right.CALL),)))
    assert {x.expiry for x in of(m.WatchlistChanged, house.said)[-1].contracts} == {later}


def far_option(expiry: date, right: Right) -> Contract:
    found = option(128, right, expiry)
    return found if expiry == MONTHLY else replace(found, con_id=found.con_id + 200_000)


def test_a_strike_is_asked_about_once() -> None:
    house = House().opened(127.2)
    house.tell(stock_quote(135.0), stock_quote(127.2), stock_quote(135.0))

    asked = [strike for message in of(b.QualifyOptions, house.said) for strike in message.strikes]
    assert len(asked) == len(set(asked))


def test_the_watched_lines_follow_the_money_and_never_grow_over_a_thousand_recentrings() -> None:
    house = House().opened(127.2)
    for step in range(1000):
        said = house.tell(stock_quote(115.0 + step % 20))
        if of(b.QualifyOptions, said):
            house.qualify_what_was_asked()
        assert len(house.watched) <= 9


def test_the_contract_of_an_open_bracket_keeps_its_quotes_until_it_ends() -> None:
    house = House().opened(127.2)
    held = option(126, Right.CALL)
    house.tell(placed(held), stock_quote(140.0))
    house.qualify_what_was_asked()

    assert held.con_id in house.watched
    assert of(m.QuoteUpdated, house.tell(b.QuoteReceived(Quote(con_id=held.con_id, symbol="SPY", at=OPEN))))

    house.tell(m.EntryAbandoned("SPY-x", "SPY", "timeout", OPEN))
    assert held.con_id not in house.watched


def test_a_bracket_found_at_the_broker_has_its_quotes_asked_for_once() -> None:
    house = House().opened(127.2)
    found = m.BracketAdopted(placed(option(90, Right.CALL)), (), (), OPEN)

    said = house.tell(found, found)

    assert said == [b.WatchQuote(found.place.contract)]
    house.tell(m.EntryAbandoned("SPY-x", "SPY", "timeout", OPEN))
    house.machine.remember(found)
    assert b.WatchQuote(found.place.contract) in house.tell(b.BrokerConnected(OPEN, "DU1", 1, 176, 1))


def test_a_bracket_remembered_from_disk_is_watched_as_soon_as_the_broker_is_there() -> None:
    house = House()
    held = option(126, Right.CALL)
    house.machine.remember(placed(held))

    assert b.WatchQuote(held) in house.tell(b.BrokerConnected(OPEN, "DU1", 1, 176, 1))


def placed(contract: Contract) -> m.PlaceBracket:
    return m.PlaceBracket(
        idea_id="SPY-x", symbol="SPY", strategy="scalp", contract=contract, quantity=1, entry_limit=Decimal(1),
        target=Decimal(2), stop=Decimal("0.5"), enter_by=OPEN, close_by=OPEN, close_reason="time_stop", at=OPEN,
    )  # fmt: skip


def test_history_warms_up_and_what_comes_later_is_a_closed_bar() -> None:
    house = House().opened()

    said = house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0), bar(1))), b.BarReceived(bar(2)))

    assert [len(one.bars) for one in of(m.HistoryLoaded, said)] == [2]
    assert of(m.BarClosed, said) == [m.BarClosed(bar(2))]


def test_a_bar_that_comes_long_after_its_end_is_not_live() -> None:
    house = House().opened()
    house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0),)), m.TimePassed(OPEN + timedelta(minutes=30)))

    said = house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(1), bar(29))))

    assert [one.is_live for one in of(m.BarClosed, said)] == [False, True]


def test_a_gap_is_asked_for_and_what_follows_waits_for_it() -> None:
    house = House().opened()
    house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0),)))

    said = house.tell(b.BarReceived(bar(3)))
    assert said == [b.WatchBars(STOCK, BarSize.M1, 1)]

    said = house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0), bar(1), bar(2))))
    assert [one.bar for one in of(m.BarClosed, said)] == [bar(1), bar(2), bar(3)]


def test_a_gap_nobody_fills_is_given_up_after_a_while() -> None:
    house = House().opened()
    house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0),)), b.BarReceived(bar(3)))

    said = house.tell(m.TimePassed(OPEN + timedelta(minutes=6)))

    assert [one.bar for one in of(m.BarClosed, said)] == [bar(3)]


def test_a_crossed_quote_is_not_let_through() -> None:
    house = House().opened()
    crossed = Quote(con_id=1260, symbol="SPY", at=OPEN, bid=Decimal(2), ask=Decimal(1))

    assert house.tell(b.QuoteReceived(crossed)) == []


def test_a_quote_of_a_contract_nobody_watches_is_not_let_through() -> None:
    assert House().opened().tell(b.QuoteReceived(Quote(con_id=999, symbol="SPY", at=OPEN))) == []


def test_a_symbol_that_is_absent_has_no_quotes_but_of_what_is_held() -> None:
    house = House().opened(127.2)
    held, other = option(126, Right.CALL), option(128, Right.CALL)
    house.tell(placed(held))
    house.machine.absent = frozenset({"SPY"})

    quotes = [Quote(con_id=x.con_id, symbol="SPY", at=OPEN) for x in (held, other)]
    told = [of(m.QuoteUpdated, house.tell(b.QuoteReceived(x))) for x in quotes]
    assert [len(x) for x in told] == [1, 0]
    assert house.tell(stock_quote(140.0)) == []


def test_silence_in_the_session_is_stale_and_the_next_word_is_fresh_again() -> None:
    house = House().opened()
    house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0),)))

    later = OPEN + timedelta(minutes=10)
    stale = of(m.FeedChanged, house.tell(m.TimePassed(later)))
    assert {(one.feed, one.is_fresh) for one in stale} == {("bars", False), ("quotes", False)}
    assert of(m.FeedChanged, house.tell(m.TimePassed(later))) == []

    house.tell(stock_quote(127.0, later))
    back = of(m.FeedChanged, house.tell(m.TimePassed(later)))
    assert [(one.feed, one.is_fresh) for one in back] == [("quotes", True)]


def test_a_stale_feed_is_asked_for_anew_and_not_at_every_tick() -> None:
    house = House().opened()
    house.tell(b.BarsBackfilled("SPY", BarSize.M1, (bar(0),)))
    watched = house.watched

    later = OPEN + timedelta(minutes=10)
    said = house.tell(m.TimePassed(later))
    assert {x.size for x in of(b.WatchBars, said)} == {BarSize.M1, BarSize.M60}
    assert {x.contract.con_id for x in of(b.UnwatchQuote, said)} == watched == house.watched

    assert house.tell(m.TimePassed(later + timedelta(seconds=1))) == []
    assert of(b.WatchBars, house.tell(m.TimePassed(later + timedelta(minutes=10))))


def test_nothing_is_stale_while_the_market_is_closed() -> None:
    house = House().opened()

    said = house.tell(m.TimePassed(OPEN + timedelta(hours=9)))
    assert not of(m.FeedChanged, said)


def test_an_adjusted_chain_beside_the_standard_one_is_passed_over() -> None:
    house = House().opened()

    assert house.tell(b.ChainListed(replace(CHAIN, trading_class="2SPY"))) == []
    assert house.tell(b.ChainListed(replace(CHAIN, multiplier=10))) == []


def test_a_new_day_asks_for_the_chain_anew() -> None:
    house = House().opened()
    house.tell(m.TimePassed(OPEN))

    assert b.ListChain(STOCK) in house.tell(m.TimePassed(OPEN + timedelta(days=1)))


def test_where_no_expiry_fits_strategies_still_learn_whose_price_the_underlyings_is() -> None:
    house = House(AfterDays(400)).opened(127.2)
    house.tell(stock_quote(127.3), stock_quote(140.0))

    assert of(m.WatchlistChanged, house.said) == [m.WatchlistChanged("SPY", 1, ())]
