"""Days as people type them."""

from __future__ import annotations

from datetime import date

from bot.domain.errors import FixTheCommand
from bot.domain.session import CalendarRangeError, Session, session_on


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
