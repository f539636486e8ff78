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
from bot.sim.market.known_symbols import (
    DAILY_EXPIRIES,
    FOREX,
    FUND_SECTOR,
    FUNDS,
    STOCKS,
    KnownSymbol,
    check_digit,
)

NICKELS_AND_DIMES = TickGrid(((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.10"))))
HALF_PIPS = TickGrid(((Decimal(0), Decimal("0.00005")),))
HALF_HUNDREDTHS = TickGrid(((Decimal(0), Decimal("0.005")),))

MARKET_RULES: dict[int, TickGrid] = {
    26: CENTS,
    110: NICKELS,
    32: NICKELS_AND_DIMES,
    239: HALF_PIPS,
    59: HALF_HUNDREDTHS,
}
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
    isin: str = ""
    sector: tuple[str, str] = ("", "")
    """IB's industry and category."""
    index: Contract | None = None
    """The index, where it is one: it has options, and is not traded itself."""

    def contract(self) -> Contract:
        if self.index is not None:
            return self.index
        return Contract(
            con_id=self.con_id,
            symbol=self.symbol,
            sec_type=SecType.STOCK,
            primary_exchange=self.primary_exchange,
            local_symbol=self.symbol,
            trading_class="NMS" if self.primary_exchange == "NASDAQ" else self.symbol,
        )


def _known(known: KnownSymbol, *, is_etf: bool) -> Underlying:
    nickels = NICKELS_AND_DIMES if known.symbol == "GOOG" else NICKELS
    return Underlying(
        symbol=known.symbol,
        con_id=known.con_id,
        long_name=known.name,
        primary_exchange=known.primary,
        is_etf=is_etf,
        option_ticks=CENTS if known.symbol in DAILY_EXPIRIES else nickels,
        price=float(known.price),
        atm_vol=known.vol,
        daily_volume=known.volume,
        has_daily_expiries=known.symbol in DAILY_EXPIRIES,
        isin=known.isin,
        sector=FUND_SECTOR if is_etf else known.sector,
    )


_KNOWN: dict[Symbol, Underlying] = {
    known.symbol: _known(known, is_etf=is_etf)
    for is_etf, table in ((True, FUNDS), (False, STOCKS))
    for known in table
}


def underlying(symbol: Symbol) -> Underlying:
    """The symbol's entry, or one made up for it that stays the same for ever."""
    return _KNOWN.get(symbol) or Underlying(
        symbol=symbol,
        con_id=stable_id(symbol),
        long_name=f"{symbol} (SIMULATED)",
        primary_exchange="NYSE",
        isin=_made_up_isin(symbol),
    )


def _made_up_isin(symbol: Symbol) -> str:
    """Formed as an ISIN is, in the range "US9…" that no issuer of the table uses."""
    body = f"US9{stable_id(symbol) % 10**8:08d}"
    return f"{body}{check_digit(body)}"


def _pair(base: str, quote: str, con_id: ConId) -> Contract:
    return Contract(
        con_id=con_id,
        symbol=base,
        sec_type=SecType.FOREX,
        exchange="IDEALPRO",
        primary_exchange="IDEALPRO",
        currency=quote,
        local_symbol=f"{base}.{quote}",
        trading_class=f"{base}.{quote}",
        ticks=HALF_HUNDREDTHS if quote == "JPY" else HALF_PIPS,
    )


PAIRS: dict[ConId, Contract] = {con_id: _pair(base, quote, con_id) for base, quote, con_id, _, _ in FOREX}
EUR_USD = PAIRS[12087792]
PAIR_IDS: dict[tuple[str, str], ConId] = {(base, quote): con_id for base, quote, con_id, _, _ in FOREX}
"""By base and quote currency."""


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
XSP = _index("XSP", 137851301)
VIX = _index("VIX", 13455763)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """An index that moves ``times`` as much as a fund, and its option classes: European, settled in cash.

    Sources: Cboe, "SPX Options" and "XSP Options" product specifications. Those of ``at_open`` stop trading the session before
    and settle at the opening prices, the others settle at the close.
    """

    underlying: Underlying
    follows: Symbol
    times: float
    monthly_class: str
    other_class: str
    at_open: bool


def _index_underlying(index: Contract, name: str, ticks: TickGrid, price: float) -> Underlying:
    return Underlying(
        symbol=index.symbol, con_id=index.con_id, long_name=name, primary_exchange="CBOE", is_etf=True, option_ticks=ticks,
        price=price, atm_vol=0.17, has_daily_expiries=True, index=index,
    )  # fmt: skip


INDEX_OPTIONS = (
    IndexOptions(
        _index_underlying(SPX, "S&P 500 Stock Index", NICKELS_AND_DIMES, 6_000.0), "SPY", 10, "SPX", "SPXW", at_open=True
    ),
    IndexOptions(
        _index_underlying(XSP, "Mini-SPX Index", CENTS, 600.0), "SPY", 1, "XSP", "XSP", at_open=False
    ),
)  # fmt: skip
INDEX_SYMBOLS = frozenset(one.underlying.symbol for one in INDEX_OPTIONS)
"""Broad-based indices with options."""
SETTLED_AT_OPEN = frozenset(one.monthly_class for one in INDEX_OPTIONS if one.at_open)
"""Trading classes whose options are settled at the open of the session after their last."""
EXTRAS: dict[ConId, tuple[Contract, str]] = {
    **{con_id: (PAIRS[con_id], name) for _, _, con_id, name, _ in FOREX},
    SPX.con_id: (SPX, "S&P 500 Stock Index"),
    XSP.con_id: (XSP, "Mini-SPX Index"),
    VIX.con_id: (VIX, "CBOE Volatility Index"),
}
"""Instruments that every world has beside its symbols, with their long names."""
