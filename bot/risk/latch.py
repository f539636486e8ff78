"""The trading state: ACTIVE, REDUCING or HALTED, and the causes that keep it there.

Rule: a halt is latched by its cause and only ``Resumed`` lifts it. What the operator has seen in a reconciliation
and resumed over is not a new mismatch when the next comparison finds it again.
"""

from __future__ import annotations

from bot.domain.messages import Halted, Resumed
from bot.domain.types import IdeaId, TradingState
from bot.risk.breakers import HaltCause
from bot.risk.conditions import SEPARATOR


class Latch:
    """Latched causes with their details, folded from Halted and Resumed."""

    def __init__(self) -> None:
        self.causes: dict[str, str] = {}
        self.accepted_mismatches: set[str] = set()
        self.forgotten: list[IdeaId] = []
        """Brackets that the journal did not know, for which nobody has halted yet."""

    def forget(self, idea_id: IdeaId) -> None:
        """A journal that lost this bracket may have lost a halt or a loss, too."""
        if HaltCause.DISK_FAILURE not in self.causes:
            self.forgotten.append(idea_id)

    def halt(self, halted: Halted) -> None:
        self.causes[halted.cause] = halted.detail
        if halted.cause == HaltCause.DISK_FAILURE:
            self.forgotten.clear()

    def resume(self, resumed: Resumed) -> None:
        detail = self.causes.pop(resumed.cause, "")
        if resumed.cause == HaltCause.RECONCILIATION_MISMATCH:
            self.accepted_mismatches.update(detail.split(SEPARATOR))

    def unseen_mismatches(self, mismatches: tuple[str, ...]) -> list[str]:
        """Mismatches that neither stand in a latched halt nor were accepted by resuming."""
        latched = self.causes.get(HaltCause.RECONCILIATION_MISMATCH, "").split(SEPARATOR)
        return [text for text in mismatches if text not in latched and text not in self.accepted_mismatches]

    def state(self, reducing: tuple[str, ...]) -> tuple[TradingState, tuple[str, ...]]:
        """The state and its causes, given the passing causes that only reduce."""
        if self.causes:
            return TradingState.HALTED, (*self.causes, *reducing)
        return (TradingState.REDUCING, reducing) if reducing else (TradingState.ACTIVE, ())
