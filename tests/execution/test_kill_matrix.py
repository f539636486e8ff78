"""SIGKILL at every single step of an order's life; the journal, the broker and the start path must make it whole."""

from __future__ import annotations

import pytest

from bot.domain import messages as m
from tests.execution.lives import LIVES, live


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
