"""From a file to tables of the store, one for each symbol in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from bot.backtest.store.intake.bars import SIZES, once, size_of, to_starts
from bot.backtest.store.intake.books import take_books
from bot.backtest.store.intake.instants import on_time_grid, to_instants
from bot.backtest.store.intake.naming import Shape, name_columns, shape_of, symbol_in_name, symbol_written
from bot.backtest.store.intake.numbers import Floats, floats, without_unreadable
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.partitions import with_folders
from bot.backtest.store.intake.raw import Raw, read_raw
from bot.backtest.store.intake.sessions import in_hours
from bot.backtest.store.intake.taken import Sieve, Taken, as_table
from bot.backtest.store.intake.times import read_times, without_words
from bot.backtest.store.intake.values import bad_bars, seems_a_running_sum, seems_in_cents
from bot.backtest.store.intake.vendors import as_usual, in_usd, of_contracts, with_stand_ins
from bot.backtest.store.kinds import DAY_US, Int64s, symbol_named
from bot.domain.errors import FixTheCommand
from bot.domain.text import counted
from bot.domain.types import Symbol

_FIGURES = ("open", "high", "low", "close", "volume")


def take_in(path: Path, told: Told) -> Iterator[Taken]:
    """Read a file and judge it; FixTheCommand in one line when it cannot be taken as it is."""
    raw = read_raw(path, told.columns)
    if not raw.rows:
        raise FixTheCommand(f"{path} has no rows")
    raw = with_folders(as_usual(raw))
    named = name_columns(path, raw.columns)
    raw, named = with_stand_ins(*of_contracts(in_usd(raw, named), named))
    shape = shape_of(path, named, raw.columns)
    source = f"import {path.name}"
    for symbol, part in _by_symbol(raw, named, told):
        if shape is Shape.BARS:
            yield _take_bars(part, named, symbol, told, source)
        else:
            is_option = shape is Shape.OPTIONS
            yield take_books(part, named, symbol, told, source, is_option=is_option)


def _by_symbol(raw: Raw, named: dict[str, str], told: Told) -> Iterator[tuple[Symbol, Raw]]:
    """The file's rows by symbol: told, in a column, or in the file's name."""
    column = named.get("symbol")
    if column is None:
        symbol = told.symbol or raw.symbol or symbol_in_name(raw.path)
        if symbol is None:
            raise FixTheCommand(f"{raw.path}: of which symbol? Pass --symbol")
        yield _symbol_of(raw, symbol), raw
        return
    cells = raw.columns[column].to_pylist()
    nameless = next((row for row, x in enumerate(cells) if x is None or not f"{x}".strip()), None)
    if nameless is not None:
        raise FixTheCommand(f"{raw.where(nameless)}: {column} is empty; of which symbol is the row?")
    names = np.array([symbol_written(f"{x}") for x in cells], dtype=object)
    wanted = sorted(set(names)) if told.symbol is None else [told.symbol.upper()]
    for name in wanted:
        kept = names == name
        if not kept.any():
            raise FixTheCommand(
                f"{raw.path}: no row of {name}; its column {column!r} has {', '.join(sorted(set(names))[:5])}"
            )
        yield _symbol_of(raw, name), raw.filtered(kept)


def _symbol_of(raw: Raw, text: str) -> Symbol:
    try:
        return symbol_named(text)
    except FixTheCommand as error:
        raise FixTheCommand(f"{raw.path}: {error}") from None


def _take_bars(raw: Raw, named: dict[str, str], symbol: Symbol, told: Told, source: str) -> Taken:
    notes: list[str] = []
    if told.skip_bad:
        raw, gone = without_words(raw, named)
        notes += [f"{counted(gone, 'row')} left out: the time is none"] if gone else []
        raw, gone = without_unreadable(raw, [named[name] for name in _FIGURES])
        notes += [f"{counted(gone, 'row')} left out: a figure is no number"] if gone else []
        if not raw.rows:
            raise FixTheCommand(f"{raw.path}: no row has a time and figures that are numbers")
    times = read_times(raw, named.get("time"), named.get("date"), told.day_order)
    figures = {name: floats(raw, named[name]) for name in _FIGURES}
    sieve = Sieve.over(raw, skip_bad=told.skip_bad)
    sieve.refuse(*bad_bars(figures))
    volume = np.where(np.isfinite(figures["volume"]) & (figures["volume"] > 0), figures["volume"], 0.0)
    step = size_of(raw, times)
    utc = to_instants(raw, times, volume, told)
    on_time_grid(raw, utc)
    starts = to_starts(raw, utc, volume, step, told)
    sieve.drop(~in_hours(starts), "outside of regular hours (09:30–16:00 New York)")
    kept, differs = once(starts, figures)
    sieve.refuse(differs, "an earlier row of the same minute has other figures")
    sieve.drop(~kept, "the same bar again")
    if not sieve.kept.any():
        raise FixTheCommand(f"{raw.path}: no row is left; {'; '.join(sieve.notes)}")
    _refuse_running_sum(raw, named["volume"], starts[sieve.kept], volume[sieve.kept])
    if (np.diff(starts) < 0).any():
        notes.append("its rows were not in order of time; they are now")
    if seems_in_cents(figures):
        notes.append(
            "every price is a whole number, and large: are they cents? A backtest takes them for USD"
        )
    if not volume.any():
        notes.append("no bar has a volume: relative volume cannot be asked for")
    table = as_table(SIZES[step], {"ts": starts, **figures}, raw.rows, source).filter(pa.array(sieve.kept))
    return Taken(SIZES[step], symbol, table, (*notes, *sieve.notes))


def _refuse_running_sum(raw: Raw, name: str, starts: Int64s, volume: Floats) -> None:
    order = np.argsort(starts, kind="stable")
    if seems_a_running_sum(starts[order] // DAY_US, volume[order]):
        raise FixTheCommand(
            f"{raw.path}: {name} only grows within a day: it is the day's volume so far; choose the bar's own with --columns "
            "(skip for this one), or write each row's less that of the row before"
        )
