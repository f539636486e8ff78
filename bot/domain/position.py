"""What the account holds and what it is worth. A missing figure is None, and whoever needs it must say no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.frozen import quickly_made


@dataclass(frozen=True, slots=True)
class Position:
    """Signed quantity of one contract at the broker; ``avg_cost`` is per unit of the contract, multiplier included."""

    contract: Contract
    quantity: int
    avg_cost: Decimal


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValues:
    """The broker's account figures in dollars, by IB's own rate where the base ``currency`` is another. ``fault`` says
    why figures are missing."""

    account: str
    at: datetime
    net_liquidation: Decimal | None = None
    available_funds: Decimal | None = None
    cash: Decimal | None = None
    settled_cash: Decimal | None = None
    """What of the cash is settled: in a cash account sales settle on the next trading day (SEC Rule 15c6-1)."""
    excess_liquidity: Decimal | None = None
    realized_pnl: Decimal | None = None
    currency: str = "USD"
    fault: str = ""
