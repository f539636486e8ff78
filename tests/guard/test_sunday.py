"""Fifty-two weekends, and every answer a person can give to the second factor: told in time, and no entry unproved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given

from bot.domain.session import NEW_YORK
from bot.guard.clearing import WATCHER
from bot.guard.core.effects import Close, Effect, Open, Tell
from bot.guard.proof import WeeklyProof, log_in_ended
from bot.wire import encode
from bot.wire.frames import join_fields
from tests.guard.bench import VERSION, Bench, order
from tests.guard.rig import ACCOUNT, limits

STEP = timedelta(minutes=20)
GREETS, REFUSES, MUTE, OTHER = "greets", "refuses", "accepts and says nothing", "greets with another account"
Answer = Callable[[float], str]
"""What the gateway does, by the hours since Sunday 01:00 New York. Before that it is logged in."""

ANSWERS: dict[str, Answer] = {
    "at once": lambda h: GREETS if h >= 0.1 else REFUSES,
    "late in the afternoon": lambda h: GREETS if h >= 15.5 else MUTE,
    "on Monday morning": lambda h: GREETS if h >= 31 else REFUSES,
    "never": lambda _: REFUSES,
    "on the wrong device": lambda _: MUTE,
    "never asked": lambda _: REFUSES,
    "the gateway is up but not logged in": lambda _: MUTE,
    "logged in with another user": lambda _: OTHER,
}
ROOMY = {"minute": 10_000, "day": 10_000}
WALL = limits(
    rates=dict.fromkeys(("entries", "exits", "revisions", "cancels"), ROOMY) | {"efficiency": 99999}
)


class Weekend(Bench):
    """A guard whose gateway behaves as ``answer`` says; ``told`` gets the times of urgent log-in alerts."""

    def __init__(self, sunday: date, answer: Answer) -> None:
        self.ends = datetime.combine(sunday, time(1), NEW_YORK).astimezone(UTC)
        self.answer = answer
        self.alerts: list[datetime] = []
        self.unproved: list[datetime] = []
        super().__init__(WALL)
        self.now = self.ends - timedelta(hours=5)
        self.orders = 0

    @property
    def gateway(self) -> str:
        hours = (self.now - self.ends).total_seconds() / 3600
        return GREETS if hours < 0 else self.answer(hours)

    def take(self, effects: object) -> None:
        for effect in list(effects):  # type: ignore[call-overload]
            self._look(effect)
            super().take([effect])

    def _look(self, effect: Effect) -> None:
        is_alert = isinstance(effect, Tell) and effect.key == "log-in" and effect.is_urgent
        if is_alert and self.now >= self.ends:
            self.alerts.append(self.now)

    def step(self) -> None:
        self.now += STEP
        for _ in range(3):  # a line is closed, opened, answered
            effects = self.guard.time_passed(self.now)
            self.take(effects)
            for effect in effects:
                if isinstance(effect, Open):
                    self._open()
                if isinstance(effect, Close):
                    self.guard.closed(effect.line)
            self.now += timedelta(seconds=6)
        if self.gateway in (REFUSES, MUTE) and WATCHER in self.guard.own and self.guard.own[WATCHER].is_ready:
            self.take(self.guard.closed(WATCHER))  # IB ends what was logged in

    def _open(self) -> None:
        if self.gateway == REFUSES:
            self.take(self.guard.closed(WATCHER))
            return
        self.take(self.guard.opened(WATCHER))
        if self.gateway == MUTE:
            return
        self.raw(WATCHER, join_fields([str(VERSION), "now"]))
        account = ACCOUNT if self.gateway == GREETS else "DU7654321"
        self.say("managedAccounts", WATCHER, accountsList=account)
        self.say("nextValidId", WATCHER, orderId=1)
        self.say("positionEnd", WATCHER)
        self.say("openOrderEnd", WATCHER)

    def try_entry(self) -> None:
        self.tick(11, 2, "1.00")
        self.orders += 1
        left = self.hear(order(self.orders))
        if left:
            self.hear(encode("cancelOrder", VERSION, orderId=self.orders))
            self.guard.ledger.working.clear()
        if left and self.gateway != GREETS:
            self.unproved.append(self.now)


def watched(sunday: date, answer: Answer) -> Weekend:
    weekend = Weekend(sunday, answer)
    monday = datetime.combine(sunday + timedelta(days=1), time(10), NEW_YORK).astimezone(UTC)
    while weekend.now < monday:
        weekend.step()
        weekend.try_entry()
    return weekend


def check(sunday: date, name: str) -> None:
    weekend = watched(sunday, ANSWERS[name])
    noon = datetime.combine(sunday, time(12), NEW_YORK).astimezone(UTC)
    opens = datetime.combine(sunday + timedelta(days=1), time(9, 30), NEW_YORK).astimezone(UTC)
    assert weekend.unproved == []
    if name == "at once":
        assert weekend.alerts == []
        return
    assert weekend.alerts[0] - noon < STEP + timedelta(minutes=1)
    assert opens - weekend.alerts[0] >= timedelta(hours=12)
    gaps = [b - a for a, b in zip(weekend.alerts, weekend.alerts[1:], strict=False)]
    assert all(gap <= timedelta(minutes=60) + 2 * STEP for gap in gaps)
    assert weekend.guard.proof.is_proved(weekend.now) is (weekend.gateway == GREETS)


SUNDAYS = [date(2026, 3, 8) + timedelta(days=7 * n) for n in range(52)]
# The two on which New York's clocks change, and one on which they do not.
SOME = [date(2026, 3, 8), date(2026, 11, 1)]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_weekend_is_told_in_time_whatever_the_answer(name: str) -> None:
    check(SOME[len(name) % 2], name)


@pytest.mark.slow
@pytest.mark.parametrize("sunday", SUNDAYS)
def test_a_year_of_weekends_is_told_in_time_whatever_the_answers(sunday: date) -> None:
    for name in ANSWERS:
        check(sunday, name)


@given(...)
def test_the_last_end_of_the_log_ins_is_a_sunday_at_one_in_new_york(now: datetime) -> None:
    end = log_in_ended(now)
    local = end.astimezone(NEW_YORK)
    assert (local.weekday(), local.time()) == (6, time(1))
    assert timedelta(0) <= now - end < timedelta(days=7, hours=2)


def test_a_connection_from_before_sunday_proves_nothing() -> None:
    sunday = datetime(2026, 3, 1, 6, tzinfo=UTC)  # 01:00 in New York
    proof = WeeklyProof(WALL.sunday, sunday)
    proof.proved(sunday - timedelta(seconds=1))
    assert proof.is_proved(sunday - timedelta(seconds=1))
    assert not proof.is_proved(sunday)
