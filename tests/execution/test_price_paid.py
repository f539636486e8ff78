"""Stop and target count from the price paid, and the old stop guards until the new one is confirmed."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.pricing import BracketPrices, counted_from
from tests.execution.line import CALL, Line, bracket, open_position, wire

PLANNED = BracketPrices(Decimal("2.00"), Decimal("2.60"), Decimal("1.60"))
below = st.decimals(Decimal("0.50"), Decimal("2.00"), places=2)


def exits(line: Line) -> dict[str, Decimal | None]:
    """What rests at the broker: trigger or limit by reference."""
    return {
        held.order.ref: held.order.stop_price if held.limit_price is None else held.limit_price
        for held in line.broker.live()
    }


def test_an_entry_below_its_limit_moves_stop_and_target_once() -> None:
    line = open_position(quantity=3)  # limit 2.00, stop 1.60, target 2.60; bought at 1.95

    assert exits(line) == {"SPY-1/stop": Decimal("1.56"), "SPY-1/target": Decimal("2.53")}
    line.wait(600, step=15)
    assert wire(line)[3:] == ["revise SPY-1/stop 3", "revise SPY-1/target 3"]
    assert [x.is_proved for x in line.all(m.ProtectionChanged)] == [True]


def test_an_entry_at_its_limit_moves_nothing() -> None:
    line = Line()
    line.price("1.95", "2.00")
    line.connect()
    line.tell(bracket())
    line.wait(60)

    assert not line.all(b.SendRevision)


def test_a_revision_that_is_never_confirmed_leaves_the_old_stop_standing() -> None:
    line = Line()
    line.broker.exchange_settings.ignores_revisions = True
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(600, step=15)

    assert exits(line)["SPY-1/stop"] == Decimal("1.60")
    assert len(line.all(b.SendRevision)) == 2
    assert [x.is_proved for x in line.all(m.ProtectionChanged)] == [True]
    assert not line.all(m.PlaceProtection)


def test_a_partial_entry_keeps_its_stop_until_it_is_whole() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))
    assert line.position == 1
    assert not line.all(b.SendRevision)

    line.wait(3)

    assert line.position == 3
    assert exits(line)["SPY-1/stop"] == Decimal("1.56")
    line.assert_protected_or_flat()


def test_a_bracket_taken_over_from_the_broker_is_left_as_it_is() -> None:
    line = Line()
    line.broker.exchange_settings.ignores_revisions = True
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket("SPY-20261123T1500-scalp"))
    line.wait(1)
    line.journal.clear()
    line.said.clear()
    line.kill_and_restart()
    line.wait(60)

    assert line.all(m.BracketAdopted)
    assert not line.all(b.SendRevision)


def test_a_restart_moves_no_stop_a_second_time() -> None:
    line = open_position()
    before = len(line.all(b.SendRevision))
    line.kill_and_restart()
    line.wait(60)

    assert (before, len(line.all(b.SendRevision))) == (2, 2)


@given(below)
def test_what_counts_from_the_price_paid_risks_no_more_than_was_approved(paid: Decimal) -> None:
    moved = counted_from(CALL.ticks, PLANNED, paid)

    assert moved.is_sane
    assert paid - moved.stop <= PLANNED.entry - PLANNED.stop
    assert moved.stop <= PLANNED.stop
    assert CALL.ticks.is_on_grid(moved.stop)
    assert CALL.ticks.is_on_grid(moved.target)


def test_the_plan_itself_counts_from_its_own_entry() -> None:
    assert counted_from(CALL.ticks, PLANNED, PLANNED.entry) == PLANNED
