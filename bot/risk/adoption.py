"""How a bracket found at the broker would have been approved, for what its own orders do not say.

Rule: the strategy's present terms, from the price that was paid and the bar that fired; how long it has run counts.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.idea import Idea
from bot.domain.pricing import bracket_around, least
from bot.domain.reconciling.adopt import Planned
from bot.domain.session import new_york_day
from bot.risk.limits import RiskLimits, SessionRules
from bot.risk.session_rules import deadline


def plan_of(
    limits: RiskLimits, session: SessionRules, idea: Idea, contract: Contract, entry: Decimal
) -> Planned | None:
    """Its terms; None for a strategy that is not ours any more."""
    try:
        terms = limits.terms(idea.strategy)
    except KeyError:
        return None
    grid, at = contract.ticks, idea.bar_end
    close_by, reason = deadline(at, contract.expiry or new_york_day(at), terms, session)
    prices = bracket_around(grid, entry, terms.take_profit_pct, terms.stop_loss_pct)
    return Planned(
        target=prices.target,
        stop=max(prices.stop, least(grid)),
        enter_by=at + timedelta(seconds=limits.entry_timeout_s),
        close_by=close_by,
        close_reason=reason,
    )
