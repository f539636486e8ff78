"""What situations are made of: a machine in a state, an idea, and the code that must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from bot.domain import messages as m
from bot.risk.denials import DenialCode
from bot.risk.limits import EmbargoWindow, SessionRules
from bot.risk.machine import RiskMachine
from tests.risk.house import (
    LIMITS,
    NOON,
    SESSION,
    denial,
    idea,
    opened,
    tell,
)

Situation = Callable[[], m.EntryDenied]
SITUATIONS: dict[DenialCode, Situation] = {}


def produces(code: DenialCode) -> Callable[[Situation], Situation]:
    def keep(situation: Situation) -> Situation:
        SITUATIONS[code] = situation
        return situation

    return keep


def with_limits(**changes: Any) -> RiskMachine:
    return opened(replace(LIMITS, **changes))


def at_session(at: datetime, session: SessionRules = SESSION) -> m.EntryDenied:
    return denial(opened(LIMITS, session, at), idea(at))


def embargoed(code: DenialCode) -> m.EntryDenied:
    window = EmbargoWindow(code=code, starts=time(12, 10), lasts_minutes=5, lead_minutes=15)
    return at_session(NOON, SessionRules(embargoes=(window,)))


def after(*messages: m.Message) -> m.EntryDenied:
    machine = opened()
    tell(machine, *messages)
    return denial(machine)


def asked(**changes: Any) -> m.EntryDenied:
    return denial(opened(), idea(**changes))
