"""What a backtest is asked to do, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bot.config import Settings
from bot.domain.types import Symbol

Halts = Literal["resume", "stay"]
"""What becomes of a halt: a person resumes the next morning, or nobody ever does."""


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """``settings`` are the live bot's; ``seed`` and ``is_synthetic`` are for made-up markets."""

    settings: Settings
    symbols: tuple[Symbol, ...]
    first: date
    last: date
    equity: Decimal = Decimal(50_000)
    seed: int = 1
    is_synthetic: bool = False
    halts: Halts = "resume"
    spread_factor: float = 1.0
    """Every option's spread times this: what if the market had been wider?"""
