"""More of the guard: what trips it, and what stays latched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.position import AccountValues
from bot.domain.types import TradingState
from bot.risk.breakers import HaltCause
from bot.risk.limits import AccountRule
from bot.risk.machine import RiskMachine
from tests.risk.house import (
    LIMITS,
    NOON,
    SESSION,
    account,
    approve,
    connected,
    idea,
    one,
    only,
    opened,
    reconciled,
    tell,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def resume(at: datetime = NOON) -> m.ResumeTrading:
    return m.ResumeTrading(at, "looked into it", "ann")


def state(machine: RiskMachine) -> TradingState:
    return machine.book.latch.state(machine.book.conditions.reducing)[0]


def causes(machine: RiskMachine) -> list[str]:
    return list(machine.book.latch.causes)


def test_a_mismatch_halts_and_once_accepted_does_not_halt_again() -> None:
    machine = opened()
    tell(machine, reconciled(NOON, "100 SPY not ours; held by hand"))
    first = causes(machine)

    tell(machine, resume(), reconciled(NOON + MINUTE, "100 SPY not ours; held by hand"))
    accepted = causes(machine)
    tell(machine, reconciled(NOON + 2 * MINUTE, "100 SPY not ours; held by hand", "1 QQQ not ours"))

    assert (first, accepted) == ([HaltCause.RECONCILIATION_MISMATCH], [])
    assert machine.book.latch.causes == {HaltCause.RECONCILIATION_MISMATCH: "1 QQQ not ours"}


def test_a_mismatch_that_grows_while_halted_is_said_with_both_parts() -> None:
    machine = opened()
    tell(machine, reconciled(NOON, "A"))

    halted = one(tell(machine, reconciled(NOON, "A", "B")), m.Halted)

    assert halted.detail == "A; B"
    assert only(tell(machine, m.TimePassed(NOON + MINUTE)), m.Halted) == []


def test_long_stale_data_halt_only_while_the_market_is_open() -> None:
    evening = datetime(2024, 3, 11, 22, 0, tzinfo=UTC)
    day, night = opened(), opened(at=evening)
    for machine, at in ((day, NOON), (night, evening)):
        tell(machine, m.FeedChanged("SPY", "bars", False, at), m.TimePassed(at + timedelta(minutes=30)))

    assert (causes(day), causes(night)) == ([HaltCause.STALE_DATA], [])


@pytest.mark.parametrize(
    ("offsets_s", "halts"),
    [
        ((30.0,), True),
        ((30.0, 0.4), False),
        ((30.0, 31.0, 0.4, 0.4), False),
        ((0.4, 30.0), False),
        ((0.4, 30.0, 31.0, 0.4, 0.4), True),
        ((30.0, 31.0), True),
        ((-30.0, -31.0), True),
        ((3.0, 4.0), False),
    ],
)
def test_a_clock_that_is_off_halts_and_one_off_from_the_start_lifts_itself(
    offsets_s: tuple[float, ...], halts: bool
) -> None:
    machine = opened()

    for offset_s in offsets_s:
        tell(machine, pulse(offset_s))

    assert (causes(machine) == ["clock_skew"]) is halts


def pulse(clock_offset_s: float) -> b.BrokerPulse:
    return b.BrokerPulse(
        at=NOON,
        clock_offset_s=clock_offset_s,
        lines_used=0,
        lines_limit=90,
        messages_free=40,
        messages_limit=40,
        history_free=55,
        history_limit=55,
        waiting=0,
        waited_s=0.0,
    )


@pytest.mark.parametrize(
    ("rule", "account_id", "halts"),
    [
        (AccountRule(account_id="DU1"), "DU1", False),
        (AccountRule(account_id="DU1"), "DU2", True),
        (AccountRule(must_be_paper=True), "U7", True),
        (AccountRule(must_be_paper=False), "DU7", True),
        (AccountRule(account_id="U7", must_be_paper=False), "U7", False),
        (AccountRule(), "", False),
    ],
)
def test_the_wrong_account_halts(rule: AccountRule, account_id: str, halts: bool) -> None:
    machine = RiskMachine(LIMITS, SESSION, rule)

    said = tell(machine, connected(account_id=account_id))

    assert [x.cause for x in only(said, m.Halted)] == [HaltCause.ACCOUNT_MISMATCH] * halts


def test_an_operator_halts_resumes_and_must_give_a_name_and_a_reason() -> None:
    machine = opened()
    halted = one(tell(machine, m.HaltTrading(NOON, "lunch", "ann")), m.Halted)
    twice = only(tell(machine, m.HaltTrading(NOON, "lunch", "bob")), m.Halted)

    void = tell(machine, m.ResumeTrading(NOON, " ", "ann"), m.ResumeTrading(NOON, "done", ""))
    resumed = one(tell(machine, resume()), m.Resumed)

    assert (halted.cause, halted.detail, halted.by, twice, void) == ("operator", "lunch", "ann", [], [])
    assert (resumed.cause, resumed.reason, resumed.by) == ("operator", "looked into it", "ann")


def test_a_part_of_the_bot_halts_with_its_own_cause() -> None:
    machine = opened()

    halted = one(tell(machine, m.HaltTrading(NOON, "disk_failure: no space left", "journal")), m.Halted)

    assert halted.cause == HaltCause.DISK_FAILURE


def test_a_journal_that_did_not_know_its_own_bracket_may_have_lost_a_halt_too() -> None:
    machine = opened()
    found = m.BracketAdopted(replace(approve(machine), idea_id="SPY-20240311T1601-scalp"), (), (), NOON)

    halted = one(tell(machine, found), m.Halted)
    again = only(tell(machine, found), m.Halted)
    resumed = one(tell(machine, resume()), m.Resumed)

    assert (halted.cause, again, resumed.cause) == (HaltCause.DISK_FAILURE, [], HaltCause.DISK_FAILURE)
    assert "SPY-20240311T1601-scalp" in halted.detail


def test_a_halt_for_a_lost_bracket_that_a_crash_prevented_is_made_good() -> None:
    before, after = opened(), opened()
    after.remember(m.BracketAdopted(approve(before), (), (), NOON))

    assert one(tell(after, m.TimePassed(NOON)), m.Halted).cause == HaltCause.DISK_FAILURE


def test_flattening_also_halts() -> None:
    machine = opened()

    halted = one(tell(machine, m.FlattenAll(NOON, "storm", "ann")), m.Halted)

    assert (halted.cause, halted.detail) == (HaltCause.OPERATOR, "flatten: storm")


def test_a_halt_while_the_broker_computes_margin_denies_the_idea() -> None:
    machine = opened(replace(LIMITS, what_if=True))
    question = one(tell(machine, idea()), b.QuoteMargin)
    tell(machine, m.HaltTrading(NOON, "lunch", "ann"))

    said = tell(machine, b.MarginQuoted(question.idea_id, NOON, Decimal(0), Decimal(10_000), Decimal(0)))

    assert one(said, m.EntryDenied).code == "STATE_HALTED"


def test_a_margin_answer_approves_and_a_second_or_late_one_is_ignored() -> None:
    machine = opened(replace(LIMITS, what_if=True))
    question = one(tell(machine, idea()), b.QuoteMargin)
    answer = b.MarginQuoted(question.idea_id, NOON, Decimal(400), Decimal(10_000), Decimal(400))

    bracket = one(tell(machine, answer), m.PlaceBracket)

    assert (bracket.quantity, question.order.limit_price) == (question.order.quantity, bracket.entry_limit)
    assert tell(machine, answer) == []


def test_a_richer_account_meanwhile_does_not_enlarge_what_the_broker_was_asked() -> None:
    machine = opened(replace(LIMITS, what_if=True))
    question = one(tell(machine, idea()), b.QuoteMargin)
    tell(machine, account("40000", funds="40000"))

    said = tell(machine, b.MarginQuoted(question.idea_id, NOON, Decimal(400), Decimal(40_000), Decimal(400)))

    assert one(said, m.PlaceBracket).quantity == question.order.quantity == 2


def test_a_snapshot_older_than_the_last_update_does_not_turn_equity_back() -> None:
    machine = opened()
    tell(machine, account("9990", NOON + MINUTE))
    old = AccountValues(account="DU1", at=NOON, net_liquidation=Decimal(12_000))

    tell(machine, b.SnapshotTaken(b.Snapshot(at=NOON, account=old), "reconnect", NOON))

    assert machine.book.conditions.equity_usd == Decimal(9990)


commands = st.lists(
    st.one_of(
        st.just(m.HaltTrading(NOON, "x", "ann")),
        st.just(m.ResumeTrading(NOON, "x", "ann")),
        st.just(m.FlattenAll(NOON, "x", "ann")),
        st.sampled_from([None, "NaN", "9000", "9600", "10000"]).map(account),
        st.sampled_from([(), ("A",), ("A", "B")]).map(lambda found: reconciled(NOON, *found)),
        st.just(b.BrokerDisconnected(NOON, "x")),
        st.just(connected()),
        st.just(b.OrderRefused("x/entry", 201, "no", NOON)),
    ),
    max_size=25,
)


@settings(max_examples=80)
@given(commands)
def test_a_latched_cause_leaves_only_by_resumed_and_nothing_is_approved_meanwhile(
    said: list[m.Message],
) -> None:
    machine, latched = opened(), set[str]()
    for n, message in enumerate(said):
        out = tell(machine, message)
        for fact in out:
            if isinstance(fact, m.Halted):
                latched.add(fact.cause)
            if isinstance(fact, m.Resumed):
                latched.discard(fact.cause)
        assert set(causes(machine)) == latched
        if latched:
            assert not only(tell(machine, idea(idea_id=f"i{n}")), m.PlaceBracket)
