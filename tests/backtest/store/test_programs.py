"""Files as Polars, DuckDB, PyArrow, pandas and spreadsheets write them: the same rows come in, or one line says what to do."""

# ruff: noqa: E501  a row of the tables is one file

from __future__ import annotations

import bz2
import json
import lzma
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bot.backtest.store.intake.options import Told
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Store
from bot.cli.main import app
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK
from tests.backtest.store.makers import (
    HEAD,
    NEW_YORK_TIMES,
    bars,
    expected,
    figures,
    plain,
    rows,
    taken,
    wall,
    write,
)

FIGURES = ("open", "high", "low", "close", "volume")


def table(**changed: pa.Array) -> pa.Table:
    """As Polars writes a frame; ``None`` leaves a column out."""
    columns = {"ts": pa.array([x.start for x in bars()], pa.timestamp("us", tz="UTC"))}
    columns |= {name: pa.array([getattr(x, name) for x in bars()]) for name in FIGURES}
    return pa.table({name: one for name, one in (columns | changed).items() if one is not None})


def new_york(form: str) -> pa.Array:
    return pa.array([wall(x, form) for x in bars()])


def walls() -> list[datetime]:
    return [x.start.astimezone(NEW_YORK).replace(tzinfo=None) for x in bars()]


def midnights() -> list[datetime]:
    return [x.replace(hour=0, minute=0) for x in walls()]


