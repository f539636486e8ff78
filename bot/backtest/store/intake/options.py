"""What a person tells about a file, beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass

from bot.backtest.store.intake.dates import DayOrder
from bot.backtest.store.intake.evidence import Label
from bot.domain.types import Symbol


@dataclass(frozen=True, slots=True)
class Told:
    """``zone`` of times that carry none; ``label``: a bar's time is its start or its end.

    ``skip_bad`` leaves out rows that cannot be true instead of refusing the file; ``as_told`` believes zone and label
    against the evidence of the bars.
    """

    symbol: Symbol | None = None
    zone: str | None = None
    label: Label | None = None
    day_order: DayOrder | None = None
    columns: tuple[str, ...] = ()
    skip_bad: bool = False
    as_told: bool = False
