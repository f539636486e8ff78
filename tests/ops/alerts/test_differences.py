"""What differs from the broker is told by its halt; that it has changed is told, too, even while the bot is halted, and once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain import messages as m
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.events import Alerts
from tests.journal.makers import BAR_END

THREE = "position of SPY 2011-01-28 130 C: 3 at the broker, 0 in our books"
ONE = "position of SPY 2011-01-28 130 C: 1 at the broker, 0 in our books"
CAUSE = "reconciliation_mismatch"
HALTED = m.Halted(BAR_END, CAUSE, THREE, "risk")
RESUMED = m.Resumed(BAR_END, CAUSE, "a friend's", "me")


def compared(*mismatches: str, agreed: tuple[str, ...] = ()) -> m.Reconciled:
    return m.Reconciled(BAR_END + timedelta(seconds=40), (), mismatches, agreed)


def said(*messages: object, before: Iterable[object] = ()) -> list[Alert]:
    told: list[Alert] = []
    alerts = Alerts(told.append)
    alerts.catch_up(before)
    for message in messages:
        assert list(alerts.handle(message)) == []
    return [one for one in told if one.key.startswith("agreed")]


def test_what_another_hand_closed_while_the_bot_was_halted_is_told_once() -> None:
    (alert,) = said(HALTED, compared(THREE), compared(agreed=(THREE,)), compared())

    assert (alert.severity, alert.title) == (Severity.WARNING, "A difference is gone")
    assert alert.body.startswith(f"{THREE}. Another hand has traded")
    assert "nothing else differs; trading stays halted until" in alert.body


def test_a_difference_that_is_new_is_told_by_its_halt_alone() -> None:
    assert said(HALTED, compared(THREE), compared(ONE, agreed=(THREE,))) == []


def test_one_that_the_halt_has_named_before_does_not_halt_again_and_is_told() -> None:
    both = m.Halted(BAR_END, CAUSE, f"{THREE}; {ONE}", "risk")
    (alert,) = said(both, compared(THREE, agreed=(ONE,)))

    assert f"still so: {THREE}" in alert.body


def test_one_that_a_person_had_accepted_before_the_restart_is_told_without_a_word_of_a_halt() -> None:
    (alert,) = said(compared(THREE, agreed=(ONE,)), before=(HALTED, RESUMED))

    assert alert.body.endswith(f"still so: {THREE}")
