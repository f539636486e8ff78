"""One verdict, the worst first: each says what is wrong and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import TradingState
from bot.ops.page.verdict import verdict
from tests.journal.makers import BAR_END, ENTRY, IDEA
from tests.ops.page.moments import DONE, HOLDING, QUIET, Moment

LOST = m.ProtectionChanged(IDEA, False, 3, 0, 0.0, BAR_END + timedelta(minutes=3))
UNREAD = b.RequestFailed("snapshot", 0, "account values: no answer within 15 s", BAR_END)


def _later(seconds: float) -> m.TimePassed:
    return m.TimePassed(LOST.at + timedelta(seconds=seconds))


CASES: dict[str, tuple[list[m.Message], str, str, str]] = {
    "nothing is held": (QUIET, "safe", "Safe", "Nothing is held."),
    "held and proved": (HOLDING, "safe", "Safe", "Every position has its stop at the broker."),
    "closed": (DONE, "safe", "Safe", "Nothing is held."),
    "just filled": ([*HOLDING[:-3], m.TimePassed(ENTRY.fill.at + timedelta(seconds=2))], "watch", "Proving", "being read back"),
    "a stop is gone for a moment": ([*HOLDING, LOST, _later(3)], "watch", "Proving", "3 SPY"),
    "a stop is gone": ([*HOLDING, LOST, _later(12)], "danger", "Not protected", "for 12 s"),
    "held past its time": (
        [*HOLDING, m.TimePassed(BAR_END + timedelta(hours=3))], "danger", "Held past its time", "12:31",
    ),
    "books differ": (
        [*HOLDING, m.Reconciled(BAR_END, (), ("2 at the broker, 3 in our books",))], "danger", "Books differ", "2 at the broker",
    ),
    "no connection": (
        [*HOLDING, b.BrokerDisconnected(BAR_END, "reset")], "watch", "Not connected", "stop resting at the broker",
    ),
    "books unread": (
        [*HOLDING, b.BrokerDisconnected(BAR_END, "reset"), b.BrokerConnected(BAR_END, "DU1", 2, 178, 1), UNREAD],
        "watch", "Books unread", "(account values: no answer within 15 s). 1 position is held",
    ),
    "books read again": (
        [*HOLDING, UNREAD, m.Reconciled(BAR_END, (), ())], "safe", "Safe", "Every position has its stop",
    ),
    "halted": (
        [*HOLDING, m.TradingStateChanged(BAR_END, TradingState.HALTED, ("daily_loss",))], "watch", "Halted", "loss limit",
    ),
    "before the open": (
        [*QUIET, m.TradingStateChanged(BAR_END, TradingState.REDUCING, ("NOT_LIVE",))], "safe", "Safe", "not live",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_says_what_is_so(name: str) -> None:
    messages, level, word, reason = CASES[name]
    found = verdict(Moment(messages).builder.status)
    assert (found.level, found.word) == (level, word)
    assert reason in found.reason
    assert bool(found.todo) is (
        word
        in ("Not protected", "Held past its time", "Books differ", "Books unread", "Not connected", "Halted")
    )


def test_a_naked_position_is_told_before_anything_else() -> None:
    messages = [*HOLDING, LOST, m.Reconciled(BAR_END, (), ("differs",)), b.BrokerDisconnected(BAR_END, "x")]
    status = Moment([*messages, _later(60)]).builder.status
    assert verdict(status).word == "Not protected"
