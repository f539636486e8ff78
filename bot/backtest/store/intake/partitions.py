"""Data sets that are cut into folders by their columns: ``symbol=SPY/date=2024-05-03/part-0.parquet``, Hive's way.

DuckDB, Polars, PyArrow and Spark all write so; what is in a folder's name is then in no column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pyarrow as pa

from bot.backtest.store.intake.naming import name_columns
from bot.backtest.store.intake.raw import Raw

_WANTED: Final = frozenset({"symbol", "date"})
"""What else a folder may say (year=2024) is in the rows, too."""


def with_folders(raw: Raw) -> Raw:
    """The file with the columns that its folders' names stand for."""
    told = dict(part.split("=", 1) for part in raw.path.parent.parts if "=" in part)
    columns = dict(raw.columns)
    for name, text in told.items():
        ours = next(iter(name_columns(raw.path, [name])), None)
        if ours in _WANTED and ours not in name_columns(raw.path, columns):
            columns[name] = pa.chunked_array([pa.repeat(unquote(text), raw.rows)])
    return replace(raw, columns=columns)
