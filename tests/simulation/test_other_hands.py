"""Which trades of another hand a person must have been told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.simulation.other_hands import OtherHands, lasting

NOON = datetime(2011, 1, 26, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("trades", "told"),
    [
        ([(0, 3)], [0]),
        ([(0, 3), (400, -3)], [0, 400]),
        ([(0, 3), (14, -3)], []),
        ([(0, 3), (400, -1), (414, 1)], [0]),
        ([(0, 3), (14, -1), (20, -2), (30, 2)], [30]),
        ([(0, -1), (14, -1), (20, 1)], [0]),
    ],
)
def test_what_was_undone_before_the_next_look_left_nothing_to_tell(
    trades: list[tuple[float, float]], told: list[float]
) -> None:
    at = {seconds: NOON + timedelta(seconds=seconds) for seconds, _ in trades}
    assert list(lasting([(at[seconds], float(signed)) for seconds, signed in trades])) == [
        at[seconds] for seconds in told
    ]


def test_what_was_undone_after_the_alert_is_no_finding_and_what_lasts_is_one() -> None:
    hands, found = OtherHands(), list[str]()

    def trade(side: str, seconds: float) -> None:
        done = SimpleNamespace(quantity=1, side=side, contract=SimpleNamespace(con_id=7))
        hands.note(done, NOON + timedelta(seconds=seconds))

    def expect(_: str, holds: bool, words: str) -> None:
        if not holds:
            found.append(words)

    def judged() -> list[str]:
        found.clear()
        alert = (NOON + timedelta(seconds=3), "halt", "critical", "Halted")
        hands.judge([alert], NOON + timedelta(hours=1), expect)
        return found

    for side, seconds in (("BUY", 0), ("SELL", 180), ("BUY", 194)):
        trade(side, seconds)
    assert judged() == []
    trade("SELL", 900)
    assert judged() == ["17:15:00"]
