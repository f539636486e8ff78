"""What a contract search asks for and answers. Values only; ``listed_options`` knows which contracts exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bot.domain.contract import Contract
from bot.domain.types import ConId, Right

if TYPE_CHECKING:
    from bot.sim.market.corporate.splits import Split


class Listing(Protocol):
    """Which options of a trading class there are on a day."""

    def expiries(self, day: date) -> tuple[date, ...]: ...
    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]: ...
    def split(self, split: Split) -> None:
        """Make the strikes those of the new shares, or forget them where the old contracts become another class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQuery:
    """The fields of a contract a client gave; empty ones match anything. ``expiry`` is YYYYMM or YYYYMMDD."""

    con_id: ConId = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: Right | None = None
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    sec_id_type: str = ""
    sec_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails:
    """A contract with what IB's contractDetails adds. Hours are IB's text in ``time_zone`` for the next days."""

    contract: Contract
    long_name: str
    market_name: str
    min_tick: Decimal
    market_rule_ids: str
    valid_exchanges: str
    order_types: str
    under_con_id: ConId = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    contract_month: str = ""
    time_zone: str = "US/Eastern"
    trading_hours: str = ""
    liquid_hours: str = ""
    stock_type: str = ""
    industry: str = ""
    category: str = ""
    sec_ids: tuple[tuple[str, str], ...] = ()
    """IB's secIdList: (ISIN, …), (CUSIP, …)."""
    real_expiry: date | None = None
    """The day on which an option is settled."""


@dataclass(frozen=True, slots=True)
class OptionParameters:
    """One answer of reqSecDefOptParams: expiries × strikes is a superset of what exists."""

    exchange: str
    under_con_id: ConId
    trading_class: str
    multiplier: int
    expiries: tuple[date, ...]
    strikes: tuple[Decimal, ...]
