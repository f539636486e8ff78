"""Tables of quotes: a stock's best bid and offer, or those of option contracts.

Source of the Saturday rule: options expired formally on the Saturday after their last trading day until February 2015
(OCC information memo 34082); IB and this store name the last trading day.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from bot.backtest.store.intake.dates import DateReader, has_short_years, order_of
from bot.backtest.store.intake.instants import to_instants
from bot.backtest.store.intake.naming import OCC
from bot.backtest.store.intake.numbers import Floats, floats
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.intake.sessions import day_of, place_bars
from bot.backtest.store.intake.taken import Sieve, Taken, as_table
from bot.backtest.store.intake.times import Times, read_times, without_words
from bot.backtest.store.intake.values import bad_books
from bot.backtest.store.kinds import DAY_US, MINUTE_US, Int64s, Kind, keys
from bot.domain.errors import FixTheCommand
from bot.domain.session import CalendarRangeError, previous_session, session_on
from bot.domain.text import counted
from bot.domain.types import Symbol

_RIGHTS: Final = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
_SIDES: Final = ("bid", "ask")
_COUNTS: Final = ("bid_size", "ask_size", "volume", "open_interest")


def take_books(
    raw: Raw, named: dict[str, str], symbol: Symbol, told: Told, source: str, *, is_option: bool
) -> Taken:
    """The rows of one symbol as quotes of the store."""
    kind = Kind.OPTIONS_1M if is_option else Kind.QUOTES_1M
    raw, gone = without_words(raw, named) if told.skip_bad else (raw, 0)
    sieve = Sieve.over(raw, skip_bad=told.skip_bad)
    if gone:
        sieve.notes.append(f"{counted(gone, 'row')} left out: the time is none")
    instants, in_force = _instants(raw, named, told)
    columns: dict[str, object] = {"ts": in_force}
    sides = {n: floats(raw, named[n], may_be_unknown=True) for n in _SIDES}
    counts: dict[str, Floats] = {n: floats(raw, named[n], may_be_unknown=True) for n in _COUNTS if n in named}
    is_told = is_option and "last" in named
    last = floats(raw, named["last"], may_be_unknown=True) if is_told else np.full(raw.rows, np.nan)
    sieve.refuse(*bad_books(sides["bid"], sides["ask"], {named[n]: x for n, x in counts.items()}, last))
    # A bid of 0 is nobody's bid.
    columns |= {n: np.where(values > 0, values, np.nan) for n, values in sides.items()}
    columns.update(counts)
    if is_option:
        columns["last"] = last
        columns |= _contracts(raw, named, sieve, told)
        days = (place_bars(in_force - MINUTE_US).opens // DAY_US).astype("datetime64[D]")
        sieve.refuse(np.asarray(columns["expiry"]) < days, "the contract had expired before that day")
    _keep_hours(sieve, np.asarray(columns["ts"]))
    order = np.argsort(instants[sieve.kept], kind="stable")
    table = as_table(kind, columns, raw.rows, source).filter(pa.array(sieve.kept)).take(pa.array(order))
    return _once(Taken(kind, symbol, table, tuple(sieve.notes)), raw)


def _instants(raw: Raw, named: dict[str, str], told: Told) -> tuple[Int64s, Int64s]:
    """When each row was quoted, and the full minute from which the store has it in force: never before it was known.

    One labelled by its minute's start comes in force at that minute's end; so do quotes that come as they change.
    """
    times: Times = read_times(raw, named.get("time"), named.get("date"), told.day_order)
    if times.is_dates_only:
        raise FixTheCommand(
            f"{raw.path}: its times are days alone, as of end-of-day quotes; backtests need quotes by the minute, with their time"
        )
    utc = to_instants(raw, times, np.ones(raw.rows), told)
    if (utc % MINUTE_US != 0).any():
        return utc, -(-utc // MINUTE_US) * MINUTE_US
    return utc, utc + MINUTE_US if told.label == "start" else utc


def _keep_hours(sieve: Sieve, us: Int64s) -> None:
    placed = place_bars(us)
    minute = placed.minute(us)
    inside = (placed.minutes > 0) & (minute > 0) & (minute <= placed.minutes)
    sieve.drop(~inside, "outside of regular hours")


def _contracts(raw: Raw, named: dict[str, str], sieve: Sieve, told: Told) -> dict[str, object]:
    if "occ" in named and "strike" not in named:
        expiries, rights, strikes = _from_occ(raw, named["occ"])
    else:
        strikes = floats(raw, named["strike"])
        rights = _rights(raw, named["right"])
        expiries = _expiries(raw, named["expiry"], told)
    sieve.refuse(~(np.isfinite(strikes) & (strikes > 0) & (strikes < 100_000)), "the strike is absurd")
    last_days = {day: _last_trading_day(day) for day in set(expiries)}
    moved = sum(1 for day in expiries if last_days[day] not in (day, None))
    if moved:
        sieve.notes.append(
            f"{counted(moved, 'row')}: an expiry on a Saturday is the last trading day before it"
        )
    traded = np.array([last_days[day] is not None for day in expiries], dtype=np.bool_)
    sieve.refuse(~traded, "the expiry is no trading day")
    days = [last_days[day] or day for day in expiries]
    return {"strike": strikes, "right": rights, "expiry": np.array(days, dtype="datetime64[D]")}


def _last_trading_day(day: date) -> date | None:
    try:
        if session_on(day) is not None:
            return day
        return previous_session(day).day if day.weekday() == 5 and day < date(2015, 2, 15) else None
    except CalendarRangeError:
        return day if day.weekday() < 5 else None  # beyond the table: long-dated options exist


def _rights(raw: Raw, name: str) -> list[str]:
    found = [_RIGHTS.get(f"{x}".strip().upper(), "") for x in raw.columns[name].to_pylist()]
    if "" in found:
        row = found.index("")
        cell = f"{raw.columns[name][row].as_py()}"
        raise FixTheCommand(f"{raw.where(row)}: {name} is {cell[:20]!r}; C or P is wanted")
    return found


def _expiries(raw: Raw, name: str, told: Told) -> list[date]:
    column = raw.columns[name]
    if pt.is_date(column.type) or pt.is_timestamp(column.type):
        column = column.cast(pa.date32())
    cells = column.to_pylist()
    texts = [f"{cell}".strip() for cell in cells]
    reader = DateReader(raw, name, told.day_order or order_of(raw, texts), has_short_years(texts))
    known: dict[object, date] = {}
    for row, cell in enumerate(cells):
        if cell not in known:
            known[cell] = cell if isinstance(cell, date) else day_of(reader.read(row, texts[row]))
    return [known[cell] for cell in cells]


def _from_occ(raw: Raw, name: str) -> tuple[list[date], list[str], Floats]:
    known: dict[str, tuple[date, str, float]] = {}
    cells = [f"{x}".strip() for x in raw.columns[name].to_pylist()]
    for row, cell in enumerate(cells):
        if cell not in known:
            known[cell] = _one_occ(raw, row, name, cell)
    found = [known[cell] for cell in cells]
    return [x[0] for x in found], [x[1] for x in found], np.array([x[2] for x in found], dtype=np.float64)


def _one_occ(raw: Raw, row: int, name: str, cell: str) -> tuple[date, str, float]:
    parts = OCC.fullmatch(cell)
    day = None if parts is None else _day_of_six(parts[2])
    if parts is None or day is None:
        raise FixTheCommand(f"{raw.where(row)}: {name} is {cell[:30]!r}; an OCC symbol is wanted")
    return day, parts[3], int(parts[4]) / 1000


def _day_of_six(text: str) -> date | None:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def _once(taken: Taken, raw: Raw) -> Taken:
    """The last of several quotes of one minute is the one in force at its end."""
    if not len(taken.table):
        raise FixTheCommand(f"{raw.path}: no row lies in New York's regular hours; {'; '.join(taken.notes)}")
    rows: dict[int, pa.Table] = {}
    day_numbers = np.asarray(taken.table["ts"].cast(pa.int64()).to_numpy()) // (1440 * MINUTE_US)
    kept = []
    for day in np.unique(day_numbers):
        rows[int(day)] = taken.table.filter(pa.array(day_numbers == day))
        marks = keys(taken.kind, rows[int(day)])
        last = len(marks) - 1 - np.unique(marks[::-1], return_index=True)[1]
        kept.append(rows[int(day)].take(pa.array(np.sort(last))))
    table = pa.concat_tables(kept)
    gone = len(taken.table) - len(table)
    notes = taken.notes + (
        (f"{counted(gone, 'row')} left out: a later row of the same minute",) if gone else ()
    )
    return Taken(taken.kind, taken.symbol, table, notes)
