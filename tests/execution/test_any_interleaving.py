"""Any order of prices, fills, lost, doubled and shuffled messages, cancels, outages and kills: never short, never more
exits than position, every fill once; and once the messages come through again, protected or flat."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OrderStatus
from bot.execution.books.ledger import idea_of
from tests.execution.fake_orders import ExchangeSettings
from tests.execution.line import Line, bracket

PRICES = st.sampled_from(["1.40", "1.55", "1.70", "1.90", "1.95", "2.10", "2.60", "2.80"])
LEGS = st.sampled_from(["entry", "target", "stop", "target-1", "stop-1", "flatten-1"])


class AnyInterleaving(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.ideas = 0

    @initialize(
        fill_step=st.sampled_from([1, 2, 1000]),
        whole_parent=st.booleans(),
        commission=st.sampled_from(["with the fill", "late", "never"]),
        says_statuses=st.booleans(),
        cancels_first=st.booleans(),
        unhurried=st.booleans(),
    )
    def begin(
        self,
        fill_step: int,
        whole_parent: bool,
        commission: str,
        says_statuses: bool,
        cancels_first: bool,
        unhurried: bool,
    ) -> None:
        self.line.broker.exchange_settings = ExchangeSettings(
            fill_step=fill_step,
            children_wait_for_whole_parent=whole_parent,
            commission=commission,
            says_statuses=says_statuses,
            cancels_before_fills=cancels_first,
        )
        self.line.is_unhurried = unhurried
        self.line.price("1.90", "1.95")
        self.line.connect()

    @rule(quantity=st.integers(1, 4))
    def open_a_bracket(self, quantity: int) -> None:
        if self.ideas and self.line.position:
            return  # risk allows one open bracket per contract
        if any(held.is_live for held in self.line.broker.orders):
            return
        self.ideas += 1
        self.line.tell(bracket(f"SPY-{self.ideas}", quantity=quantity, at=self.line.now))

    @rule(bid=PRICES, quoted=st.booleans())
    def move_the_price(self, bid: str, quoted: bool) -> None:
        self.line.price(bid, str(Decimal(bid) + Decimal("0.05")), quoted=quoted)

    @rule(seconds=st.sampled_from([0.5, 2, 6, 40]))
    def wait(self, seconds: float) -> None:
        self.line.wait(seconds, step=1)

    @rule()
    def reach_the_time_stop(self) -> None:
        self.line.broker.now += timedelta(minutes=31)
        self.line.wait(6, step=1)

    @rule(seed=st.integers(0, 999), loss=st.sampled_from([0.0, 0.3, 1.0]), doubles=st.booleans())
    def mangle_messages(self, seed: int, loss: float, doubles: bool) -> None:
        rng = random.Random(seed)  # noqa: S311  # a reproducible shuffle, no secret

        def mangle(facts: list[m.Message]) -> list[m.Message]:
            kept = [fact for fact in facts if rng.random() >= loss]
            kept = kept + ([rng.choice(kept)] if kept and doubles else [])
            rng.shuffle(kept)
            return kept

        self.line.broker.mangle = mangle

    @rule()
    def let_messages_through(self) -> None:
        self.line.broker.mangle = lambda facts: facts

    @rule(leg=LEGS, status=st.sampled_from([OrderStatus.CANCELLED, OrderStatus.REJECTED]))
    def broker_ends_an_order(self, leg: str, status: OrderStatus) -> None:
        self.line.broker.end(f"SPY-{self.ideas}/{leg}", status)
        self.line.tell(*self.line.broker.flush())

    @rule(legs=st.sets(LEGS, max_size=2))
    def broker_refuses(self, legs: set[str]) -> None:
        refs = {f"SPY-{self.ideas + 1}/{leg}" for leg in legs}
        self.line.broker.exchange_settings.refuses.update(
            dict.fromkeys(refs, (201, "Order rejected - margin"))
        )

    @rule(legs=st.sets(LEGS, max_size=2), cancels=st.integers(0, 2), snapshots=st.integers(0, 2))
    def broker_swallows(self, legs: set[str], cancels: int, snapshots: int) -> None:
        self.line.broker.exchange_settings.swallows.update(f"SPY-{self.ideas + 1}/{leg}" for leg in legs)
        self.line.broker.exchange_settings.swallows_cancels = cancels
        self.line.broker.exchange_settings.fails_snapshots = snapshots

    @rule()
    def correct_the_last_execution(self) -> None:
        if self.line.broker.fills:
            last = self.line.broker.fills[-1]
            self.line.broker.correct(last.exec_id, last.quantity, last.price - Decimal("0.01"))
            self.line.tell(*self.line.broker.flush())

    @rule()
    def kill(self) -> None:
        self.line.kill_and_restart()

    @rule(seconds=st.sampled_from([1, 20]))
    def lose_the_connection(self, seconds: int) -> None:
        self.line.disconnect()
        self.line.wait(seconds, step=1)
        self.line.broker.flush()
        self.line.connect()

    @rule(halts=st.booleans())
    def operator_acts(self, halts: bool) -> None:
        if halts:
            self.line.tell(m.Halted(self.line.now, "operator", "test", "me"))
            self.line.tell(m.Resumed(self.line.now, "operator", "test", "me"))
        else:
            self.line.tell(m.FlattenAll(self.line.now, "operator", "me"))

    @invariant()
    def nothing_unsafe(self) -> None:
        self.line.assert_safe()

    @invariant()
    def no_order_is_told_as_it_was(self) -> None:
        for machine in (self.line.desk, self.line.watcher):
            for record in machine._book.records.values():
                assert record.as_own() == replace(record).as_own()

    def teardown(self) -> None:
        line = self.line
        line.broker.mangle = lambda facts: facts
        line.broker.exchange_settings.swallows_cancels = line.broker.exchange_settings.fails_snapshots = 0
        line.price("1.90", "1.95")
        for _ in range(3):
            line.tell(b.LinkChanged(line.now, "ib", True, False, 1102))
            line.wait(60, step=1)
            self.nothing_unsafe()
        line.assert_protected_or_flat()
        booked = {f.exec_id for f in line.broker.fills}
        assert booked <= set(line.booked()), "a fill was lost"
        if not line.position:
            ends = {x.idea_id for x in line.journal if isinstance(x, (m.BracketClosed, m.EntryAbandoned))}
            assert ends == {x.idea_id for x in line.journal if isinstance(x, m.PlaceBracket)}
            for closed in {x.idea_id: x for x in line.journal if isinstance(x, m.BracketClosed)}.values():
                assert closed.pnl == _result(line, closed.idea_id), closed


def _result(line: Line, idea_id: str) -> Decimal:
    """What the broker's own books say the trade made, after charges."""
    fills = (f for f in line.broker.fills if idea_of(f.order_ref) == idea_id)
    charges = (x.amount for x in line.broker.charges if idea_of(x.order_ref) == idea_id)
    return -sum((f.signed_quantity * f.price * 100 for f in fills), Decimal(0)) - sum(charges, Decimal(0))


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
