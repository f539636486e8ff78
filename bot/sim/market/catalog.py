"""What the simulator knows about symbols beforehand: IB's conIds, exchanges, typical volatility, option classes.

Rule: facts only, and only such as no recording carries. A symbol that is not in the table gets a stock of 100 USD with
a conId of its own, so that any ticker can be traded in a synthetic market.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

from bot.domain.contract import CENTS, NICKELS, Contract, TickGrid
from bot.domain.types import ConId, SecType, Symbol

NICKELS_AND_DIMES = TickGrid(((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.10"))))
HALF_PIPS = TickGrid(((Decimal(0), Decimal("0.00005")),))

MARKET_RULES: dict[int, TickGrid] = {26: CENTS, 110: NICKELS, 32: NICKELS_AND_DIMES, 239: HALF_PIPS}
"""Grids by market rule id. 26 is IB's; the other ids are the simulator's own choice."""

_ID_FLOOR, _ID_SPAN = 300_000_000, 1_800_000_000


def rule_id(grid: TickGrid) -> int:
    return next(number for number, known in MARKET_RULES.items() if known == grid)


def stable_id(text: str) -> ConId:
    """A conId made from a name: the same in every run and process, within IB's 32 bits."""
    digest = blake2b(text.encode(), digest_size=8).digest()
    return _ID_FLOOR + int.from_bytes(digest, "big") % _ID_SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """One stock or ETF. ``price`` (USD), ``atm_vol`` (a year) and ``daily_volume`` (shares) shape a synthetic market."""

    symbol: Symbol
    con_id: ConId
    long_name: str
    primary_exchange: str
    is_etf: bool = False
    option_ticks: TickGrid = NICKELS
    price: float = 100.0
    atm_vol: float = 0.30
    daily_volume: int = 20_000_000
    has_daily_expiries: bool = False

    def contract(self) -> Contract:
        return Contract(
            con_id=self.con_id,
            symbol=self.symbol,
            sec_type=SecType.STOCK,
            primary_exchange=self.primary_exchange,
            local_symbol=self.symbol,
            trading_class="NMS" if self.primary_exchange == "NASDAQ" else self.symbol,
        )


def _etf(
    symbol: str, con_id: int, name: str, price: float, vol: float, volume: int, daily: bool
) -> Underlying:
    return Underlying(
        symbol=symbol,
        con_id=con_id,
        long_name=name,
        primary_exchange="NASDAQ" if symbol == "QQQ" else "ARCA",
        is_etf=True,
        option_ticks=CENTS,
        price=price,
        atm_vol=vol,
        daily_volume=volume,
        has_daily_expiries=daily,
    )


def _stock(symbol: str, con_id: int, name: str, price: float, vol: float, volume: int) -> Underlying:
    return Underlying(
        symbol=symbol,
        con_id=con_id,
        long_name=name,
        primary_exchange="NASDAQ",
        option_ticks=NICKELS_AND_DIMES if symbol == "GOOG" else NICKELS,
        price=price,
        atm_vol=vol,
        daily_volume=volume,
    )


_KNOWN: dict[Symbol, Underlying] = {
    known.symbol: known
    for known in (
        _etf("SPY", 756733, "SPDR S&P 500 ETF TRUST", 600.0, 0.17, 70_000_000, True),
        _etf("QQQ", 320227571, "INVESCO QQQ TRUST SERIES 1", 500.0, 0.21, 40_000_000, True),
        _etf("IWM", 9579970, "ISHARES RUSSELL 2000 ETF", 220.0, 0.23, 30_000_000, True),
        _stock("AAPL", 265598, "APPLE INC", 230.0, 0.26, 50_000_000),
        _stock("GOOG", 208813719, "ALPHABET INC-CL C", 180.0, 0.26, 20_000_000),
        _stock("MSFT", 272093, "MICROSOFT CORP", 430.0, 0.24, 20_000_000),
        _stock("TSLA", 76792991, "TESLA INC", 300.0, 0.55, 90_000_000),
        _stock("NVDA", 4815747, "NVIDIA CORP", 140.0, 0.45, 250_000_000),
    )
}


def underlying(symbol: Symbol) -> Underlying:
    """The symbol's entry, or one made up for it that stays the same for ever."""
    return _KNOWN.get(symbol) or Underlying(
        symbol=symbol, con_id=stable_id(symbol), long_name=f"{symbol} (SIMULATED)", primary_exchange="NYSE"
    )


EUR_USD = Contract(
    con_id=12087792,
    symbol="EUR",
    sec_type=SecType.FOREX,
    exchange="IDEALPRO",
    primary_exchange="IDEALPRO",
    local_symbol="EUR.USD",
    trading_class="EUR.USD",
    ticks=HALF_PIPS,
)


def _index(symbol: Symbol, con_id: ConId) -> Contract:
    return Contract(
        con_id=con_id,
        symbol=symbol,
        sec_type=SecType.INDEX,
        exchange="CBOE",
        primary_exchange="CBOE",
        local_symbol=symbol,
        trading_class=symbol,
    )


SPX = _index("SPX", 416904)
VIX = _index("VIX", 13455763)
EXTRAS: dict[ConId, tuple[Contract, str]] = {
    EUR_USD.con_id: (EUR_USD, "European Monetary Union Euro"),
    SPX.con_id: (SPX, "S&P 500 Stock Index"),
    VIX.con_id: (VIX, "CBOE Volatility Index"),
}
"""Instruments that every world has beside its symbols, with their long names."""
