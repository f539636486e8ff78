"""Days as people type them, and what day it is for a bot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import time

from bot.domain.clock import ScaledTime, SteppedTime
from bot.domain.errors import FixTheCommand
from bot.domain.session import CalendarRangeError, Session, session_on
from bot.domain.types import Now


def typed_day(name: str, text: str) -> date:
    """A day that the trading calendar knows, open or not. FixTheCommand names the option and what is wrong."""
    try:
        day = date.fromisoformat(text)
        session = session_on(day)
    except ValueError:
        raise FixTheCommand(f"{name} {text!r} is not a date; write it as in 2011-01-26") from None
    except CalendarRangeError as error:
        raise FixTheCommand(f"{name} {text}: {error}") from None
    if session is not None and session.is_presumed:
        raise FixTheCommand(f"{name} {text}: {CalendarRangeError(day)}")
    return day


def session_of(name: str, text: str) -> Session:
    """The trading session of a day that was typed. FixTheCommand names the option and what is wrong."""
    session = session_on(typed_day(name, text))
    if session is None:
        raise FixTheCommand(f"{name} {text}: the New York market was closed on that day")
    return session


def bot_clock(simulated: str | None) -> Now:
    """The time of a bot with this ``broker.simulated_clock``; of one in steps, when it began: nobody tells them here."""
    if simulated is None:
        return lambda: datetime.now(UTC)
    stepped = SteppedTime.parse(simulated)
    return scaled_clock(ScaledTime.parse(simulated)) if stepped is None else stepped.now


def scaled_clock(scale: ScaledTime) -> Now:
    """A simulated gateway's own time."""
    return lambda: scale.at(time())
