"""What time it was for risk when it took each verdict of a journal.

A row's ``at`` is when it was written: later than risk's own time, by up to a tick of the clock and by as much as the journal's
actor was behind. What hangs on a time (a deadline, an age, the session's edge) is judged by risk's own, which each verdict tells.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import IdeaId
from bot.journal.store import Row
from bot.risk.denials import DenialCode

VERDICTS: Final[tuple[type, ...]] = (m.PlaceBracket, m.EntryDenied)
RiskVerdict = m.PlaceBracket | m.EntryDenied
_BETWEEN_TICKS: Final = timedelta(seconds=2)
"""The clock tells the time each second; a busy machine, late. Within it an answer may be taken behind its deadline."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long risk waits for a margin answer, and how fast its clock goes."""

    what_if_timeout: timedelta
    scale: float = 1.0


class VerdictTimes:
    """From the journal's verdicts."""

    def __init__(self, rows: Iterable[Row]) -> None:
        found = [(row.seq, row.message) for row in rows if isinstance(row.message, RiskVerdict)]
        self._seqs = [seq for seq, _ in found]
        self._at = [verdict.at for _, verdict in found]
        self._of: dict[IdeaId, RiskVerdict] = {verdict.idea_id: verdict for _, verdict in found}

    def as_heard(self, row: Row, patience: Patience) -> tuple[m.Message, ...]:
        """The row as risk had it: behind the time that it was for risk, and never later than its next verdict."""
        answered = _answered(row.message)
        verdict = self._of.get(answered)
        if verdict is not None and not _is_time_out(verdict):
            # An answer that was taken came before the clock had told risk of its deadline.
            answer = replace(row.message, at=verdict.at)  # type: ignore[type-var]  # both kinds of answer have it
            return (m.TimePassed(verdict.at - _BETWEEN_TICKS * patience.scale), answer)
        asked = self._of.get(row.message.idea_id) if isinstance(row.message, m.TradeIdea) else None
        if asked is not None and _is_time_out(asked):
            given_up = asked.at - patience.what_if_timeout
            return (m.TimePassed(min(self._not_after(row), given_up)), row.message)
        return (m.TimePassed(self._not_after(row)), row.message)

    def at_verdict(self, verdict: object) -> tuple[m.Message, ...]:
        """What risk heard when it gave up waiting; nothing for a verdict that an idea or an answer brought about."""
        return (
            (m.TimePassed(verdict.at),) if isinstance(verdict, RiskVerdict) and _is_time_out(verdict) else ()
        )

    def _not_after(self, row: Row) -> datetime:
        following = bisect_right(self._seqs, row.seq)
        return row.at if following == len(self._at) else min(row.at, self._at[following])


def _answered(message: object) -> IdeaId:
    """The idea whose margin question this answers, or fails to; empty for any other message."""
    if isinstance(message, b.MarginQuoted):
        return message.idea_id
    if isinstance(message, b.RequestFailed):
        kind, _, idea_id = message.subject.partition(":")
        return idea_id if kind == "margin" else ""
    return ""


def _is_time_out(verdict: RiskVerdict) -> bool:
    return isinstance(verdict, m.EntryDenied) and verdict.code == DenialCode.MARGIN_TIMED_OUT
