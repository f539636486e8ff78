"""SIGKILL at every single step of an order's life; the journal, the broker and the start path must make it whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain import messages as m
from tests.execution.fake_orders import Knobs
from tests.execution.line import Killed, Line, bracket

Script = list[Callable[[Line], None]]


def _open(line: Line) -> None:
    if not any(isinstance(x, m.PlaceBracket) for x in line.journal):
        line.tell(bracket(at=line.now))


def _price(bid: str, ask: str) -> Callable[[Line], None]:
    return lambda line: line.price(bid, ask)


def _wait(seconds: float) -> Callable[[Line], None]:
    return lambda line: line.wait(seconds)


BY_TARGET: Script = [_price("1.90", "1.95"), _open, _wait(2), _price("2.60", "2.65"), _wait(2)]
BY_STOP: Script = [_price("1.90", "1.95"), _open, _wait(2), _price("1.50", "1.55"), _wait(2)]
IN_PARTS: Script = [_price("1.90", "1.95"), _open, _wait(1), _price("2.60", "2.65"), _wait(3)]
TIMED_OUT: Script = [_price("2.10", "2.15"), _open, _wait(33)]
REPAIRED: Script = [
    _price("1.90", "1.95"),
    _open,
    _wait(1),
    lambda line: line.broker.end("SPY-1/stop"),
    _wait(4),
    _price("1.50", "1.55"),
    _wait(2),
]
FLATTENED: Script = [
    _price("1.90", "1.95"),
    _open,
    _wait(1),
    lambda line: line.tell(m.FlattenAll(line.now, "operator", "me")),
    _wait(12),
]
SCRIPTS = {
    "target": (BY_TARGET, Knobs()),
    "stop": (BY_STOP, Knobs()),
    "in parts": (IN_PARTS, Knobs(fill_step=1)),
    "timed out": (TIMED_OUT, Knobs()),
    "repaired": (REPAIRED, Knobs()),
    "flattened": (FLATTENED, Knobs()),
    "late charges": (BY_TARGET, Knobs(commission="never")),
}


def _run(script: Script, knobs: Knobs, kill_after: int | None) -> Line:
    line = Line()
    line.broker.knobs = Knobs(**vars(knobs))
    line.kill_after = kill_after
    for act in (Line.connect, *script, _wait(60)):
        try:
            act(line)
        except Killed:
            line.kill_and_restart()
            if act is _open:
                _open(line)
        line.assert_safe()
    line.kill_after = None
    line.wait(60)
    return line


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_kill_at_any_step_leaves_no_duplicate_no_loss_and_nothing_naked(name: str) -> None:
    script, knobs = SCRIPTS[name]
    whole = _run(script, knobs, None)

    for kill_after in range(1, whole.steps + 1):
        line = _run(script, knobs, kill_after)

        line.assert_safe()
        line.assert_protected_or_flat()
        assert line.booked() == {fill.exec_id: 1 for fill in line.broker.fills}, (
            f"killed at step {kill_after}"
        )
        ends = [x for x in line.journal if isinstance(x, (m.BracketClosed, m.EntryAbandoned))]
        if line.position == 0:
            assert len(ends) == 1, f"killed at step {kill_after}: {ends}"
            assert isinstance(ends[0], m.BracketClosed) == bool(line.broker.fills)
