"""SIGKILL at every single step of an order's life; the journal, the broker and the start path must make it whole."""

from __future__ import annotations

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.wiring import DURABLE, UNHURRIED
from tests.execution.line import Line
from tests.execution.lives import LIVES, live

UNSAFE_TO_LOSE = {
    b.SendOrders,
    b.SendRevision,
    b.SendCancel,
    m.FillBooked,
    m.BracketClosed,
    m.Halted,
    m.Resumed,
}


class NothingLostError(Exception):
    """A power cut that took no row."""


def cut_the_power(line: Line) -> None:
    """Rows that were written and not synced are gone: the last ones, up to one that waited for the disk."""
    if not line.journal or type(line.journal[-1]) not in UNHURRIED:
        raise NothingLostError
    while line.journal and type(line.journal[-1]) in UNHURRIED:
        line.journal.pop()


@pytest.mark.parametrize("name", LIVES)
def test_a_power_cut_at_any_step_takes_no_row_that_something_rests_on(name: str) -> None:
    cuts = 0
    for kill_after in range(1, live(name, None).steps + 1):
        try:
            line = live(name, kill_after, lose=cut_the_power)
        except NothingLostError:
            continue  # the life of a kill at this step, to the letter: the test below looks at it
        cuts += 1
        line.assert_safe()
        line.assert_protected_or_flat()
        assert line.booked() == {fill.exec_id: 1 for fill in line.broker.fills}, f"cut at step {kill_after}"
        if line.position == 0:
            ends = [x for x in line.journal if isinstance(x, (m.BracketClosed, m.EntryAbandoned))]
            assert len(ends) == 1, f"cut at step {kill_after}: {ends}"
    assert cuts


def test_what_reaches_the_wire_or_ends_trading_waits_for_the_disk() -> None:
    assert set(DURABLE) > UNHURRIED
    assert not UNHURRIED & UNSAFE_TO_LOSE


@pytest.mark.parametrize("name", LIVES)
def test_a_kill_at_any_step_leaves_no_duplicate_no_loss_and_nothing_naked(name: str) -> None:
    whole = live(name, None)

    for kill_after in range(1, whole.steps + 1):
        line = live(name, kill_after)

        line.assert_safe()
        line.assert_protected_or_flat()
        assert line.booked() == {fill.exec_id: 1 for fill in line.broker.fills}, (
            f"killed at step {kill_after}"
        )
        ends = [x for x in line.journal if isinstance(x, (m.BracketClosed, m.EntryAbandoned))]
        if line.position == 0:
            assert len(ends) == 1, f"killed at step {kill_after}: {ends}"
            assert isinstance(ends[0], m.BracketClosed) == bool(line.broker.fills)
