"""An account's figures as IB reports them. Values only, in USD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract


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

    @property
    def net_liquidation(self) -> Decimal:
        return self.cash + self.stock_value + self.option_value

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
            "BuyingPower": max(Decimal(0), self.available_funds * 4),
            "RealizedPnL": self.realized,
            "UnrealizedPnL": self.unrealized,
            "AccruedCash": Decimal(0),
            "NetDividend": Decimal(0),
            "ExchangeRate": Decimal(1),
        }
        texts = {
            "AccountType": "INDIVIDUAL",
            "AccountReady": "true",
            "Cushion": f"{cushion:.6f}",
            "Leverage": "0.00",
        }
        return {**texts, **{name: f"{amount:.2f}" for name, amount in amounts.items()}}


@dataclass(frozen=True, slots=True)
class PortfolioLine:
    """One position with its marks; ``avg_cost`` is per contract (multiplier included), the P&L figures in USD."""

    contract: Contract
    quantity: int
    market_price: Decimal
    market_value: Decimal
    avg_cost: Decimal
    unrealized: Decimal
    realized: Decimal
    daily: Decimal