TABLES: dict[str, Callable[[], pa.Table]] = {
    "a category of symbols": lambda: table(symbol=pa.array(["SPY"] * len(bars())).dictionary_encode()),
    "a category of times": lambda: table(ts=new_york("%Y-%m-%d %H:%M:%S").dictionary_encode()),
    "a category of prices": lambda: table(open=pa.array([f"{x.open}" for x in bars()]).dictionary_encode()),
    "dates and times of day": lambda: table(ts=None, date=pa.array([x.date() for x in walls()]), time=pa.array([x.time() for x in walls()])),
    "a date beside whole times": lambda: table(date=pa.array([x.date() for x in walls()])),
    "a date beside counts since 1970": lambda: table(ts=pa.array([round(x.start.timestamp()) for x in bars()]), date=pa.array([x.date() for x in walls()])),
    "days as midnights": lambda: table(ts=None, date=pa.array(midnights(), pa.timestamp("ns")), time=new_york("%H:%M")),
    "an index that is a column, too": lambda: table().append_column("__index_level_0__", pa.array(range(len(bars())))),
    "four bytes a price": lambda: table(**{n: pa.array(np.array([round(getattr(x, n), 2) for x in bars()], dtype=np.float32)) for n in FIGURES[:4]}),
    "an offset of hours alone": lambda: table(ts=pa.array([f"{wall(x, '%Y-%m-%d %H:%M:%S')}-05" for x in bars()])),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_a_frame_comes_in_by_whatever_types_it_has(tmp_path: Path, name: str, packing: str) -> None:
    path = tmp_path / "SPY.parquet"
    pq.write_table(TABLES[name](), path, compression=packing, row_group_size=100)
    told = NEW_YORK_TIMES if "categor" in name or "times of day" in name or "midnights" in name else Told()

    one = taken(path, told)

    cents = [(x[0], *(round(y, 2) for y in x[1:5]), x[5]) for x in expected(bars())]  # type: ignore[call-overload]
    assert one.symbol == "SPY"
    assert rows(one) == (cents if "four bytes" in name else expected(bars()))


@pytest.mark.parametrize("names", [["symbol", "date"], ["symbol", "year"]])
def test_a_partitioned_data_set_has_its_symbol_in_its_folders(tmp_path: Path, names: list[str]) -> None:
    whole = table(
        symbol=pa.array(["SPY"] * len(bars())), date=new_york("%Y-%m-%d"), year=pa.array([2011] * len(bars()))
    )
    kept = whole.drop_columns([n for n in ("date", "year") if n not in names])
    schema = pa.schema([kept.schema.field(n) for n in names])
    ds.write_dataset(
        kept, tmp_path / "set", format="parquet", partitioning=ds.partitioning(schema, flavor="hive")
    )
    files = sorted((tmp_path / "set").rglob("*.parquet"))

    found = [taken(path, Told()) for path in files]

    assert {x.symbol for x in found} == {"SPY"}
    assert [row for one in found for row in rows(one)] == expected(bars())
    with pytest.raises(FixTheCommand, match=r"as in .*/set/\*/\*/\*\.parquet"):
        taken(tmp_path / "set", Told())


def in_folders(folder: Path, names: str, frame: pa.Table) -> Path:
    path = folder / names / "part-0.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(frame, path)
    return path


@pytest.mark.parametrize(
    "names", ["symbol=SPY/year=2011", "Ticker=SPY", "sym=spy/month=1", "instrument=NYSE%3ASPY/year=2011"]
)
def test_within_a_data_set_the_folders_above_say_the_symbol_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.chdir(in_folders(tmp_path, names, table()).parent)

    one = taken(Path("part-0.parquet"), Told())

    assert (one.symbol, rows(one)) == ("SPY", expected(bars()))


def test_year_month_and_day_of_the_folders_are_the_date_of_times_of_day(tmp_path: Path) -> None:
    frame = table(ts=None, time=new_york("%H:%M:%S"))
    day = wall(bars()[0], "year=%Y/month=%m/day=%d")
    mine = frame.filter(pa.array([wall(x, "%Y-%m-%d") == wall(bars()[0], "%Y-%m-%d") for x in bars()]))

    one = taken(in_folders(tmp_path, f"symbol=SPY/{day}", mine), NEW_YORK_TIMES)

    assert rows(one) == expected([x for x in bars() if x.start.date() == bars()[0].start.date()])


def test_folders_that_name_two_symbols_are_refused(tmp_path: Path) -> None:
    path = in_folders(tmp_path, "symbol=SPY/ticker=QQQ", table())

    with pytest.raises(FixTheCommand, match=r"symbol=SPY and ticker=QQQ"):
        taken(path, Told())


def zipped(**files: bytes) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return data.getvalue()


CSV = "\n".join([HEAD, *(plain(x) for x in bars())]) + "\n"
TEXTS: dict[str, bytes] = {
    "bzip2": bz2.compress(CSV.encode()),
    "xz": lzma.compress(CSV.encode()),
    "zip": zipped(SPY=CSV.encode()),
    "a spreadsheet's separator": f"sep=;\r\n{CSV}".replace(",", ";")
    .replace("\n", "\r\n")
    .encode("utf-8-sig"),
    "a comment above": f"# by me\n\n{CSV}".encode(),
    "a count below": f"{CSV}({len(bars())} rows)\n".encode(),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_comes_in_packed_and_with_lines_around_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "SPY.csv"
    path.write_bytes(TEXTS[name])

    assert rows(taken(path)) == expected(bars())


@pytest.mark.parametrize("below", ["Total,,,,,12345", ",,,,,12345"])
def test_a_sum_below_the_rows_is_named_with_its_line_and_left_out_on_request(
    tmp_path: Path, below: str
) -> None:
    path = write(tmp_path, [*(plain(x) for x in bars()), below])

    with pytest.raises(FixTheCommand, match=rf"SPY\.csv, line {len(bars()) + 2}: time is .*--skip-bad"):
        taken(path)
    one = taken(path, Told(zone="America/New_York", skip_bad=True))

    assert rows(one) == expected(bars())
    assert one.notes == ("1 row left out: the time is none",)


def feather() -> bytes:
    data = BytesIO()
    pf.write_feather(table(), data)
    return data.getvalue()


def workbook() -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return data.getvalue()


def parquet(**changed: pa.Array) -> bytes:
    data = BytesIO()
    pq.write_table(table(**changed), data)
    return data.getvalue()


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "Feather": (feather, "an Arrow .* write it as Parquet"),
    "Excel": (workbook, "an Excel workbook; save its sheet as CSV"),
    "two files in a zip": (lambda: zipped(a=b"1", b=b"2"), "a zip archive of 2 files; unpack it"),
    "a damaged zip": (lambda: zipped(SPY=CSV.encode())[:900], "damaged zip file"),
    "a damaged xz": (lambda: lzma.compress(CSV.encode())[:900], "damaged xz file"),
    "no volume": (lambda: parquet(volume=pa.nulls(len(bars()))), "column 'volume' is empty in every row"),
    "times of day alone": (lambda: parquet(ts=None, time=new_york("%H:%M")), "row 1: time is '09:30', which is a time of day without its date"),
    "a time that is missing": (lambda: parquet(ts=pa.array([None, *(x.start for x in bars()[1:])])), r"row 1: ts is empty \(--skip-bad"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_come_in_is_said_with_its_remedy(tmp_path: Path, name: str) -> None:
    make, words = WRONG[name]
    path = tmp_path / "SPY.parquet"
    path.write_bytes(make())

    with pytest.raises(FixTheCommand, match=words) as refused:
        taken(path, Told())

    assert "SPY.parquet" in f"{refused.value}"
    assert "\n" not in f"{refused.value}"


def two_symbols(folder: Path) -> Path:
    """The second symbol's third row is none."""
    good = [f"AAA,{plain(x)}" for x in bars()]
    bad = [f"BBB,{plain(x)}" for x in bars()]
    x = bars()[2]
    bad[2] = f"BBB,{wall(x, '%Y-%m-%d %H:%M')},{figures(x)}".replace(f"{x.high:g}", "0.5", 1)
    return write(folder, good + bad, f"symbol,{HEAD}", "two.csv")


def imported(*words: str) -> tuple[str, list[str]]:
    done = CliRunner().invoke(app, ["data", "import", *words, "--zone", "America/New_York", "--json"])
    return f"{done.exception or ''}", done.stdout.splitlines()


def test_a_file_comes_in_whole_or_not_at_all_and_the_line_is_the_file_s(tmp_path: Path) -> None:
    first, store = write(tmp_path, [plain(x) for x in bars()]), Store(tmp_path / "data")

    said, told = imported(f"{first}", f"{two_symbols(tmp_path)}", "--data", f"{store.root}")

    assert f"two.csv, line {1 + len(bars()) + 3}: " in said
    assert store.symbols(Kind.BARS_1M) == ("SPY",)
    assert [json.loads(x)["symbol"] for x in told] == ["SPY"], "what came in before is told"


def test_two_files_that_overlap_agree_or_are_refused_by_name(tmp_path: Path) -> None:
    lines, data = [plain(x) for x in bars()], ("--data", f"{tmp_path / 'data'}")
    parts = [write(tmp_path, lines[:500], name="SPY_1.csv"), write(tmp_path, lines[300:], name="SPY_2.csv")]

    _, told = imported(*map(str, parts), *data)
    other = write(tmp_path, [x[:-1] + "1" if x[-1] != "1" else x[:-1] + "2" for x in lines], name="SPY_3.csv")
    said, _ = imported(f"{other}", *data)

    assert [(x["new"], x["same"]) for x in map(json.loads, told)] == [(500, 0), (len(lines) - 500, 200)]
    assert f"{other}: SPY: {len(lines):,} rows differ" in said
    assert Store(tmp_path / "data").table(
        Kind.BARS_1M, "SPY", bars()[0].start.date(), bars()[-1].start.date()
    )["volume"].to_pylist() == [x.volume for x in bars()]


def test_a_frame_written_in_reverse_is_told_from_its_first_day_to_its_last(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {n: [getattr(x, n) for x in bars()] for n in FIGURES}, index=[x.start for x in bars()]
    )
    frame.iloc[::-1].to_parquet(tmp_path / "SPY.parquet")

    _, [told] = imported(f"{tmp_path / 'SPY.parquet'}", "--data", f"{tmp_path}")

    assert json.loads(told)["first"] < json.loads(told)["last"]
