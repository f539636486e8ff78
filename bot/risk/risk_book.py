"""All that the rules may look at, in one place: the time, the present, and what is on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from bot.domain.session import new_york_day
from bot.risk.breakers import Losses
from bot.risk.conditions import Conditions
from bot.risk.exposure import Exposure
from bot.risk.latch import Latch


@dataclass(slots=True)
class RiskBook:
    """The account as Risk knows it. ``now`` is the latest time received and never runs backwards."""

    now: datetime
    conditions: Conditions = field(default_factory=Conditions)
    exposure: Exposure = field(default_factory=Exposure)
    losses: Losses = field(default_factory=Losses)
    latch: Latch = field(default_factory=Latch)

    @property
    def today(self) -> date:
        """The date in New York."""
        return new_york_day(self.now)
