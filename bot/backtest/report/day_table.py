"""A single day as ``ibkr-bot run`` ends it: the same table, from the same picture."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.backtest.plan import BacktestPlan
from bot.domain import messages as m
from bot.ops.status.day_outcome import SeenDay
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import BOARD, ROUTES


@dataclass(slots=True)
class DayBoard:
    """Folds what the line says as the board does. Give ``hear`` to a gear, which asks it for every message."""

    board: StatusBuilder
    seen: SeenDay = field(default_factory=SeenDay)

    @classmethod
    def of(cls, plan: BacktestPlan) -> DayBoard:
        return cls(StatusBuilder(plan.symbols))

    def hear(self, message: m.Message) -> None:
        if BOARD in ROUTES[type(message)]:
            for _ in self.board.handle(message):
                """The board only listens."""
            self.seen.note(self.board.status)
