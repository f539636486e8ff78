"""Stops that are refused all night, and closing orders that are: ever more rarely tried, and told in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OrderType, Tif
from bot.ops.alerts.alert import Alert
from bot.ops.alerts.events import Alerts
from tests.execution.line import CALL, START, Line, open_position

REFUSED = (201, "Order rejected - reason:the exchange is closed")


class Always(dict[str, tuple[int, str]]):
    """Refuses every order whose reference has ``part``."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def __contains__(self, ref: object) -> bool:
        return self.part in str(ref)

    def __missing__(self, ref: str) -> tuple[int, str]:
        return REFUSED


def told(line: Line) -> list[Alert]:
    said: list[Alert] = []
    alerts = Alerts(said.append)
    for message in line.said:
        alerts.handle(message)
    return said


def test_stops_refused_all_night_are_tried_ever_more_rarely_and_told_once_as_unprotected() -> None:
    line = open_position()
    line.broker.now = line.now.replace(hour=21, minute=5)
    line.wait(2)
    line.broker.exchange_settings.refuses = Always("/stop")
    line.broker.end("SPY-1/stop")
    line.wait(3600, 5)

    refused = [x for x in line.all(b.OrderRefused) if "/stop" in x.ref]
    assert 3 <= len(refused) <= 14
    (alert,) = (x for x in told(line) if x.title.startswith("UNPROTECTED"))
    assert "the exchange is closed" in alert.body
    assert "settles it at the open" in alert.body

    line.broker.exchange_settings.refuses = {}
    line.broker.now = line.now.replace(hour=14, minute=30) + timedelta(days=1)
    line.price("1.90", "1.95")
    line.wait(60, 1)
    line.assert_protected_or_flat()


def test_a_market_order_that_nobody_takes_gives_way_to_a_limit_that_stays_at_the_broker() -> None:
    line = open_position()
    line.broker.bids.pop(CALL.con_id)
    line.tell(m.TimePassed(line.now))
    line.wait(200, 5)
    line.tell(m.FlattenAll(line.now, "flatten", "me"))
    line.wait(150, 5)

    closing = [held.order for held in line.broker.live() if "/flatten" in held.order.ref]
    assert [(x.type, x.limit_price, x.tif) for x in closing] == [
        (OrderType.LIMIT, CALL.ticks.steps[0][1], Tif.GTC)
    ]
    assert line.broker.stopped(CALL.con_id) == line.position == 3


def pulse(line: Line, offset_s: float) -> b.BrokerPulse:
    figures = dict.fromkeys(
        (
            "lines_used",
            "lines_limit",
            "messages_free",
            "messages_limit",
            "history_free",
            "history_limit",
            "waiting",
        ),
        1,
    )
    return b.BrokerPulse(at=line.now, clock_offset_s=offset_s, waited_s=0.0, **figures)


def test_a_heartbeat_tells_no_time_so_a_replay_which_has_none_asks_the_same_at_the_same_place() -> None:
    line = open_position()
    line.wait(30 * 60 - 10, step=15)
    asked, due = len(line.all(b.TakeSnapshot)), START + timedelta(minutes=30)

    line.tell(replace(pulse(line, 0.0), at=due))
    assert len(line.all(b.TakeSnapshot)) == asked

    line.tell(m.TimePassed(due))
    assert line.all(b.TakeSnapshot)[asked].reason.startswith("step 0 of SPY-1")


def test_a_clock_that_is_an_hour_ahead_of_the_brokers_closes_nothing_before_its_time() -> None:
    line = open_position()  # to be closed after half an hour
    line.tell(pulse(line, -3600.0), pulse(line, -3601.0))
    line.broker.now += timedelta(hours=1)
    line.wait(30, 5)

    assert line.position == 3
    assert not line.all(m.ExitPosition)


def test_a_clock_that_is_an_hour_behind_the_brokers_closes_in_time() -> None:
    line = open_position()
    line.tell(pulse(line, 3600.0), pulse(line, 3601.0))
    line.wait(30, 1)

    assert line.last(m.ExitPosition).reason == "time stop"


@pytest.mark.parametrize(("offset_s", "hours"), [(-3600.0, 1), (3600.0, 0)], ids=["ahead", "behind"])
def test_with_one_measurement_nothing_is_due_that_only_one_of_two_clocks_says(
    offset_s: float, hours: int
) -> None:
    line = open_position()
    line.tell(pulse(line, offset_s))
    line.broker.now += timedelta(hours=hours)
    line.wait(30, 5)

    assert line.position == 3
    assert not line.all(m.ExitPosition)


def test_a_time_that_is_up_while_the_broker_is_away_is_told_all_the_same() -> None:
    line = open_position()
    line.tell(b.BrokerDisconnected(line.now, "the socket ended"))
    line.broker.now += timedelta(minutes=31)
    line.wait(45, 5)

    assert line.last(m.ExitOverdue).why == "the broker cannot be reached"
    assert not line.all(m.ExitPosition)


def test_a_day_that_ib_ends_early_is_closed_before_it_and_nothing_is_tried_after_it() -> None:
    line = open_position()  # at 10:00 in New York, to be closed after half an hour
    day, close = line.now.date(), line.now + timedelta(minutes=12)
    line.tell(b.HoursListed("SPY", ((day, close),), line.now))
    line.broker.bids.pop(CALL.con_id)
    line.wait(60, 5)
    assert not line.all(m.ExitPosition)

    line.wait(90, 5)
    assert line.last(m.ExitPosition).reason == "early_close"

    line.wait(600, 10)
    tried = len(line.all(m.ExitPosition))
    line.wait(600, 10)
    assert len(line.all(m.ExitPosition)) == tried
    assert line.broker.stopped(CALL.con_id) == line.position == 3
