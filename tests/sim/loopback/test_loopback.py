"""The simulated broker in the bot's own words, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import BarSize, Quote
from bot.domain.messages import Message, TimePassed
from bot.domain.order import OrderStatus, OrderType
from bot.domain.types import Right, Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.orders import SimOrder
from bot.sim.loopback.loopback import LoopbackBroker, LoopbackExchange
from bot.sim.market.quotes import TopOfBook
from bot.sim.market.recorded.bars import bars_1m
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World
from tests.sim.families import family, told_status

DAY = date(2011, 1, 20)
EXPIRY = date(2011, 1, 21)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2011, 1, 20, hour + 5, minute, second, tzinfo=UTC)


class Desk:
    """A person at the port: sends commands, reads what was told since."""

    def __init__(self, exchange_settings: ExchangeSettings | None = None) -> None:
        self.world: World = recorded_world(["SPY"], DAY, exchange_settings=exchange_settings)
        self._told: list[Message] = []
        self.broker = LoopbackBroker(self.world)
        self.broker.start(self._told.append)

    def read(self) -> list[Message]:
        told, self._told[:] = list(self._told), []
        return told

    def send(self, command: Message) -> list[Message]:
        self.read()
        self.broker.send(command)
        return self.read()

    def until(self, when: datetime) -> list[Message]:
        self.read()
        self.broker.advance_to(when)
        return self.read()

    def stock(self) -> Contract:
        (fact,) = self.send(b.QualifyUnderlying("SPY"))
        assert isinstance(fact, b.UnderlyingQualified)
        return fact.contract

    def option(self, strike: int = 128) -> Contract:
        command = b.QualifyOptions(self.stock(), "SPY", EXPIRY, (Decimal(strike),), (Right.CALL,))
        (fact,) = self.send(command)
        assert isinstance(fact, b.OptionsQualified)
        return fact.contracts[0]

    def pin(self, contract: Contract, bid: str, ask: str, size: int = 50) -> None:
        self.world.market.pin(contract.con_id, TopOfBook(Decimal(bid), Decimal(ask), size, size, None))

    def bracket(self, contract: Contract, quantity: int = 2, limit: str = "1.00") -> list[Message]:
        return self.send(b.SendOrders(family(contract, quantity, limit), self.world.now))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.broker.stop(1)


@pytest.fixture
def open_desk(desk: Desk) -> Desk:
    """At ten, with the 128 call pinned at 0.95 by 1.00."""
    desk.until(at(10))
    desk.pin(desk.option(), "0.95", "1.00")
    return desk


def test_it_connects_first_and_tells_the_account() -> None:
    told: list[Message] = []
    LoopbackBroker(recorded_world(["SPY"], DAY), client_id=7).start(told.append)

    assert isinstance(told[0], b.BrokerConnected)
    assert (told[0].client_id, told[0].next_order_id, told[0].account) == (7, 1, "DU1234567")
    assert isinstance(told[1], b.AccountUpdated)
    assert told[1].values.net_liquidation == 25_000


def test_as_a_machine_it_connects_with_the_first_time_it_hears() -> None:
    exchange = LoopbackExchange(recorded_world(["SPY"], DAY))
    first = list(exchange.handle(TimePassed(at(9, 26))))
    second = list(exchange.handle(TimePassed(at(9, 27))))

    assert isinstance(first[0], b.BrokerConnected)
    assert second == []


def test_a_stopped_broker_tells_nothing_more(desk: Desk) -> None:
    desk.broker.stop(1)

    assert desk.send(b.QualifyUnderlying("SPY")) == []


def test_the_chain_is_a_superset_and_qualifying_names_only_what_exists(desk: Desk) -> None:
    stock = desk.stock()
    (listed,) = desk.send(b.ListChain(stock))
    assert isinstance(listed, b.ChainListed)
    weekly = listed.chain.expiries[1]
    (qualified,) = desk.send(b.QualifyOptions(stock, "SPY", weekly, listed.chain.strikes))
    assert isinstance(qualified, b.OptionsQualified)

    assert 0 < len(qualified.contracts) < 2 * len(listed.chain.strikes)
    assert {c.expiry for c in qualified.contracts} == {weekly}


def test_an_unknown_symbol_fails(desk: Desk) -> None:
    (failed,) = desk.send(b.QualifyUnderlying("NOPE"))

    assert isinstance(failed, b.RequestFailed)
    assert (failed.subject, failed.code) == ("underlying:NOPE", 200)


def test_bars_are_backfilled_once_and_then_streamed_each_exactly_once(desk: Desk) -> None:
    desk.until(at(10, 0, 30))
    (filled,) = desk.send(b.WatchBars(desk.stock(), BarSize.M1, 1))
    assert isinstance(filled, b.BarsBackfilled)
    streamed = [f.bar for f in desk.until(at(10, 5)) if isinstance(f, b.BarReceived)]

    assert [*filled.bars, *streamed] == list(bars_1m("SPY", DAY)[:35])


def test_of_bars_that_close_together_every_symbols_minute_comes_before_any_hour() -> None:
    exchange = LoopbackExchange(recorded_world(["SPY", "AAPL"], DAY))
    list(exchange.handle(TimePassed(at(9, 59))))
    for symbol in ("SPY", "AAPL"):
        (found,) = exchange.handle(b.QualifyUnderlying(symbol))
        assert isinstance(found, b.UnderlyingQualified)
        for size in BarSize.M60, BarSize.M1:
            list(exchange.handle(b.WatchBars(found.contract, size, 1)))
    facts = exchange.handle(TimePassed(at(10)))

    closed = [(fact.bar.size, fact.bar.symbol) for fact in facts if isinstance(fact, b.BarReceived)]

    hours = [(BarSize.M60, "SPY"), (BarSize.M60, "AAPL")]
    assert closed == [(BarSize.M1, "SPY"), (BarSize.M1, "AAPL"), *hours]


def test_a_feed_without_any_past_opens_as_soon_as_there_is_a_bar() -> None:
    day = date(2015, 12, 23)
    broker = LoopbackBroker(recorded_world(["GOOG"], day))
    told: list[Message] = []
    broker.start(told.append)
    broker.send(b.QualifyUnderlying("GOOG"))
    assert isinstance(told[-1], b.UnderlyingQualified)
    broker.send(b.WatchBars(told[-1].contract, BarSize.M1, 3))
    broker.advance_to(datetime(2015, 12, 23, 14, 33, tzinfo=UTC))
    broker.advance_to(datetime(2015, 12, 23, 14, 35, tzinfo=UTC))
    filled = [bar for f in told if isinstance(f, b.BarsBackfilled) for bar in f.bars]
    streamed = [f.bar for f in told if isinstance(f, b.BarReceived)]

    assert [*filled, *streamed] == list(bars_1m("GOOG", day)[:5])


def test_quotes_are_told_at_once_and_conflated_to_the_latest_of_a_step(desk: Desk) -> None:
    desk.until(at(10))
    call = desk.option()
    (first,) = desk.send(b.WatchQuote(call))
    later = [f.quote for f in desk.until(at(10, 5)) if isinstance(f, b.QuoteReceived)]
    assert isinstance(first, b.QuoteReceived)

    assert len(later) == 1
    assert later[0].at >= at(10, 4)
    assert later[0].delta is not None
    assert first.quote.bid is not None
    desk.send(b.UnwatchQuote(call))
    assert not any(isinstance(f, b.QuoteReceived) for f in desk.until(at(10, 6)))


def test_a_quote_without_a_side_says_none_for_price_and_size(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.world.market.pin(call.con_id, TopOfBook(None, Decimal("0.01"), 0, 5, Decimal("0.02")))
    (fact,) = open_desk.send(b.WatchQuote(call))
    assert isinstance(fact, b.QuoteReceived)
    quote: Quote = fact.quote

    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (None, None, Decimal("0.01"), 5)


def test_a_bracket_lives_from_entry_to_target(open_desk: Desk) -> None:
    call = open_desk.option()
    sent = open_desk.bracket(call)
    fills = [f.fill for f in sent if isinstance(f, b.Filled)]
    assert [(f.order_ref, f.quantity, f.price) for f in fills] == [("idea/entry", 2, Decimal("1.00"))]
    assert told_status(sent)[-2:] == [("idea/target", OrderStatus.WORKING), ("idea/stop", OrderStatus.HELD)]
    open_desk.pin(call, "1.50", "1.55")
    ended = open_desk.until(at(10, 0, 15))

    assert ("idea/target", OrderStatus.FILLED) in told_status(ended)
    assert told_status(ended)[-1] == ("idea/stop", OrderStatus.CANCELLED)
    charged = [(f.order_ref, f.amount) for f in [*sent, *ended] if isinstance(f, b.CommissionCharged)]
    assert charged == [("idea/entry", Decimal("1.39")), ("idea/target", Decimal("1.40"))]


def test_seen_orders_carry_what_protection_is_judged_by(open_desk: Desk) -> None:
    sent = open_desk.bracket(open_desk.option())
    stop = [f.order for f in sent if isinstance(f, b.OrderSeen) and f.order.ref == "idea/stop"][-1]

    assert (stop.type, stop.side, stop.quantity, stop.stop_price) == (
        OrderType.STOP,
        Side.SELL,
        2,
        Decimal("0.70"),
    )
    assert (stop.tif, stop.oca_group, stop.status) == ("GTC", "idea", OrderStatus.HELD)


def test_partial_fills_are_told_one_by_one(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.pin(call, "0.95", "1.00", size=1)
    sent = open_desk.bracket(call, quantity=2)
    then = open_desk.until(at(10, 0, 15))
    told = [f for f in [*sent, *then] if isinstance(f, b.OrderStatusChanged) and f.ref == "idea/entry"]

    assert [(f.filled, f.remaining) for f in told if f.filled] == [(1, 1), (2, 0)]


def test_a_refused_order_is_told_as_such_with_ibs_code(open_desk: Desk) -> None:
    facts = open_desk.bracket(open_desk.option(), quantity=900)
    refused = [f for f in facts if isinstance(f, b.OrderRefused)]

    assert [(f.ref, f.code) for f in refused] == [("idea/entry", 201)]
    assert told_status(facts) == [
        ("idea/entry", OrderStatus.REJECTED),
        ("idea/target", OrderStatus.CANCELLED),
        ("idea/stop", OrderStatus.CANCELLED),
    ]


def test_a_price_off_the_grid_is_refused_and_its_children_with_it(open_desk: Desk) -> None:
    facts = open_desk.bracket(open_desk.option(), limit="1.005")

    assert [(f.ref, f.code) for f in facts if isinstance(f, b.OrderRefused)] == [
        ("idea/entry", 110),
        ("idea/target", 135),
        ("idea/stop", 135),
    ]


def test_the_same_ref_is_not_sent_twice(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.bracket(call, limit="0.50")
    facts = open_desk.bracket(call, limit="0.50")

    assert {f.code for f in facts if isinstance(f, b.OrderRefused)} == {103}
    assert open_desk.world.books().orders_received == 3


def test_a_cancel_ends_the_family_and_a_second_one_tells_the_state(open_desk: Desk) -> None:
    open_desk.bracket(open_desk.option(), limit="0.50")
    facts = open_desk.send(b.SendCancel("idea/entry", open_desk.world.now))
    assert {status for _, status in told_status(facts)} == {OrderStatus.CANCELLED}
    again = open_desk.send(b.SendCancel("idea/entry", open_desk.world.now))

    assert told_status(again) == [("idea/entry", OrderStatus.CANCELLED)]


def test_a_cancel_of_an_unknown_name_fails(open_desk: Desk) -> None:
    (failed,) = open_desk.send(b.SendCancel("who/entry", open_desk.world.now))

    assert isinstance(failed, b.RequestFailed)
    assert failed.subject == "cancel:who/entry"


def test_a_revision_moves_the_target_and_keeps_its_group(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.bracket(call)
    facts = open_desk.send(b.SendRevision("idea/target", Decimal("0.95"), 2, open_desk.world.now))

    assert ("idea/target", OrderStatus.FILLED) in told_status(facts)
    assert told_status(facts)[-1] == ("idea/stop", OrderStatus.CANCELLED)


def test_a_refused_revision_leaves_the_order_and_says_so(open_desk: Desk) -> None:
    open_desk.bracket(open_desk.option())
    facts = open_desk.send(b.SendRevision("idea/stop", Decimal("0.705"), 2, open_desk.world.now))

    assert [(f.subject, f.code) for f in facts if isinstance(f, b.RequestFailed)] == [
        ("revise:idea/stop", 110)
    ]
    assert told_status(facts) == [("idea/stop", OrderStatus.HELD)]


def test_a_revised_stop_moves_its_trigger(open_desk: Desk) -> None:
    open_desk.bracket(open_desk.option())
    facts = open_desk.send(b.SendRevision("idea/stop", Decimal("0.80"), 2, open_desk.world.now))
    seen = [f.order for f in facts if isinstance(f, b.OrderSeen)]

    assert (seen[-1].stop_price, seen[-1].limit_price) == (Decimal("0.80"), None)


def test_a_margin_quote_costs_nothing_and_leaves_nothing(open_desk: Desk) -> None:
    entry = family(open_desk.option(), 2, "1.00")[0]
    (quoted,) = open_desk.send(b.QuoteMargin("idea", entry))
    assert isinstance(quoted, b.MarginQuoted)

    assert (quoted.commission, quoted.equity_with_loan_after) == (Decimal("1.39"), Decimal("24798.61"))
    assert open_desk.world.books().order_messages == 0


def test_a_margin_quote_of_nonsense_fails_under_its_idea(open_desk: Desk) -> None:
    entry = family(open_desk.option(), 2, "1.005")[0]
    (failed,) = open_desk.send(b.QuoteMargin("idea", entry))

    assert isinstance(failed, b.RequestFailed)
    assert (failed.subject, failed.code) == ("margin:idea", 110)


def test_a_snapshot_holds_everything(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.bracket(call)
    open_desk.world.place_manual(SimOrder(con_id=756733, action=Side.BUY, type="MKT", quantity=10))
    worth, fact = open_desk.send(b.TakeSnapshot("start", at(9)))
    assert isinstance(fact, b.SnapshotTaken)
    shot = fact.snapshot

    assert worth == b.AccountUpdated(shot.account)

    assert {o.ref for o in shot.open_orders} == {"idea/target", "idea/stop"}
    assert [o.ref for o in shot.completed_orders] == ["idea/entry", ""]
    assert [f.order_ref for f in shot.fills] == ["idea/entry", ""]
    assert len(shot.commissions) == 2
    assert {p.contract.con_id: p.quantity for p in shot.positions} == {call.con_id: 2, 756733: 10}
    assert (fact.reason, fact.requested_at, shot.at) == ("start", at(9), at(10))


def test_after_a_restart_the_orders_are_known_by_their_names_and_ids_go_on(open_desk: Desk) -> None:
    open_desk.bracket(open_desk.option(), limit="0.50")
    told: list[Message] = []
    again = LoopbackBroker(open_desk.world)
    again.start(told.append)
    assert isinstance(told[0], b.BrokerConnected)
    assert told[0].next_order_id == 4
    again.send(b.SendCancel("idea/entry", at(10)))

    assert told_status(told) == [
        ("idea/entry", OrderStatus.CANCELLED),
        ("idea/target", OrderStatus.CANCELLED),
        ("idea/stop", OrderStatus.CANCELLED),
    ]


def test_other_clients_orders_are_not_news(open_desk: Desk) -> None:
    call = open_desk.option()
    open_desk.world.place(
        9,
        1,
        SimOrder(con_id=call.con_id, action=Side.BUY, type="LMT", quantity=1, limit_price=Decimal("0.50")),
    )
    facts = open_desk.until(at(10, 1))

    assert not any(isinstance(f, b.OrderSeen | b.OrderStatusChanged) for f in facts)


def test_late_commissions_come_by_themselves() -> None:
    desk = Desk(ExchangeSettings(commission_delay=timedelta(seconds=20)))
    desk.until(at(10))
    call = desk.option()
    desk.pin(call, "0.95", "1.00")
    assert not any(isinstance(f, b.CommissionCharged) for f in desk.bracket(call))

    assert any(isinstance(f, b.CommissionCharged) for f in desk.until(at(10, 0, 20)))


def test_an_entry_whose_owner_is_gone_ends_at_its_time_and_takes_its_children_along(open_desk: Desk) -> None:
    """The bot dies at ten: nothing of it is filled in the afternoon."""
    good_till = at(10, 1, 45)
    entry, *exits = family(open_desk.option(), 2, "0.50")
    told = open_desk.send(b.SendOrders((replace(entry, good_till=good_till), *exits), open_desk.world.now))
    assert (entry.ref, OrderStatus.WORKING) in told_status(told)
    open_desk.until(good_till - timedelta(seconds=1))
    assert len(open_desk.world.open_orders()) == 3
    open_desk.until(good_till + timedelta(seconds=30))
    open_desk.pin(open_desk.option(), "0.40", "0.45")
    open_desk.until(at(14))

    assert open_desk.world.open_orders() == []
    assert open_desk.world.positions() == []
