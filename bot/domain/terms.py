"""How one strategy's positions are sized and ended: what a strategy's SPEC and the settings agree on, and Risk obeys."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTerms:
    """Percentages are fractions of the premium paid; ``alloc_pct`` and ``max_spread_pct`` None set no limit of their own.

    ``alloc_pct`` caps the premium of all its open positions as a part of equity. ``time_stop_minutes`` runs on the
    clock, nights included.
    """

    take_profit_pct: Decimal = Decimal("0.30")
    stop_loss_pct: Decimal = Decimal("0.20")
    alloc_pct: Decimal | None = None
    time_stop_minutes: int | None = None
    flat_by_session_end: bool = False
    max_spread_pct: Decimal | None = None
