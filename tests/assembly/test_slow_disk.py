"""A disk that stalls."""

from __future__ import annotations

import pytest

from bot.assembly.slow_disk import HALTING_WRITE_S, SLOW_WRITE_S, judge_disk
from bot.ops.alerts.alert import Alert, Severity


class Ears:
    """Where alerts and halts go."""

    def __init__(self) -> None:
        self.told: list[Alert] = []
        self.halts: list[tuple[str, str]] = []

    @property
    def alerts(self) -> Ears:
        return self

    def put(self, alert: Alert) -> None:
        self.told.append(alert)

    def halt(self, reason: str, by: str) -> None:
        self.halts.append((reason, by))


@pytest.mark.parametrize(
    ("seconds", "is_told", "is_halted"),
    [
        (0.0, False, False),
        (SLOW_WRITE_S - 0.1, False, False),
        (SLOW_WRITE_S, True, False),
        (HALTING_WRITE_S, True, True),
    ],
)
def test_a_slow_write_is_told_and_a_very_slow_one_halts(
    seconds: float, is_told: bool, is_halted: bool
) -> None:
    ears = Ears()

    judge_disk(seconds, ears, ears)

    assert [one.severity for one in ears.told] == [Severity.CRITICAL] * is_told
    assert [reason.partition(":")[0] for reason, _ in ears.halts] == ["disk_failure"] * is_halted
