"""A machine that passes over what cannot have changed says what one says that looks at every breaker each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.risk.machine import RiskMachine
from tests.risk.house import (
    LIMITS,
    NOON,
    SESSION,
    account,
    approve,
    closed,
    connected,
    idea,
    opened,
    reconciled,
)

SECONDS = st.sampled_from((1, 5, 60, 900, 30_000))
KINDS = st.sampled_from(
    ("time", "equity", "stale", "fresh", "refused", "trade", "lost", "link", "halt", "resume")
)


class Restless(RiskMachine):
    """Looks at everything, whatever was heard."""

    def decide(self, message: m.Message) -> Iterable[m.Message]:
        return self._answers(message) if self.has_time else ()


def story(steps: list[tuple[str, int, int]]) -> Iterator[m.Message]:
    at = NOON
    yield from (connected(at), reconciled(at), account(at=at))
    for n, (kind, seconds, figure) in enumerate(steps):
        at += timedelta(seconds=seconds)
        if kind == "equity":
            yield account(str(10_000 + figure), at=at)
        elif kind in ("stale", "fresh"):
            yield m.FeedChanged("SPY", "bars", kind == "fresh", at)
        elif kind == "refused":
            yield b.OrderRefused(f"idea-{n}/entry", 201, "no", at)
        elif kind in ("trade", "lost"):
            asked = idea(at, idea_id=f"SPY-{n}-scalp")
            yield asked
            yield from _ended(asked, "-5" if kind == "lost" else "5")
        elif kind == "link":
            yield b.LinkChanged(at, "gateway", figure % 2 == 0, False, 2110)
        elif kind == "halt":
            yield m.HaltTrading(at, "enough", "somebody")
        elif kind == "resume":
            yield m.ResumeTrading(at, "looked at it", "somebody")
        yield m.TimePassed(at)
        yield m.TimePassed(at + timedelta(seconds=1))


def _ended(asked: m.TradeIdea, pnl: str) -> Iterator[m.Message]:
    yield closed(replace(approve(opened()), idea_id=asked.idea_id), pnl, asked.at)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(KINDS, SECONDS, st.integers(-2_000, 400)), max_size=25))
def test_what_is_passed_over_would_have_said_nothing(steps: list[tuple[str, int, int]]) -> None:
    limits = replace(
        LIMITS, max_loss_streak=3, max_refusals=1, stale_halt_minutes=5, max_daily_loss_pct=Decimal("0.05")
    )
    quick, restless = RiskMachine(limits, SESSION), Restless(limits, SESSION)

    for message in story(steps):
        if isinstance(
            message, b.OrderRefused
        ):  # learned as a start does it: what follows is for the next message to say
            quick.remember(message)
            restless.remember(message)
        else:
            assert list(quick.handle(message)) == list(restless.handle(message))
