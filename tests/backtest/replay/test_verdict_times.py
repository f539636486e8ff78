"""A journal's rows are written later than risk decided; the verdicts come out the same again all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.backtest.replay.journal import compare_journal
from bot.config import Settings, hand_down, load_settings
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.journal.store import Journal
from bot.risk.machine import RiskMachine
from tests.risk.house import NOON, account, connected, idea, reconciled

SETTINGS = load_settings(None, {"SYMBOLS": "SPY"})
TIMEOUT_S = 15


class Line:
    """Risk as it lives: told the time by ticks, each row written a while after it was heard."""

    def __init__(self, path: Path, chosen: Settings = SETTINGS) -> None:
        self.now, self.written_late_s = NOON, 0.0
        self._journal = Journal(path, lambda: self.now + timedelta(seconds=self.written_late_s))
        self._risk = RiskMachine(hand_down.risk_limits(chosen), hand_down.session_rules(chosen))
        self.said: list[m.Message] = []

    def hear(self, *messages: m.Message) -> None:
        for message in messages:
            if not isinstance(message, m.TimePassed):
                self._journal.record(message)
            answers = self._risk.handle(message)
            self.said += answers
            for answer in answers:
                if isinstance(answer, m.PlaceBracket | m.EntryDenied | m.DayOpened | m.EquityMarked):
                    self._journal.record(answer)

    def tick(self, until: datetime) -> None:
        """A second each, as the clock does."""
        while self.now < until:
            self.now += timedelta(seconds=1)
            self.hear(m.TimePassed(self.now))

    def open(self) -> None:
        self.hear(connected(self.now), account("25000", self.now, "25000"), reconciled(self.now))

    def close(self) -> None:
        self._journal.close()


def margin(asked: m.TradeIdea, at: datetime) -> b.MarginQuoted:
    return b.MarginQuoted(asked.idea_id, at, Decimal(0), Decimal(25_000), Decimal(0))


def verdicts(line: Line) -> list[str]:
    found = [x for x in line.said if isinstance(x, m.PlaceBracket | m.EntryDenied)]
    return [x.code if isinstance(x, m.EntryDenied) else "yes" for x in found]


def test_an_answer_that_came_too_late_is_too_late_again_and_so_is_what_followed(tmp_path: Path) -> None:
    """The late answer is written before the refusal that it came too late for; the same idea again is then approved."""
    line = Line(tmp_path / "journal.db")
    line.open()
    line.written_late_s = 0.7
    first = idea(line.now, idea_id="SPY-first")
    line.hear(first)
    line.tick(NOON + timedelta(seconds=TIMEOUT_S - 1))
    line.now += timedelta(seconds=1)
    line._journal.record(margin(first, line.now))  # the journal's actor was told before risk's
    line.hear(m.TimePassed(line.now))
    second = idea(line.now, idea_id="SPY-second")
    line.hear(second, margin(second, line.now))
    third = idea(line.now + timedelta(seconds=1), idea_id="SPY-third")
    line.hear(third)
    line.close()

    found = compare_journal(tmp_path / "journal.db", SETTINGS)

    assert verdicts(line) == ["MARGIN_TIMED_OUT", "yes", "EXPOSURE_SAME_CONTRACT"]
    assert found.differences == ()
    assert found.decisions["verdicts"] == 3


@dataclass(frozen=True)
class Asked:
    """An idea so long after the last thing that happened; its answer so long after it, None: never."""

    after_s: float
    answered_s: float | None
    written_late_s: float


@given(
    st.lists(
        st.builds(Asked, st.floats(0.01, 90), st.none() | st.floats(0.01, 16.5), st.floats(0, 0.9)),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verdicts_near_a_deadline_come_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, asked: list[Asked]
) -> None:
    path = tmp_path_factory.mktemp("late") / "journal.db"
    line = Line(path)
    line.open()
    for number, one in enumerate(asked):
        line.written_late_s = one.written_late_s
        at = line.now + timedelta(seconds=one.after_s)
        line.tick(at - timedelta(seconds=1))
        line.hear(account("25000", line.now, "25000"))
        wanted = replace(idea(at), idea_id=f"SPY-{number}")
        line.hear(wanted)
        if one.answered_s is not None:
            answered_at = at + timedelta(seconds=one.answered_s)
            line.tick(answered_at - timedelta(seconds=1))
            line.hear(margin(wanted, answered_at))
        line.tick(line.now + timedelta(seconds=TIMEOUT_S + 2))
    line.close()

    assert compare_journal(path, SETTINGS).differences == ()


def restarted(path: Path) -> Iterator[m.Message]:
    """What a life wrote that ended while the broker's answer was awaited."""
    line = Line(path)
    line.open()
    line.hear(idea(NOON, idea_id="SPY-lost"))
    line.close()
    yield from line.said


def test_an_idea_whose_verdict_was_never_written_is_no_difference(tmp_path: Path) -> None:
    list(restarted(tmp_path / "journal.db"))

    found = compare_journal(tmp_path / "journal.db", SETTINGS)

    assert found.differences == ()
    assert found.decisions["verdicts"] == 0


def test_a_fast_clock_in_the_settings_has_its_longer_waits_in_a_replay_too(tmp_path: Path) -> None:
    """At a hundred times real time the broker may take ten times as long; the line was built so."""
    fast = load_settings(
        None,
        {
            "SYMBOLS": "SPY",
            "BROKER__TRADING": "simulated",
            "BROKER__SIMULATED_CLOCK": f"{NOON.isoformat()}@0.0x100.0",
        },
    )
    line = Line(tmp_path / "journal.db")
    line._risk = RiskMachine(hand_down.risk_limits(fast).scaled(10), hand_down.session_rules(fast))
    line.open()
    asked = idea(NOON)
    line.hear(asked)
    line.tick(NOON + timedelta(seconds=2 * TIMEOUT_S))
    line.hear(margin(asked, line.now))
    line.close()

    assert verdicts(line) == ["yes"]
    assert compare_journal(tmp_path / "journal.db", fast).differences == ()
    assert len(compare_journal(tmp_path / "journal.db", SETTINGS).differences) == 1
