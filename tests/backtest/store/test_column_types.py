"""Columns of every type that Arrow knows, in every place: each is read for what it means, or refused in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.backtest.store.intake.intake import take_in
from bot.backtest.store.intake.options import Told
from bot.domain.errors import BotError, FixTheCommand
from tests.backtest.store.makers import NEW_YORK_TIMES, bars, expected, rows, taken, write

COUNT = 60
BARS = bars()[:COUNT]
VALUES: dict[pa.DataType, Any] = {
    pa.null(): None,
    pa.bool_(): True,
    pa.int8(): 5,
    pa.uint64(): 2**63,
    pa.float16(): 5.0,
    pa.float64(): float("nan"),
    pa.decimal128(9, 2): Decimal("1.50"),
    pa.string(): "five",
    pa.large_string(): "",
    pa.string_view(): "SPY",
    pa.binary(): b"\xff\xfe",
    pa.binary(3): b"SPY",
    pa.binary_view(): b"SPY",
    pa.large_binary(): b"\x00",
    pa.date32(): date(2011, 1, 3),
    pa.date64(): date(2011, 1, 3),
    pa.time32("s"): timedelta(hours=9),
    pa.time64("ns"): timedelta(hours=9),
    pa.timestamp("s"): datetime(2011, 1, 3, 14, 30),  # noqa: DTZ001  as files have it
    pa.timestamp("ns", "Asia/Tokyo"): datetime(2011, 1, 3, 14, 30, tzinfo=UTC),
    pa.duration("ms"): timedelta(minutes=1),
    pa.list_(pa.float64()): [1.0, 2.0],
    pa.list_(pa.float64(), 2): [1.0, 2.0],
    pa.large_list(pa.string()): ["a"],
    pa.struct({"a": pa.int8()}): {"a": 1},
    pa.map_(pa.string(), pa.int8()): [("a", 1)],
    pa.dictionary(pa.int8(), pa.string()): "SPY",
    pa.dictionary(pa.int32(), pa.float64()): 1.0,
    pa.uuid(): b"0123456789abcdef",
}
BAR_COLUMNS = ("time", "open", "high", "low", "close", "volume", "symbol", "vwap")
OPTION_COLUMNS = (
    "time",
    "expiry",
    "strike",
    "right",
    "bid",
    "ask",
    "bid_size",
    "last",
    "volume",
    "occ",
    "symbol",
)


def bar_table() -> dict[str, Any]:
    columns: dict[str, Any] = {"time": pa.array([x.start for x in BARS], pa.timestamp("us", "UTC"))}
    return columns | {name: pa.array([getattr(x, name) for x in BARS]) for name in BAR_COLUMNS[1:6]}


def option_table() -> dict[str, Any]:
    ones = {"strike": 100.0, "right": "C", "bid": 1.0, "ask": 1.1, "bid_size": 5, "last": 1.0, "volume": 7}
    return {
        "time": pa.array([x.start for x in BARS], pa.timestamp("us", "UTC")),
        "expiry": pa.array([date(2011, 1, 7)] * COUNT),
        **{name: pa.array([value] * COUNT) for name, value in ones.items()},
    }


def made(kind: pa.DataType, count: int = COUNT) -> pa.Array:
    value = VALUES[kind]
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array([value] * count, kind.storage_type))
    if pa.types.is_time(kind):
        seconds = int(value.total_seconds()) * (1 if kind.unit == "s" else 10**9)
        plain = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        return pa.array([seconds] * count, plain).cast(kind)
    return pa.array([value] * count, kind)


@pytest.mark.parametrize("kind", VALUES, ids=str)
@pytest.mark.parametrize("table", [bar_table, option_table])
def test_a_column_of_another_type_is_read_or_refused_in_one_line(
    tmp_path: Path, kind: pa.DataType, table: Any
) -> None:
    path = tmp_path / "SPY.parquet"
    for n, name in enumerate(BAR_COLUMNS if table is bar_table else OPTION_COLUMNS):
        try:
            pq.write_table(pa.table(table() | {name: made(kind)}), path)
        except pa.ArrowNotImplementedError:
            pytest.skip(f"Parquet has no {kind}")
        said = outcome(path, replace(NEW_YORK_TIMES, skip_bad=n % 2 == 0))
        assert "\n" not in said, name
        assert len(said) < 500


def outcome(path: Path, told: Told) -> str:
    try:
        found = [one.table.num_rows for one in take_in(path, told)]
    except BotError as error:
        return f"{error}"
    assert all(n <= COUNT for n in found)
    return ""


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.binary(3),
        pa.binary_view(),
        pa.large_binary(),
    ],
    ids=str,
)
def test_a_symbol_is_text_whatever_its_writer_calls_it(tmp_path: Path, kind: pa.DataType) -> None:
    symbols = pa.array([b"SPY"] * COUNT, pa.binary(3)).cast(pa.binary())
    column = symbols.cast(pa.string()).cast(kind) if kind != pa.binary(3) else symbols.cast(kind)
    path = tmp_path / "of_several.parquet"
    pq.write_table(pa.table(bar_table() | {"symbol": column}), path)

    one = taken(path, Told())

    assert one.symbol == "SPY"
    assert rows(one) == expected(BARS)


def test_two_columns_of_one_name_are_refused_by_that_name(tmp_path: Path) -> None:
    table = bar_table()
    path = tmp_path / "SPY.parquet"
    pq.write_table(pa.table([*table.values(), table["close"]], names=[*table, "close"]), path)

    with pytest.raises(FixTheCommand, match="two columns are called 'close'"):
        taken(path, Told())


def test_row_groups_without_rows_lose_nothing(tmp_path: Path) -> None:
    table = pa.table(bar_table())
    path = tmp_path / "SPY.parquet"
    with pq.ParquetWriter(path, table.schema) as writer:
        for part in (table.slice(0, 0), table.slice(0, 7), table.slice(0, 0), table.slice(7)):
            writer.write_table(part)

    assert rows(taken(path, Told())) == expected(BARS)


def test_what_holds_several_values_is_no_figure_and_shown_as_what_it_is(tmp_path: Path) -> None:
    table = bar_table()
    lists = pa.array([[1.0, 2.0]] * COUNT)
    path = tmp_path / "SPY.parquet"

    pq.write_table(pa.table(table | {"l": lists, "trades": lists}), path)
    assert rows(taken(path, Told())) == expected(BARS)

    pq.write_table(pa.table(table | {"close": lists}), path)
    with pytest.raises(FixTheCommand, match=r"no column close; it has .*close \(list<"):
        taken(path, Told())


@pytest.mark.parametrize("digits", [10, 13, 16, 19])
def test_counts_beyond_every_calendar_are_refused_in_one_line(tmp_path: Path, digits: int) -> None:
    lines = [f"{'9' * digits},{x.open},{x.high},{x.low},{x.close},{x.volume}" for x in BARS]

    with pytest.raises(FixTheCommand) as refused:
        taken(write(tmp_path, lines), Told())

    assert "\n" not in f"{refused.value}"


@pytest.mark.parametrize("name", ["bid_size", "last", "volume", "open_interest"])
@pytest.mark.parametrize("value", [-1.0, float("inf"), 2.0**63])
def test_a_quote_s_count_or_last_price_that_cannot_be_is_refused(
    tmp_path: Path, name: str, value: float
) -> None:
    path = tmp_path / "SPY.parquet"
    columns = option_table() | {name: pa.array([5.0] * (COUNT - 1) + [value])}
    pq.write_table(pa.table(columns), path)

    with pytest.raises(
        FixTheCommand, match=rf"row {COUNT}: .*{name.partition('_')[0]}.* is below 0 or absurd"
    ):
        taken(path, Told())
