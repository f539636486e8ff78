"""The journal loses its end, or all of itself, at every step of an order's life: the broker's evidence must make it whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import Side
from tests.execution.line import CALL, START, Line, bracket
from tests.execution.lives import IDEA, LIVES, live

Rows = list[m.Message]
LOSSES: dict[str, Callable[[Rows], Rows]] = {
    "everything": lambda _: [],
    "all but the intent": lambda rows: [x for x in rows if isinstance(x, m.PlaceBracket)],
    "the last row": lambda rows: rows[:-1],
    "the last three rows": lambda rows: rows[:-3],
    "the last half": lambda rows: rows[: len(rows) // 2],
}
QUICK = {("target", "everything"), ("in parts", "everything"), ("timed out", "everything")}
CASES = [
    pytest.param(life, loss, marks=() if (life, loss) in QUICK else pytest.mark.slow)
    for life in LIVES
    for loss in LOSSES
]


@pytest.mark.parametrize(("life", "loss"), CASES)
def test_whatever_the_journal_loses_at_any_step_the_brokers_books_are_ours_again(
    life: str, loss: str
) -> None:
    def lose(line: Line) -> None:
        line.journal = LOSSES[loss](line.journal)

    for kill_after in range(1, live(life, None).steps + 1):
        line = live(life, kill_after, lose=lose)

        line.assert_safe()
        line.assert_protected_or_flat()
        booked = line.booked()
        assert booked == {fill.exec_id: 1 for fill in line.broker.fills}, f"killed at step {kill_after}"
        assert not line.last(m.Reconciled).mismatches, f"killed at step {kill_after}"
        if line.position == 0 and line.broker.fills:
            ends = [x for x in line.journal if isinstance(x, m.BracketClosed)]
            assert len({x.idea_id for x in ends}) == 1, f"killed at step {kill_after}: {ends}"


def _opened() -> Line:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(IDEA))
    line.wait(1)
    return line


def _forget_all(line: Line) -> None:
    line.journal.clear()
    line.said.clear()
    line.kill_and_restart()
    line.wait(2)


def test_the_intent_is_read_from_the_orders_themselves() -> None:
    line = _opened()
    _forget_all(line)
    (adopted,) = line.all(m.BracketAdopted)
    as_planned = bracket(IDEA, enter_by=START + timedelta(seconds=30))
    # Stop and target as they rest, counted from the 1.95 paid.
    assert adopted.place == replace(as_planned, stop=Decimal("1.56"), target=Decimal("2.53"))
    assert [x.ref for x in adopted.orders] == [f"{IDEA}/entry", f"{IDEA}/target", f"{IDEA}/stop"]


def test_protection_is_never_in_doubt_while_a_bracket_is_taken_over() -> None:
    line = _opened()
    _forget_all(line)
    assert [x.is_proved for x in line.all(m.ProtectionChanged)] == [True]
    assert not line.all(b.SendOrders)


def test_a_position_older_than_the_list_of_executions_is_booked_at_its_cost() -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    yesterday = "SPY-20261120T1500-whale"
    line.tell(bracket(yesterday, at=START))
    line.wait(1)
    line.broker.forget_executions()
    line.broker.costs[CALL.con_id] = Decimal(195)
    line.broker.orders = [held for held in line.broker.orders if held.is_live]
    _forget_all(line)
    (booked,) = line.all(m.FillBooked)
    assert (booked.fill.quantity, booked.fill.price) == (3, Decimal("1.95"))
    assert line.all(m.ProtectionChanged)[-1].is_proved


def test_an_execution_listed_beside_its_correction_counts_once() -> None:
    line = _opened()
    line.broker.correct(line.broker.fills[0].exec_id, 3, Decimal("1.94"))
    corrected = line.broker.fills[0]
    first = replace(corrected, exec_id=f"{corrected.exec_id[:-2]}01", price=Decimal("1.95"))
    line.broker.also_listed.append(first)
    line.broker.orders = [held for held in line.broker.orders if held.is_live]
    _forget_all(line)
    (adopted,) = line.all(m.BracketAdopted)
    assert {x.ref: x.quantity for x in adopted.orders}[f"{IDEA}/entry"] == 3
    assert not line.last(m.Reconciled).mismatches
    assert line.all(m.ProtectionChanged)[-1].is_proved


@pytest.mark.parametrize("idea", ["SPY-1", "QQQ-20261123T1500-scalp", "SPY-20269923T1500-scalp"])
def test_a_name_that_is_not_of_our_making_is_named_and_left_alone(idea: str) -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(idea))
    line.wait(1)
    _forget_all(line)
    assert not line.all(m.BracketAdopted)
    assert line.last(m.Reconciled).mismatches


def test_a_bracket_of_another_client_is_named_and_left_alone() -> None:
    line = _opened()
    line.broker.client_id = 2
    _forget_all(line)
    assert not line.all(m.BracketAdopted)
    assert line.last(m.Reconciled).mismatches


def test_a_strategy_without_terms_is_named_and_left_alone() -> None:
    line = Line(plan_of=lambda *_: None)
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(IDEA))
    line.wait(1)
    _forget_all(line)
    assert not line.all(m.BracketAdopted)
    assert line.last(m.Reconciled).mismatches


def test_a_position_of_todays_that_no_execution_explains_yet_is_not_made_up() -> None:
    line = _opened()
    line.broker.forget_executions()
    line.broker.orders = [held for held in line.broker.orders if held.is_live]
    _forget_all(line)
    assert not line.all(m.FillBooked)
    assert line.last(m.Reconciled).mismatches


def test_exits_without_a_position_are_called_back() -> None:
    line = _opened()
    line.broker.trade_by_hand(CALL, Side.SELL, 3, Decimal("1.90"))
    _forget_all(line)
    line.wait(20)
    assert not line.broker.live()
