"""How often one contract fits into a budget."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal


def whole_contracts(budget_usd: Decimal, each_usd: Decimal) -> int:
    """How many whole times ``each_usd`` fits into the budget; 0 for a budget that is spent, or for a cost of nothing."""
    if budget_usd <= 0 or each_usd <= 0:
        return 0
    return int((budget_usd / each_usd).to_integral_value(rounding=ROUND_FLOOR))
