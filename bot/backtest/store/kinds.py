"""What the store holds: kinds of data, their columns, and which file a row belongs in.

Rule: ``ts`` is aware UTC in microseconds. A bar's is its START; a quote's is the END of the minute whose last state it
shows, the instant from which it was in force, so that nothing is known before its time. Prices are USD per unit.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bot.domain.errors import FixTheCommand
from bot.domain.types import Symbol

Int64s = NDArray[np.int64]
MINUTE_US: Final = 60_000_000
DAY_US: Final = 86_400_000_000

_TS: Final = pa.timestamp("us", tz="UTC")
_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.\-]{0,11}")


class Kind(StrEnum):
    """Names of folders, too."""

    BARS_1M = "bars_1m"
    BARS_60M = "bars_60m"
    QUOTES_1M = "quotes_1m"
    OPTIONS_1M = "options_1m"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Final = {
    Kind.BARS_1M: "1-min bars",
    Kind.BARS_60M: "60-min bars",
    Kind.QUOTES_1M: "1-min stock quotes",
    Kind.OPTIONS_1M: "1-min option quotes",
}
_BARS: Final = pa.schema(
    [
        ("ts", _TS),
        *((name, pa.float64()) for name in ("open", "high", "low", "close", "volume")),
        ("source", pa.string()),
    ]
)
_BOOK: Final = [
    ("bid", pa.float64()),
    ("ask", pa.float64()),
    ("bid_size", pa.int64()),
    ("ask_size", pa.int64()),
]
_QUOTES: Final = pa.schema([("ts", _TS), *_BOOK, ("source", pa.string())])
_OPTIONS: Final = pa.schema(
    [
        ("ts", _TS),
        ("expiry", pa.date32()),
        ("strike", pa.float64()),
        ("right", pa.string()),
        *_BOOK,
        ("last", pa.float64()),
        ("volume", pa.int64()),
        ("open_interest", pa.int64()),
        ("source", pa.string()),
    ]
)
SCHEMAS: Final = {
    Kind.BARS_1M: _BARS,
    Kind.BARS_60M: _BARS,
    Kind.QUOTES_1M: _QUOTES,
    Kind.OPTIONS_1M: _OPTIONS,
}


def symbol_named(text: str) -> Symbol:
    """A symbol that may name a folder; FixTheCommand for any other text."""
    name = text.strip().upper()
    if not _SYMBOL.fullmatch(name):
        raise FixTheCommand(f"{text[:40]!r} is not a symbol; write it as in SPY or BRK.B")
    return name


def stamps(table: pa.Table) -> Int64s:
    """The rows' instants in microseconds since 1970, UTC."""
    return np.asarray(table["ts"].cast(pa.int64()).to_numpy(), dtype=np.int64)


def part_of(kind: Kind, day: date) -> str:
    """The name of the file that holds a day: a year's, for option quotes (hundreds of thousands a day) the day's own."""
    return f"{day}" if kind is Kind.OPTIONS_1M else f"{day.year}"


def keys(kind: Kind, table: pa.Table) -> Int64s:
    """One number a row that no other row of its file may have: the instant, for options with the contract."""
    at = stamps(table)
    if kind is not Kind.OPTIONS_1M:
        return at
    # Within one day: minute 11 bits, expiry (days since 1970) 16, strike in mills 27, right 1.
    minute = at // MINUTE_US % 1440
    expiry = np.asarray(table["expiry"].cast(pa.int32()).to_numpy(), dtype=np.int64)
    mills = np.rint(table["strike"].to_numpy() * 1000).astype(np.int64)
    is_call = np.asarray(table["right"].to_numpy(zero_copy_only=False) == "C", dtype=np.int64)
    return np.asarray(((minute << 16 | expiry) << 27 | mills) << 1 | is_call, dtype=np.int64)
