"""Which column is which: the names that vendors use, and the three kinds of table they make up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from bot.domain.errors import FixTheCommand
from bot.domain.types import Symbol

_NAMES: Final[Mapping[str, str]] = {
    alias: name
    for name, aliases in {
        "time": "time datetime timestamp ts start bartime windowstart tsevent begin t indexlevel0 index dt "
        "quotetime quotedatetime dateandtime",
        "date": "date day tradedate quotedate dtyyyymmdd",
        "open": "open o first openprice",
        "high": "high h max highprice",
        "low": "low l min lowprice",
        "close": "close c closeprice closelast",
        "volume": "volume vol v totalvolume size qty tickvolume",
        "symbol": "symbol ticker underlying underlyingsymbol",
        "bid": "bid bidprice bestbid bidpx bidpx00 bidclose",
        "ask": "ask askprice bestask offer askpx askpx00 askclose",
        "bid_size": "bidsize bidsz bidsz00 bidqty",
        "ask_size": "asksize asksz asksz00 askqty offersize",
        "last": "last lastprice lasttrade",
        "open_interest": "openinterest oi openint",
        "expiry": "expiry expiration expirationdate expirydate expdate exp maturity",
        "strike": "strike strikeprice k",
        "right": "right type optiontype callput cp putcall cpflag putorcall optionright",
        "occ": "occ occsymbol optionsymbol contract contractsymbol osi option",
    }.items()
    for alias in aliases.split()
}
_PRICES: Final = ("open", "high", "low", "close")
_SYMBOL_IN_NAME: Final = re.compile(r"^\$?([A-Za-z]{1,6}(?:\.[A-Za-z])?)(?=[_\-. ]|$)")


class Shape(Enum):
    """What a table's columns make of it."""

    BARS = "bars"
    QUOTES = "quotes"
    OPTIONS = "option quotes"


def name_columns(path: Path, given: Iterable[str]) -> dict[str, str]:
    """Our name → the file's name, for every column that is recognised; FixTheCommand when two could be one."""
    found: dict[str, str] = {}
    for original in given:
        ours = _NAMES.get(re.sub(r"[^a-z0-9]", "", original.lower()))
        if ours is None:
            continue
        if ours in found:
            raise FixTheCommand(
                f"{path}: both {found[ours]!r} and {original!r} could be the {ours}; "
                "rename one, or name all columns with --columns"
            )
        found[ours] = original
    return found


def shape_of(path: Path, named: Mapping[str, str], given: Iterable[str]) -> Shape:
    """What kind of table it is; FixTheCommand names the column that is missing."""
    shown = ", ".join(given)[:160]
    if shown.startswith(("{", "[")):
        raise FixTheCommand(f"{path}: it holds JSON; write it as CSV with a header, or as Parquet")
    if "time" not in named and "date" not in named:
        raise FixTheCommand(f"{path}: no column of times; it has {shown}")
    is_option = "open" not in named and ("occ" in named or {"strike", "expiry", "right"} & set(named))
    if is_option:
        missing = [n for n in ("strike", "expiry", "right") if n not in named and "occ" not in named]
        missing += [n for n in ("bid", "ask") if n not in named]
        shape = Shape.OPTIONS
    elif "bid" in named and "open" not in named:
        missing, shape = [n for n in ("ask",) if n not in named], Shape.QUOTES
    else:
        missing, shape = [n for n in (*_PRICES, "volume") if n not in named], Shape.BARS
    if missing:
        raise FixTheCommand(
            f"{path}: no column {', '.join(missing)}; it has {shown} "
            "(name them in the file, or with --columns for one without a header)"
        )
    return shape


def symbol_in_name(path: Path) -> Symbol | None:
    """SPY of ``SPY_1min_2024.csv``; None when the name begins with nothing like a symbol."""
    found = _SYMBOL_IN_NAME.match(path.name)
    return None if found is None else found[1].upper()
