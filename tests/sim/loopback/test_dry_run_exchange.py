"""The dry run's exchange: real quotes in, simulated fills out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.messages import FillBooked, Message, TimePassed
from bot.domain.order import Order, OrderStatus, OrderType
from bot.domain.position import AccountValues
from bot.domain.types import Right, SecType, Side
from bot.sim.loopback.dry_run import DryRunExchange
from tests.sim.families import family, told_status

NOON = datetime(2011, 1, 20, 17, 0, tzinfo=UTC)
CALL = Contract(
    con_id=77,
    symbol="SPY",
    sec_type=SecType.OPTION,
    multiplier=100,
    expiry=date(2011, 1, 21),
    strike=Decimal(128),
    right=Right.CALL,
)


class Rehearsal:
    """A dry run by hand, connected and with an account of 10,000; ``rows`` is what its journal would hold."""

    def __init__(self, now: datetime = NOON, rows: list[Message] | None = None) -> None:
        self.now = now
        self.exchange = DryRunExchange()
        self.rows: list[Message] = []
        for row in rows or []:
            self.exchange.remember(row)
        self.hear(TimePassed(now), b.BrokerConnected(now, "U1", 5, 176, 1))
        self.first_message = self.hear(
            b.AccountUpdated(AccountValues(account="U1", at=now, net_liquidation=Decimal(10_000)))
        )

    def hear(self, *messages: Message) -> list[Message]:
        answers = [answer for message in messages for answer in self.exchange.handle(message)]
        for said in (*messages, *answers):
            self.rows.append(FillBooked(said.fill) if isinstance(said, b.Filled) else said)
        return answers

    def snapshot(self) -> b.Snapshot:
        worth, taken = self.hear(b.TakeSnapshot("test", self.now))
        assert isinstance(worth, b.AccountUpdated)
        assert isinstance(taken, b.SnapshotTaken)
        return taken.snapshot

    def quote(self, bid: str | None, ask: str | None, after_s: int = 5) -> list[Message]:
        self.now += timedelta(seconds=after_s)
        low, high = (None if side is None else Decimal(side) for side in (bid, ask))
        quote = Quote(con_id=77, symbol="SPY", at=self.now, bid=low, ask=high)
        return self.hear(TimePassed(self.now), b.QuoteReceived(quote))

    def bracket(self) -> list[Message]:
        return self.hear(b.SendOrders(family(CALL, 2, "1.00"), self.now))


def test_an_entry_fills_on_the_real_quote_and_its_stop_too() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    sent = run.bracket()
    assert ("idea/entry", OrderStatus.FILLED) in told_status(sent)
    run.quote("0.60", "0.70")
    ended = run.quote("0.60", "0.70")
    fills = [f.fill for f in ended if isinstance(f, b.Filled)]

    assert [(f.order_ref, f.price) for f in fills] == [("idea/stop", Decimal("0.60"))]
    assert told_status(ended)[-1] == ("idea/target", OrderStatus.CANCELLED)


def test_the_simulated_account_follows_the_simulated_fills() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.bracket()
    run.quote("1.50", "1.55")
    (told,) = run.hear(
        b.AccountUpdated(AccountValues(account="U1", at=run.now, net_liquidation=Decimal(10_000)))
    )
    assert isinstance(told, b.AccountUpdated)

    assert told.values.net_liquidation == Decimal(10_000) + 100 - Decimal("2.79")


def test_a_snapshot_shows_the_simulated_books() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.bracket()
    _, fact = run.hear(b.TakeSnapshot("look", run.now))
    assert isinstance(fact, b.SnapshotTaken)

    assert [(p.contract.con_id, p.quantity) for p in fact.snapshot.positions] == [(77, 2)]
    assert {o.ref for o in fact.snapshot.open_orders} == {"idea/target", "idea/stop"}


def test_margin_is_quoted_from_the_simulated_account() -> None:
    run = Rehearsal()
    (told,) = run.hear(b.QuoteMargin("idea", family(CALL, 2, "1.00")[0]))
    assert isinstance(told, b.MarginQuoted)

    assert told.equity_with_loan_after == Decimal(10_000) - 200 - Decimal("1.39")


def test_an_old_quote_fills_nothing() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.now += timedelta(minutes=3)
    run.hear(TimePassed(run.now))

    assert ("idea/entry", OrderStatus.FILLED) not in told_status(run.bracket())
    assert ("idea/entry", OrderStatus.FILLED) in told_status(run.quote("0.95", "1.00"))


def test_a_quote_of_another_contract_triggers_nothing() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.bracket()
    run.quote("0.60", "0.70")
    other = Quote(con_id=5, symbol="SPY", at=run.now, bid=Decimal("0.10"), ask=Decimal("0.20"))

    assert run.hear(b.QuoteReceived(other)) == []


def test_day_orders_end_at_the_close_and_others_sleep_until_the_open() -> None:
    run = Rehearsal()
    run.quote("1.15", "1.20")
    run.bracket()
    ended = run.hear(TimePassed(datetime(2011, 1, 20, 21, 0, 1, tzinfo=UTC)))

    assert ("idea/entry", OrderStatus.CANCELLED) in told_status(ended)


def test_an_order_sent_at_night_waits_for_the_open() -> None:
    run = Rehearsal(datetime(2011, 1, 20, 13, 0, tzinfo=UTC))
    assert {status for _, status in told_status(run.bracket())} == {OrderStatus.HELD}
    run.hear(TimePassed(datetime(2011, 1, 20, 14, 30, 1, tzinfo=UTC)))
    run.now = datetime(2011, 1, 20, 14, 30, 1, tzinfo=UTC)

    assert ("idea/entry", OrderStatus.FILLED) in told_status(run.quote("0.95", "1.00"))


def test_before_the_accounts_worth_is_known_every_request_fails_in_words() -> None:
    exchange = DryRunExchange()
    list(exchange.handle(TimePassed(NOON)))
    order = Order(ref="i/entry", contract=CALL, side=Side.BUY, type=OrderType.MARKET, quantity=1)
    commands = (
        b.SendOrders((order,), NOON),
        b.TakeSnapshot("x", NOON),
        b.QuoteMargin("i", order),
        b.SendCancel("i/entry", NOON),
        b.SendRevision("i/entry", Decimal(1), 1, NOON),
    )
    answers = [answer for command in commands for answer in exchange.handle(command)]

    assert isinstance(answers[0], b.OrderRefused)
    assert [f.subject for f in answers if isinstance(f, b.RequestFailed)] == [
        "snapshot",
        "margin:i",
        "cancel:i/entry",
        "revise:i/entry",
    ]


def test_the_next_life_holds_what_the_one_before_held_under_the_same_names_and_numbers() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.bracket()
    before = run.snapshot()

    again = Rehearsal(run.now + timedelta(minutes=1), run.rows)
    after = again.snapshot()

    assert [(p.contract.con_id, p.quantity) for p in after.positions] == [(77, 2)]
    names = [(o.ref, o.perm_id, o.order_id, o.type, o.quantity) for o in before.open_orders]
    assert [(o.ref, o.perm_id, o.order_id, o.type, o.quantity) for o in after.open_orders] == names
    assert {o.status for o in after.open_orders} == {o.status for o in before.open_orders}
    assert {x.order.ref for x in again.first_message if isinstance(x, b.OrderSeen)} == {
        "idea/target",
        "idea/stop",
    }

    again.quote("0.60", "0.70")
    ended = again.quote("0.60", "0.70")
    assert [f.fill.order_ref for f in ended if isinstance(f, b.Filled)] == ["idea/stop"]
    assert again.snapshot().positions == ()


def test_an_entry_at_rest_waits_with_its_exits_in_the_next_life_too() -> None:
    run = Rehearsal()
    run.quote("1.20", "1.30")
    run.bracket()
    again = Rehearsal(run.now + timedelta(seconds=5), run.rows)
    assert [o.ref for o in again.snapshot().open_orders] == ["idea/entry", "idea/target", "idea/stop"]

    again.quote("0.95", "1.00")

    assert [(p.contract.con_id, p.quantity) for p in again.snapshot().positions] == [(77, 2)]


def test_what_was_closed_and_what_expired_is_not_held_again() -> None:
    run = Rehearsal()
    run.quote("0.95", "1.00")
    run.bracket()
    assert Rehearsal(run.now + timedelta(days=4), run.rows).snapshot().positions == ()
    run.quote("0.60", "0.70")
    run.quote("0.60", "0.70")
    again = Rehearsal(run.now + timedelta(seconds=5), run.rows).snapshot()
    assert (again.positions, again.open_orders) == ((), ())
