"""Which column is which: the names that vendors use, and the three kinds of table they make up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from bot.domain.errors import FixTheCommand
from bot.domain.types import Symbol

_NAMES: Final[Mapping[str, str]] = {
    alias: name
    for name, aliases in {
        "time": "time datetime timestamp ts start bartime windowstart tsevent begin t indexlevel0 index dt opentime "
        "quotetime quotedatetime dateandtime datetimeutc timestamputc timeutc utctime utc gmttime localtime",
        "date": "date day tradedate quotedate dtyyyymmdd",
        "open": "open o first openprice",
        "high": "high h max highprice",
        "low": "low l min lowprice",
        "close": "close c closeprice closelast",
        "volume": "volume vol v totalvolume size qty realvolume periodvolume barvolume",
        "ticks": "tickvolume tickvol ticks",
        "symbol": "symbol ticker underlying underlyingsymbol",
        "bid": "bid bidprice bestbid bidpx bidpx00 bidclose",
        "ask": "ask askprice bestask offer askpx askpx00 askclose",
        "bid_size": "bidsize bidsz bidsz00 bidqty",
        "ask_size": "asksize asksz asksz00 askqty offersize",
        "last": "last lastprice lasttrade latest",
        "open_interest": "openinterest oi openint",
        "expiry": "expiry expiration expirationdate expirydate expdate exp maturity",
        "strike": "strike strikeprice k",
        "right": "right type optiontype callput cp putcall cpflag putorcall optionright",
        "occ": "occ occsymbol optionsymbol contract contractsymbol osi option",
    }.items()
    for alias in aliases.split()
} | {
    alias: name
    for name, aliases in {  # German, French, Spanish
        "time": "zeit uhrzeit zeitstempel heure hora",
        "date": "datum fecha",
        "open": "eroeffnung eroffnung eroeffnungskurs erster ouverture apertura",
        "high": "hoch hoechst hoechstkurs tageshoch haut plushaut maximo",
        "low": "tief tiefst tiefstkurs tagestief bas plusbas minimo",
        "close": "schluss schlusskurs letzter cloture dernier cierre ultimo",
        "volume": "volumen stuecke",
    }.items()
    for alias in aliases.split()
}
_INDICES: Final = frozenset({"index", "indexlevel0"})
"""What pandas calls an index without a name: often a count, or a column again; the rows' time only where nothing else is."""
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
PRICES: Final = ("open", "high", "low", "close")
_SYMBOL_IN_NAME: Final = re.compile(r"^\$?([A-Za-z]{1,6}(?:\.[A-Za-z])?)(?=[_\-., ]|$)")
OCC: Final = re.compile(r"(?:O:)?([A-Z.]{1,6}\d?)\s*(\d{6})([CP])(\d{8})")
"""Root, expiry, right and strike in mills, as the Options Clearing Corporation writes a contract; O: is Polygon's."""
_VENUE: Final = re.compile(
    r"^(?:NASDAQ|NYSE|NYSEARCA|AMEX|ARCA|BATS|CBOE|OTC|XNAS|XNYS|XASE|ARCX)[:_ ]\s*(?=[A-Z])", re.IGNORECASE
)
_COUNTRY: Final = re.compile(r"[.\-]US(?:USD)?$", re.IGNORECASE)
_NO_SYMBOLS: Final = frozenset(
    {
        "BAR",
        "BARS",
        "CANDLE",
        "CHART",
        "DATA",
        "EXPORT",
        "FILE",
        "HIST",
        "HISTO",
        "INTRA",
        "MIN",
        "MINUTE",
        "OHLC",
    }
    | {"OHLCV", "PRICE", "PRICES", "QUOTE", "QUOTES", "STOCK", "STOCKS", "TABLE", "TEST", "TRADES", "US"}
    | {"ARCX", "DBEQ", "XNAS", "XNYS"}
    | {
        "AGGS",
        "BATCH",
        "BLOCK",
        "CLEAN",
        "CHUNK",
        "DAILY",
        "DF",
        "DUMP",
        "EQUITY",
        "FINAL",
        "FRAME",
        "HOUR",
        "HOURLY",
        "LATEST",
        "MERGED",
        "MONTH",
        "NEW",
        "OPTION",
        "OPTIONS",
        "OUT",
        "OUTPUT",
        "PART",
        "RESULT",
        "SAMPLE",
        "TEMP",
        "TMP",
    }
)
"""Beginnings of names that say what a file is, and not of which symbol: asking is cheaper than a wrong one."""


class Shape(Enum):
    """What a table's columns make of it."""

    BARS = "bars"
    QUOTES = "quotes"
    OPTIONS = "option quotes"


def name_columns(path: Path, given: Collection[str]) -> dict[str, str]:
    """Our name → the file's name, for every column that is recognised; FixTheCommand when two could be one."""
    found: dict[str, str] = {}
    for original in given:
        ours = _NAMES.get(_plain(original))
        if ours is None:
            continue
        if ours in found and _plain(original) in _INDICES:
            continue
        if ours in found and _plain(found[ours]) not in _INDICES:
            raise FixTheCommand(
                f"{path}: both {found[ours]!r} and {original!r} could be the {ours}; "
                "rename one, or name all columns in order with --columns (skip for one to leave out)"
            )
        found[ours] = original
    unnamed = next((name for name in given if name == ""), None)
    if unnamed is not None and not {"time", "date"} & set(found):
        found["time"] = unnamed  # the index of a pandas frame
    return found


def _plain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", name.lower()).translate(_UMLAUTS))
    return re.sub(r"[^a-z0-9]", "", plain)


def shape_of(path: Path, named: Mapping[str, str], given: Iterable[str]) -> Shape:
    """What kind of table it is; FixTheCommand names the column that is missing."""
    shown = ", ".join(given)[:160]
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
        missing, shape = [n for n in (*PRICES, "volume") if n not in named], Shape.BARS
    if missing:
        trades = "; of single trades make minutes first" if {"open", "high", "low"} <= {*missing} else ""
        raise FixTheCommand(
            f"{path}: no column {', '.join(missing)}; it has {shown}{trades} "
            "(name them in the file, or with --columns for one without a header)"
        )
    return shape


def symbol_in_name(path: Path) -> Symbol | None:
    """SPY of ``SPY_1min_2024.csv`` or ``BATS_SPY, 1.csv``; None when the name begins with nothing like a symbol."""
    found = _SYMBOL_IN_NAME.match(_VENUE.sub("", path.name))
    return None if found is None or found[1].upper() in _NO_SYMBOLS else found[1].upper()


def symbol_written(text: str) -> str:
    """SPY as vendors write it beside its market: ``NASDAQ:AAPL``, ``SPY.US``."""
    return _COUNTRY.sub("", _VENUE.sub("", text.strip().upper()))
