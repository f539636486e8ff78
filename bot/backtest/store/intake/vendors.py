"""What some vendors write in their own way, brought to columns that everyone reads.

Sources: QuantConnect LEAN, "Data Format: Equities" (milliseconds since midnight, prices × 10,000, the day in the file's
name); Databento, "Schemas and data formats: OHLCV" (prices as whole numbers of 1e-9); ThetaData's second version, "Historical
Option Quotes" (``ms_of_day``, strikes in tenths of a cent); MetaTrader's ``<TICKVOL>`` beside a ``<VOL>`` that no stock's broker
fills.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from bot.backtest.store.intake.naming import OCC, PRICES
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.kinds import DAY_US
from bot.domain.errors import FixTheCommand

_LEAN_NAME: Final = re.compile(r"(\d{8})_([a-z.]+)_(?:second|minute)_trade\b.*")
_LEAN_SCALE, _DATABENTO_SCALE = 10_000, 1_000_000_000
_DAY_MS: Final = DAY_US // 1000
_LEVELS: Final = re.compile(r"\('([^']*)', '([^']*)'\)")
_WHOLE: Final = re.compile(r"\d{1,19}", re.ASCII)


def as_usual(raw: Raw) -> Raw:
    """The file with plain names, times and prices; FixTheCommand where a vendor's form lacks what it needs."""
    return _without_levels(_of_theta(_of_lean(raw)))


def _of_lean(raw: Raw) -> Raw:
    """Milliseconds since midnight: no date's digits, and no count since 1970, are so small."""
    if not raw.is_text or next(iter(raw.columns)) != "time" or raw.first_line != 1:
        return raw
    cells = raw.columns["time"].to_pylist()
    if not all(_WHOLE.fullmatch(cell) and int(cell) < _DAY_MS for cell in cells):
        return raw
    found = _LEAN_NAME.match(raw.path.name)
    if found is None:
        raise FixTheCommand(
            f"{raw.path}: its times count milliseconds since midnight; of which day says a name as LEAN gives it, "
            "20240503_spy_minute_trade.csv"
        )
    try:
        day = (date.fromisoformat(found[1]) - date(1970, 1, 1)).days
    except ValueError:
        raise FixTheCommand(f"{raw.path}: its name begins with no date") from None
    wall = pa.array([day * DAY_US + int(cell) * 1000 for cell in cells], pa.int64())
    times = pa.chunked_array([wall.cast(pa.timestamp("us"))])
    prices = {name: _scaled(raw.columns[name], _LEAN_SCALE) for name in PRICES}
    return replace(raw, columns={**raw.columns, "time": times, **prices}, symbol=found[2])


def _of_theta(raw: Raw) -> Raw:
    """A date, milliseconds of New York's day, strikes in mills, and the symbol as the root."""
    if not {"ms_of_day", "date", "strike", "root"} <= set(raw.columns):
        return raw
    cells = [[f"{x}" for x in raw.columns[name].to_pylist()] for name in ("date", "ms_of_day")]
    if not all(_WHOLE.fullmatch(x) for one in cells for x in one):
        return raw
    wall = [f"{day} {timedelta(milliseconds=int(ms) % _DAY_MS)}" for day, ms in zip(*cells, strict=True)]
    columns = {**raw.columns, "strike": _scaled(raw.columns["strike"], 1000)}
    columns["symbol"] = columns.pop("root")
    del columns["ms_of_day"], columns["date"]
    return replace(raw, columns={**columns, "time": pa.chunked_array([wall], pa.string())})


def _without_levels(raw: Raw) -> Raw:
    """Column names of two levels, as pandas writes yfinance's into Parquet: the figure's, and one symbol's."""
    levels = {name: set(m.groups()) for name in raw.columns if (m := _LEVELS.fullmatch(name))}
    if not levels:
        return raw
    doubled = [parts for parts in levels.values() if "" not in parts]
    shared = set.intersection(*doubled) if doubled else {""}
    if len(shared) != 1:
        raise FixTheCommand(f"{raw.path}: the columns of several symbols side by side; write a file for each")
    plain = {name: next(iter(parts - shared - {""}), name) for name, parts in levels.items()}
    columns = {plain.get(name, name): values for name, values in raw.columns.items()}
    return replace(raw, columns=columns, symbol=shared.pop() or None)


def in_usd(raw: Raw, named: Mapping[str, str]) -> Raw:
    """Databento's whole numbers as USD. Its other columns tell them from a price that happens to be whole."""
    names = [named[name] for name in PRICES if name in named]
    if not {"ts_event", "rtype"} <= set(raw.columns) or not names:
        return raw
    if not all(
        _WHOLE.fullmatch(f"{x}") and len(f"{x}") > 6 for n in names for x in raw.columns[n].to_pylist()
    ):
        return raw
    scaled = {name: _scaled(raw.columns[name], _DATABENTO_SCALE) for name in names}
    return replace(raw, columns={**raw.columns, **scaled})


def of_contracts(raw: Raw, named: dict[str, str]) -> tuple[Raw, dict[str, str]]:
    """A column of symbols that are option contracts, as Databento's and Polygon's: the contract, and beside it its underlying.

    FixTheCommand for bars of options: a day is filled against quotes.
    """
    name = named.get("symbol")
    cells = [] if name is None else [f"{x}".strip() for x in pc.unique(raw.columns[name]).to_pylist()]
    found = {cell: m for cell in cells if (m := OCC.fullmatch(cell))}
    if (found and "bid" not in named) or ("open" in named and OCC.match(raw.path.name.removeprefix("O_"))):
        raise FixTheCommand(
            f"{raw.path}: bars of option contracts; of options their quotes are wanted (time, contract, bid, ask)"
        )
    if name is None or len(found) < len(cells) or "occ" in named:
        return raw, named
    roots = [found[f"{x}".strip()][1].rstrip("0123456789") for x in raw.columns[name].to_pylist()]
    beside = "underlying of the contract"
    columns = {**raw.columns, beside: pa.chunked_array([roots], pa.string())}
    return replace(raw, columns=columns), {**named, "occ": name, "symbol": beside}


def with_stand_ins(raw: Raw, named: dict[str, str]) -> tuple[Raw, dict[str, str]]:
    """The close where a vendor calls it the last; the count of changes where it has no volume, which is said."""
    found = dict(named)
    if "open" in found and "close" not in found and "last" in found:
        found["close"] = found.pop("last")
    if "ticks" not in found or ("volume" in found and not _is_all_zero(raw.columns[found["volume"]])):
        return raw, found
    found["volume"] = found["ticks"]
    note = f"its volume is {found['ticks']}, a count of price changes: it has no other"
    return replace(raw, notes=(*raw.notes, note)), found


def _is_all_zero(column: pa.ChunkedArray) -> bool:
    return {f"{x}".strip() for x in pc.unique(column).to_pylist()} <= {"0", "0.0"}


def _scaled(column: pa.ChunkedArray, by: int) -> pa.ChunkedArray:
    # What is no whole number stays, to be refused with its line.
    cells = [f"{x}" for x in column.to_pylist()]
    return pa.chunked_array([[f"{int(x) / by!r}" if _WHOLE.fullmatch(x) else x for x in cells]], pa.string())
