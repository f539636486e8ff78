"""An account's figures as IB reports them. Values only, in USD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.domain.contract import Contract
from bot.domain.frozen import quickly_made
from bot.sim.exchange.fractions.sizes import Units


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """One moment of the account. ``realized`` and ``daily`` count from the start of the New York day."""

    account: str
    at: datetime
    cash: Decimal
    settled_cash: Decimal
    stock_value: Decimal
    option_value: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    realized: Decimal
    unrealized: Decimal
    daily: Decimal
    accrued: Decimal = Decimal(0)
    """Interest, dividends and borrow fees that are booked and not yet paid, counted in what the account is worth."""
    leverage: int = 4
    """Buying power over available funds: 4 of a Reg T margin account within a day, 1 of a cash account."""
    currency: str = "USD"
    """The base currency; all amounts here are in USD whatever it is."""
    rate: Decimal = Decimal(1)
    """USD for one unit of it."""
    base_cash: Decimal = Decimal(0)
    """The part of ``cash`` that is held in the base currency, where that is another; in USD."""

    @property
    def net_liquidation(self) -> Decimal:
        return self.cash + self.stock_value + self.option_value + self.accrued

    @property
    def equity_with_loan(self) -> Decimal:
        """Long options have no loan value (Reg T)."""
        return self.cash + self.stock_value

    @property
    def available_funds(self) -> Decimal:
        return self.equity_with_loan - self.initial_margin

    @property
    def excess_liquidity(self) -> Decimal:
        return self.equity_with_loan - self.maintenance_margin

    def tags(self) -> Mapping[str, str]:
        """IB's tag names and texts, as account summary and account updates use them."""
        net = self.net_liquidation
        cushion = self.excess_liquidity / net if net else Decimal(0)
        amounts = {
            "NetLiquidation": net,
            "TotalCashValue": self.cash,
            "TotalCashBalance": self.cash,
            "CashBalance": self.cash,
            "SettledCash": self.settled_cash,
            "EquityWithLoanValue": self.equity_with_loan,
            "PreviousDayEquityWithLoanValue": self.equity_with_loan - self.daily,
            "GrossPositionValue": abs(self.stock_value) + abs(self.option_value),
            "StockMarketValue": self.stock_value,
            "OptionMarketValue": self.option_value,
            "RegTEquity": self.equity_with_loan,
            "RegTMargin": self.initial_margin,
            "InitMarginReq": self.initial_margin,
            "MaintMarginReq": self.maintenance_margin,
            "FullInitMarginReq": self.initial_margin,
            "FullMaintMarginReq": self.maintenance_margin,
            "LookAheadInitMarginReq": self.initial_margin,
            "LookAheadMaintMarginReq": self.maintenance_margin,
            "AvailableFunds": self.available_funds,
            "FullAvailableFunds": self.available_funds,
            "LookAheadAvailableFunds": self.available_funds,
            "ExcessLiquidity": self.excess_liquidity,
            "FullExcessLiquidity": self.excess_liquidity,
            "LookAheadExcessLiquidity": self.excess_liquidity,
            "BuyingPower": max(Decimal(0), self.available_funds * self.leverage),
            "RealizedPnL": self.realized,
            "UnrealizedPnL": self.unrealized,
            "AccruedCash": self.accrued,
            "NetDividend": Decimal(0),
        }
        texts = {
            "AccountType": "INDIVIDUAL",
            "AccountReady": "true",
            "Cushion": f"{cushion:.6f}",
            "Leverage": "0.00",
        }
        told = {name: self.in_base(amount) for name, amount in amounts.items()}
        return {**texts, **told, "ExchangeRate": "1.00"}

    def in_base(self, amount: Decimal) -> str:
        """An amount of USD in the base currency, as IB writes it."""
        return f"{amount / self.rate:.2f}"


_SUMMED = (
    *("cash", "settled_cash", "stock_value", "option_value", "initial_margin", "maintenance_margin"),
    *("realized", "unrealized", "daily", "accrued", "base_cash"),
)


def summed(name: str, figures: Sequence[AccountFigures]) -> AccountFigures:
    """Several accounts as one of that name; in the base currency of the first."""
    totals: dict[str, Any] = {key: sum((getattr(one, key) for one in figures), Decimal(0)) for key in _SUMMED}
    return replace(figures[0], account=name, **totals)


@dataclass(frozen=True, slots=True)
class AccountPosition:
    """Signed size of one contract; ``avg_cost`` is per unit of the contract, multiplier included."""

    contract: Contract
    quantity: Units
    avg_cost: Decimal


@dataclass(frozen=True, slots=True)
class PortfolioLine:
    """One position with its marks; ``avg_cost`` is per contract (multiplier included), the P&L figures in USD."""

    contract: Contract
    quantity: Units
    market_price: Decimal
    market_value: Decimal
    avg_cost: Decimal
    unrealized: Decimal
    realized: Decimal
    daily: Decimal
