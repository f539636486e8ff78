"""A bracket's life as a table: one entry, one target, one stop, and what may become of them.

PLANNED is on disk and not yet at the market; OPEN holds a position; UNPROVED holds a position whose protection
the broker's own open orders do not show; every road ends in CLOSED (it traded) or ABANDONED (it never did).
"""

from __future__ import annotations

from enum import StrEnum

from bot.domain.errors import RestartTheLine
from bot.domain.types import IdeaId


class BracketState(StrEnum):
    PLANNED = "planned"
    ENTERING = "entering"
    OPEN = "open"
    UNPROVED = "unproved"
    REPAIRING = "repairing"
    CLOSING = "closing"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class BracketEvent(StrEnum):
    SENT = "sent"
    POSITION_OPENED = "position_opened"
    PROTECTION_PROVED = "protection_proved"
    PROTECTION_MISSING = "protection_missing"
    REPAIR_ORDERED = "repair_ordered"
    EXIT_ORDERED = "exit_ordered"
    POSITION_CLOSED = "position_closed"
    ENTRY_ENDED_EMPTY = "entry_ended_empty"


_S, _E = BracketState, BracketEvent
BRACKET_TRANSITIONS: dict[tuple[BracketState, BracketEvent], BracketState] = {
    (_S.PLANNED, _E.SENT): _S.ENTERING,
    (_S.PLANNED, _E.ENTRY_ENDED_EMPTY): _S.ABANDONED,
    (_S.PLANNED, _E.POSITION_OPENED): _S.UNPROVED,  # a crash hid the sending; the fill proves it
    (_S.PLANNED, _E.EXIT_ORDERED): _S.CLOSING,
    (_S.ENTERING, _E.POSITION_OPENED): _S.UNPROVED,
    (_S.ENTERING, _E.ENTRY_ENDED_EMPTY): _S.ABANDONED,
    (_S.ENTERING, _E.EXIT_ORDERED): _S.CLOSING,
    (_S.UNPROVED, _E.PROTECTION_PROVED): _S.OPEN,
    (_S.UNPROVED, _E.PROTECTION_MISSING): _S.UNPROVED,
    (_S.UNPROVED, _E.REPAIR_ORDERED): _S.REPAIRING,
    (_S.UNPROVED, _E.EXIT_ORDERED): _S.CLOSING,
    (_S.UNPROVED, _E.POSITION_CLOSED): _S.CLOSED,
    (_S.OPEN, _E.PROTECTION_MISSING): _S.UNPROVED,
    (_S.OPEN, _E.PROTECTION_PROVED): _S.OPEN,
    (_S.OPEN, _E.EXIT_ORDERED): _S.CLOSING,
    (_S.OPEN, _E.POSITION_CLOSED): _S.CLOSED,
    (_S.REPAIRING, _E.PROTECTION_PROVED): _S.OPEN,
    (_S.REPAIRING, _E.PROTECTION_MISSING): _S.REPAIRING,
    (_S.REPAIRING, _E.REPAIR_ORDERED): _S.REPAIRING,  # the next attempt
    (_S.REPAIRING, _E.EXIT_ORDERED): _S.CLOSING,
    (_S.REPAIRING, _E.POSITION_CLOSED): _S.CLOSED,
    (_S.CLOSING, _E.POSITION_CLOSED): _S.CLOSED,
    (_S.CLOSING, _E.ENTRY_ENDED_EMPTY): _S.ABANDONED,
    (_S.CLOSING, _E.POSITION_OPENED): _S.CLOSING,  # the entry filled while it was being cancelled
    (_S.CLOSING, _E.EXIT_ORDERED): _S.CLOSING,  # the next step of the exit escalation
    (_S.CLOSING, _E.SENT): _S.CLOSING,
    (_S.CLOSING, _E.REPAIR_ORDERED): _S.CLOSING,  # the market closed meanwhile: guard until it opens
    (_S.CLOSING, _E.PROTECTION_PROVED): _S.CLOSING,
    (_S.CLOSING, _E.PROTECTION_MISSING): _S.CLOSING,
    (_S.ABANDONED, _E.POSITION_OPENED): _S.UNPROVED,  # a fill reported after the entry's cancel
    (_S.CLOSED, _E.POSITION_OPENED): _S.UNPROVED,  # an execution correction re-opened it
}
ENDED = frozenset({_S.CLOSED, _S.ABANDONED})


def next_state(idea_id: IdeaId, now: BracketState, event: BracketEvent) -> BracketState:
    """The state after ``event``. Raises RestartTheLine for a pair the table does not know."""
    try:
        return BRACKET_TRANSITIONS[now, event]
    except KeyError:
        raise RestartTheLine(f"bracket {idea_id}: {event} cannot happen in {now}") from None
