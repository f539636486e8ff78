"""The underlyings that IB's users trade most: their conIds, ISINs and venues, and what shapes a synthetic market of them.

ConIds as IB's contract search answers them and as public scripts and issue threads quote them; ISINs from the issuers.
Prices, volatilities and volumes are round figures of 2025: a made-up market begins there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.domain.types import Symbol


class KnownSymbol(NamedTuple):
    """``price`` in USD, ``vol`` a year, ``volume`` in shares a day; ``sector`` is IB's industry and category."""

    symbol: Symbol
    con_id: int
    name: str
    primary: str
    isin: str
    price: float
    vol: float
    volume: int
    sector: tuple[str, str] = ("", "")


_ETF_SECTOR = ("Funds", "Equity Fund")
_TECH = "Technology"

FUNDS: Final = (
    KnownSymbol("SPY", 756733, "SPDR S&P 500 ETF TRUST", "ARCA", "US78462F1030", 600, 0.17, 70_000_000),
    KnownSymbol(
        "QQQ", 320227571, "INVESCO QQQ TRUST SERIES 1", "NASDAQ", "US46090E1038", 500, 0.21, 40_000_000
    ),
    KnownSymbol("IWM", 9579970, "ISHARES RUSSELL 2000 ETF", "ARCA", "US4642876555", 220, 0.23, 30_000_000),
    KnownSymbol("DIA", 73128548, "SPDR DJIA TRUST", "ARCA", "US78467X1090", 430, 0.15, 3_500_000),
    KnownSymbol("GLD", 51529211, "SPDR GOLD SHARES", "ARCA", "US78463V1070", 300, 0.17, 9_000_000),
    KnownSymbol(
        "TLT", 15547841, "ISHARES 20+ YEAR TREASURY BD", "NASDAQ", "US4642874329", 88, 0.15, 35_000_000
    ),
    KnownSymbol("XLF", 4215220, "FINANCIAL SELECT SECTOR SPDR", "ARCA", "US81369Y6059", 50, 0.19, 40_000_000),
)
STOCKS: Final = (
    KnownSymbol(
        "AAPL", 265598, "APPLE INC", "NASDAQ", "US0378331005", 230, 0.26, 50_000_000, (_TECH, "Computers")
    ),
    KnownSymbol(
        "GOOG", 208813719, "ALPHABET INC-CL C", "NASDAQ", "US02079K1079", 180, 0.26, 20_000_000,
        ("Communications", "Internet"),
    ),
    KnownSymbol(
        "GOOGL", 208813720, "ALPHABET INC-CL A", "NASDAQ", "US02079K3059", 178, 0.26, 28_000_000,
        ("Communications", "Internet"),
    ),
    KnownSymbol(
        "MSFT", 272093, "MICROSOFT CORP", "NASDAQ", "US5949181045", 430, 0.24, 20_000_000, (_TECH, "Software")
    ),
    KnownSymbol(
        "TSLA", 76792991, "TESLA INC", "NASDAQ", "US88160R1014", 300, 0.55, 90_000_000,
        ("Consumer, Cyclical", "Auto Manufacturers"),
    ),
    KnownSymbol(
        "NVDA", 4815747, "NVIDIA CORP", "NASDAQ", "US67066G1040", 140, 0.45, 250_000_000,
        (_TECH, "Semiconductors"),
    ),
    KnownSymbol(
        "AMD", 4391, "ADVANCED MICRO DEVICES", "NASDAQ", "US0079031078", 160, 0.45, 45_000_000,
        (_TECH, "Semiconductors"),
    ),
    KnownSymbol(
        "AMZN", 3691937, "AMAZON.COM INC", "NASDAQ", "US0231351067", 215, 0.30, 40_000_000,
        ("Communications", "Internet"),
    ),
    KnownSymbol(
        "META", 107113386, "META PLATFORMS INC-CLASS A", "NASDAQ", "US30303M1027", 600, 0.32, 14_000_000,
        ("Communications", "Internet"),
    ),
    KnownSymbol(
        "NFLX", 15124833, "NETFLIX INC", "NASDAQ", "US64110L1061", 950, 0.34, 4_000_000,
        ("Communications", "Internet"),
    ),
    KnownSymbol(
        "INTC", 270639, "INTEL CORP", "NASDAQ", "US4581401001", 24, 0.45, 70_000_000, (_TECH, "Semiconductors")
    ),
    KnownSymbol(
        "JPM", 1520593, "JPMORGAN CHASE & CO", "NYSE", "US46625H1005", 260, 0.22, 9_000_000,
        ("Financial", "Banks"),
    ),
    KnownSymbol(
        "BAC", 10098, "BANK OF AMERICA CORP", "NYSE", "US0605051046", 45, 0.24, 35_000_000, ("Financial", "Banks")
    ),
    KnownSymbol(
        "XOM", 13977, "EXXON MOBIL CORP", "NYSE", "US30231G1022", 110, 0.22, 15_000_000, ("Energy", "Oil&Gas")
    ),
    KnownSymbol(
        "IBM", 8314, "INTL BUSINESS MACHINES CORP", "NYSE", "US4592001014", 250, 0.24, 4_000_000,
        (_TECH, "Computers"),
    ),
    KnownSymbol(
        "KO", 8894, "COCA-COLA CO/THE", "NYSE", "US1912161007", 68, 0.15, 14_000_000,
        ("Consumer, Non-cyclical", "Beverages"),
    ),
    KnownSymbol(
        "DIS", 6459, "WALT DISNEY CO/THE", "NYSE", "US2546871060", 110, 0.26, 9_000_000,
        ("Communications", "Media"),
    ),
    KnownSymbol(
        "WMT", 13824, "WALMART INC", "NYSE", "US9311421039", 95, 0.20, 17_000_000,
        ("Consumer, Cyclical", "Retail"),
    ),
    KnownSymbol(
        "BA", 4762, "BOEING CO/THE", "NYSE", "US0970231058", 190, 0.34, 8_000_000,
        ("Industrial", "Aerospace/Defense"),
    ),
    KnownSymbol(
        "CSCO", 268084, "CISCO SYSTEMS INC", "NASDAQ", "US17275R1023", 62, 0.20, 18_000_000,
        ("Communications", "Telecommunications"),
    ),
)  # fmt: skip
FUND_SECTOR: Final = _ETF_SECTOR
DAILY_EXPIRIES: Final = frozenset({"SPY", "QQQ", "IWM"})
"""Options that expire on every session (Cboe's list of available weeklys, 2022 onwards)."""

FOREX: Final = (
    ("EUR", "USD", 12087792, "European Monetary Union Euro", 1.10),
    ("GBP", "USD", 12087797, "British pound", 1.27),
    ("AUD", "USD", 14433401, "Australian dollar", 0.65),
    ("NZD", "USD", 39453441, "New Zealand dollar", 0.59),
    ("USD", "JPY", 15016059, "United States dollar", 150.0),
    ("USD", "CHF", 12087820, "United States dollar", 0.88),
    ("USD", "CAD", 15016062, "United States dollar", 1.38),
    ("EUR", "GBP", 12087807, "European Monetary Union Euro", 0.85),
    ("EUR", "JPY", 14321016, "European Monetary Union Euro", 163.0),
    ("EUR", "CHF", 12087817, "European Monetary Union Euro", 0.95),
)
"""Currency pairs on IDEALPRO: base, quote currency, conId, the base's name, a level of 2024."""


def check_digit(body: str) -> int:
    """The last digit of an ISIN (ISO 6166): letters as two digits (A is 10), doubled from the right, summed by digit."""
    digits = "".join(str(int(letter, 36)) for letter in body)
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return -total % 10
