"""Data sets that are cut into folders by their columns: ``symbol=SPY/date=2024-05-03/part-0.parquet``, Hive's way.

DuckDB, Polars, PyArrow and Spark all write so; what is in a folder's name is then in no column. Folders count from the file
upwards, wherever the command is typed: within the data set, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from urllib.parse import unquote

import pyarrow as pa

from bot.backtest.store.intake.naming import name_columns, symbol_written
from bot.backtest.store.intake.raw import Raw
from bot.domain.errors import FixTheCommand

_WANTED: Final = frozenset({"symbol", "date"})
"""What else a folder may say (year=2024) is in the rows, too."""
_SYMBOLS: Final = frozenset({"sym", "instrument", "security", "stock", "asset", "root"})
"""Further names of a symbol; of columns they may mean something else beside it."""
_PARTS: Final = ("year", "month", "day")
_UNKNOWN: Final = "__HIVE_DEFAULT_PARTITION__"


def with_folders(raw: Raw) -> Raw:
    """The file with the columns that its folders' names stand for; FixTheCommand where two of them contradict each other."""
    told = dict(_told(raw))
    columns = dict(raw.columns)
    known = name_columns(raw.path, columns)
    for ours in _WANTED - set(known):
        found = {name: text for name, text in told.items() if _meaning(raw, name) == ours}
        if ours == "date" and (whole := _day(told)) is not None:
            found = {"/".join(_PARTS): whole}
        if ours == "symbol" and len({symbol_written(text) for text in found.values()}) > 1:
            both = " and ".join(f"{name}={text}" for name, text in found.items())
            raise FixTheCommand(
                f"{raw.path}: its folders name two symbols, {both}; copy its files out of the folder of the wrong one"
            )
        for text in [*found.values()][:1]:
            columns[ours] = pa.chunked_array([pa.repeat(text, raw.rows)])
    return replace(raw, columns=columns)


def _told(raw: Raw) -> Iterator[tuple[str, str]]:
    for part in raw.path.absolute().parent.parts:
        name, mark, text = part.partition("=")
        if mark and text != _UNKNOWN:
            yield name.lower(), unquote(text)


def _meaning(raw: Raw, name: str) -> str | None:
    if name in _PARTS:
        return None
    return "symbol" if name in _SYMBOLS else next(iter(name_columns(raw.path, [name])), None)


def _day(told: Mapping[str, str]) -> str | None:
    """Of ``year=2024/month=5/day=3``; None where they are no day."""
    try:
        return f"{date(*(int(told[name]) for name in _PARTS))}"
    except (KeyError, ValueError):
        return None
