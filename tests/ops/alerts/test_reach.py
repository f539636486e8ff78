"""A position whose broker is out of reach is told after a minute of an open market; without one, or at night, nobody is woken."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.events import Alerts
from tests.journal.makers import BAR_END, CLOSED, ENTRY, IDEA, PLACED

LOST = b.BrokerDisconnected(BAR_END, "the socket ended")
OPEN = (PLACED, ENTRY, m.Reconciled(BAR_END, (), ()))


def after(seconds: float, at: datetime = BAR_END) -> m.TimePassed:
    return m.TimePassed(at + timedelta(seconds=seconds))


def said(*messages: object, lasting: LastingConditions | None = None) -> list[Alert]:
    told: list[Alert] = []
    alerts = Alerts(told.append, lasting=lasting)
    for message in messages:
        list(alerts.handle(message))
    return [one for one in told if one.key.partition(":")[0] in ("reach", "stuck", "connection")]


def test_it_is_told_after_a_minute_with_what_is_held_and_what_of_it_stands() -> None:
    assert said(*OPEN, LOST, after(59)) == []
    (alert,) = said(*OPEN, LOST, after(30), after(60), after(90))

    assert (alert.severity, alert.title) == (Severity.CRITICAL, "OUT OF REACH: SPY 2011-01-07 127 C")
    assert "for 1 min: the socket ended; when it was last seen its stop stood at the broker" in alert.body


def test_what_had_no_stop_when_it_was_last_seen_is_called_unprotected() -> None:
    bare = m.ProtectionChanged(IDEA, False, 1, 0, 0.0, BAR_END)
    (alert,) = said(*OPEN, bare, LOST, after(60))

    assert "UNPROTECTED: no stop of SPY 2011-01-07 127 C was proved" in alert.body


def test_connected_is_not_yet_in_reach_and_the_agreement_ends_it() -> None:
    connected = b.BrokerConnected(BAR_END + timedelta(seconds=20), "DU0000000", 1, 176, 1)
    agreed = m.Reconciled(BAR_END + timedelta(seconds=80), (), ())
    lost, again = said(*OPEN, LOST, connected, after(61), agreed)

    assert "the books are not compared yet" in lost.body
    assert (again.severity, again.title) == (Severity.INFO, "In reach again: SPY 2011-01-07 127 C")
    assert again.body.startswith("it lasted 1 min")


def test_ib_behind_the_gateway_counts_and_a_data_farm_does_not() -> None:
    def down(part: str, code: int) -> b.LinkChanged:
        return b.LinkChanged(BAR_END, part, up=False, data_lost=False, code=code)

    assert said(*OPEN, down("usopt", 2105), after(60)) == []
    (alert,) = said(*OPEN, down("ib", 1100), after(60))
    assert "the gateway has lost IB (code 1100)" in alert.body


@pytest.mark.parametrize(
    "messages",
    [
        (LOST, after(60)),
        (*OPEN, CLOSED, LOST, after(60)),
        (*OPEN, LOST, after(40), m.Reconciled(BAR_END, (), ()), after(70)),
    ],
    ids=["nothing was bought", "all was sold", "it came back"],
)
def test_nobody_is_woken_for_nothing(messages: tuple[object, ...]) -> None:
    assert said(*messages) == []


def test_a_nightly_restart_wakes_nobody_and_at_the_open_it_is_told() -> None:
    night = BAR_END.replace(hour=4) + timedelta(days=1)
    open_ = night.replace(hour=14, minute=31)
    lost = b.BrokerDisconnected(night, "the socket ended")

    assert said(*OPEN, lost, after(600, night)) == []
    assert len(said(*OPEN, lost, after(600, night), m.TimePassed(open_))) == 1


def test_the_same_loss_is_not_told_a_second_time_as_a_lasting_condition() -> None:
    told = said(*OPEN, LOST, after(60), after(400), lasting=LastingConditions())

    assert [one.title.partition(":")[0] for one in told] == ["OUT OF REACH"]


def test_an_order_without_an_answer_is_told_once_for_its_bracket_while_the_market_is_open() -> None:
    stuck = b.OrderUnanswered(f"{IDEA}/entry", "cancel", BAR_END, BAR_END + timedelta(seconds=30))
    night = b.OrderUnanswered(f"{IDEA}/entry", "cancel", BAR_END, BAR_END + timedelta(hours=12))
    answered = b.OrderUnanswered(f"{IDEA}/entry", "cancel", BAR_END, BAR_END, is_answered=True)
    (alert,) = said(PLACED, stuck, answered, night)

    assert alert.severity is Severity.CRITICAL
    assert alert.title == "No answer from the broker: SPY 2011-01-07 127 C"
    assert alert.body.startswith("the cancel of SPY ")
    assert "entry has had no answer since" in alert.body
