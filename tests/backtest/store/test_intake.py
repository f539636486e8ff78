"""Files come in as they are meant, or are refused with the reason."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.backtest.store.intake.intake import take_in
from bot.backtest.store.intake.options import Told
from bot.backtest.store.kinds import Kind
from bot.domain.errors import FixTheCommand
from bot.domain.market import Bar
from bot.sim.market.recorded.bars import recorded_hours
from tests.backtest.store.makers import (
    DAYS,
    HEAD,
    MINUTE,
    NEW_YORK_TIMES,
    Row,
    bars,
    expected,
    figures,
    plain,
    rows,
    taken,
    wall,
    write,
)

END = replace(NEW_YORK_TIMES, label="end")
SPLIT_HEAD = "<TICKER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"


def commas(bar: Bar) -> str:
    return figures(bar, ";").replace(".", ",")


LAYOUTS: dict[str, tuple[str, Row, Told]] = {
    "offset": (HEAD, lambda x: f"{wall(x, '%Y-%m-%dT%H:%M:%S%z')},{figures(x)}", Told()),
    "wall clock": ("Date,Open,High,Low,Close,Volume", plain, NEW_YORK_TIMES),
    "American dates": ("Date,Time,O,H,L,C,V", lambda x: f"{wall(x, '%m/%d/%Y,%H:%M')},{figures(x)}", NEW_YORK_TIMES),
    "forenoon and afternoon": (HEAD, lambda x: f"{wall(x, '%m/%d/%Y %I:%M %p')},{figures(x)}", NEW_YORK_TIMES),
    "milliseconds": (HEAD, lambda x: f"{x.start.timestamp() * 1000:.0f},{figures(x)}", Told()),
    "seconds as a float": (HEAD, lambda x: f"{x.start.timestamp():.1f},{figures(x)}", Told()),
    "no header": ("", lambda x: f"{wall(x, '%Y%m%d,%H%M')},{figures(x)}", NEW_YORK_TIMES),
    "no header, semicolons": ("", lambda x: f"{wall(x, '%Y%m%d %H%M%S')};{figures(x, ';')}", NEW_YORK_TIMES),
    "decimal commas": (HEAD.replace(",", ";"), lambda x: f"{wall(x, '%d.%m.%Y %H:%M')};{commas(x)}", NEW_YORK_TIMES),
    "a ticker's column": (SPLIT_HEAD, lambda x: f"SPY,{wall(x, '%Y%m%d,%H%M%S')},{figures(x)}", NEW_YORK_TIMES),
    "labelled by the end": (HEAD, lambda x: f"{wall(x, '%Y-%m-%d %H:%M', after=MINUTE)},{figures(x)}", END),
    "zone in each row": (HEAD, lambda x: f"{wall(x, '%Y%m%d %H:%M:%S')} US/Eastern,{figures(x)}", Told()),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_usual_layouts_all_give_the_same_rows(tmp_path: Path, layout: str) -> None:
    head, line, told = LAYOUTS[layout]

    one = taken(write(tmp_path, [line(x) for x in bars()], head), told)

    assert (one.kind, one.symbol, one.notes) == (Kind.BARS_1M, "SPY", ())
    assert rows(one) == expected(bars())


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_parquet_gives_the_same_rows_as_text(tmp_path: Path, unit: str) -> None:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: [getattr(x, name) for x in bars()] for name in names}
    stamps = pa.array([x.start for x in bars()], pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, "UTC"))
    path = tmp_path / "SPY_2011.parquet"
    pq.write_table(pa.table({"timestamp": stamps, **columns}), path)

    assert rows(taken(path, Told())) == expected(bars())


@pytest.mark.parametrize(
    "kind",
    [
        pa.decimal128(20, 4),
        pa.decimal256(40, 9),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
    ],
)
def test_prices_of_every_type_are_the_same_numbers(tmp_path: Path, kind: pa.DataType) -> None:
    columns = {
        name: pa.array([f"{getattr(x, name)}" for x in bars()]).cast(kind) for name in HEAD.split(",")[1:]
    }
    path = tmp_path / "SPY.parquet"
    pq.write_table(
        pa.table({"time": pa.array([x.start for x in bars()], pa.timestamp("us", "UTC")), **columns}), path
    )

    assert rows(taken(path, Told())) == expected(bars())


def test_a_gzipped_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, [plain(x) for x in bars()])
    packed = tmp_path / "SPY.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    assert rows(taken(packed)) == expected(bars())


def test_hours_come_in_on_the_clock_s_grid_with_half_an_hour_first(tmp_path: Path) -> None:
    hours = [x for x in recorded_hours("SPY") if x.start.year == 2011][:70]
    lines = [f"{wall(x, '%Y-%m-%d %H:00')},{figures(x)}" for x in hours]

    one = taken(write(tmp_path, lines))

    assert one.kind is Kind.BARS_60M
    assert rows(one) == expected(hours)


def test_extended_hours_are_left_out_and_counted(tmp_path: Path) -> None:
    early = [replace(x, start=x.start - timedelta(hours=2), volume=10.0) for x in bars()]

    one = taken(write(tmp_path, [plain(x) for x in sorted([*bars(), *early[:60]], key=lambda x: x.start)]))

    assert rows(one) == expected(bars())
    assert one.notes == ("60 rows left out: outside of regular hours (09:30–16:00 New York)",)


def test_counts_that_a_wall_clock_was_taken_for_are_found_out_and_can_be_named(tmp_path: Path) -> None:
    # A spreadsheet that calls New York's half past nine 09:30 UTC.
    lines = [f"{x.start.timestamp() - 5 * 3600:.0f},{figures(x)}" for x in bars()]
    path = write(tmp_path, lines)

    with pytest.raises(FixTheCommand, match="--zone America/New_York"):
        taken(path, Told())

    assert rows(taken(path, NEW_YORK_TIMES)) == expected(bars())


Change = Callable[[list[str]], list[str]]
WRONG: dict[str, tuple[Told, str, Change, str]] = {
    "no close": (NEW_YORK_TIMES, "time,open,high,low,settle,volume", lambda x: x, "no column close"),
    "no time": (NEW_YORK_TIMES, "x,open,high,low,close,volume", lambda x: x, "no column of times"),
    "two closes": (NEW_YORK_TIMES, "time,open,high,low,close,Close", lambda x: x, "both 'close' and 'Close'"),
    "no zone": (Told(), HEAD, lambda x: x, "--zone America/New_York fits New York's session 100%"),
    "wrong zone": (Told(zone="UTC"), HEAD, lambda x: x, "pass --zone America/New_York"),
    "no such zone": (Told(zone="Mars/Base"), HEAD, lambda x: x, "'Mars/Base' is no time zone"),
    "wrong label": (END, HEAD, lambda x: x, "look like the bars' starts"),
    "no number": (NEW_YORK_TIMES, HEAD, lambda x: [*x[:4], x[4].replace("126.", "12b."), *x[5:]], "line 6: "),
    "an empty cell": (NEW_YORK_TIMES, HEAD, lambda x: [*x[:2], x[2].rsplit(",", 1)[0] + ",", *x[3:]], "line 4: volume is empty"),
    "no such day": (NEW_YORK_TIMES, HEAD, lambda x: [x[0].replace("01-03", "02-30"), *x[1:]], "is no time"),
    "too few cells": (NEW_YORK_TIMES, HEAD, lambda x: [*x[:9], "2011-01-03", *x[9:]], "Expected 6 columns"),
    "negative price": (NEW_YORK_TIMES, HEAD, lambda x: [x[0].replace("126.", "-1.", 1), *x[1:]], "line 2: a price is not"),
    "nan": (NEW_YORK_TIMES, HEAD, lambda x: [*x[:5], x[5] + "e99", *x[6:]], "line 7: a figure is unknown"),
    "a contradiction": (NEW_YORK_TIMES, HEAD, lambda x: [*x, x[-1] + "1"], "has other figures"),
    "seconds": (NEW_YORK_TIMES, HEAD, lambda x: [x[0].replace("09:30", "09:30:07"), *x[1:]], "not a full minute"),
    "no rows": (NEW_YORK_TIMES, HEAD, lambda _: [], "no rows"),
    "daily": (NEW_YORK_TIMES, HEAD, lambda x: [y.replace(" 09:30", "") for y in x if " 09:30" in y], "daily bars"),
    "five minutes": (NEW_YORK_TIMES, HEAD, lambda x: x[::5], "bars of 5 min"),
    "the future": (NEW_YORK_TIMES, HEAD, lambda x: [y.replace("2011-", "2091-") for y in x],
                   "line 2: the time lies before 1990 or in the future"),
    "a web page": (NEW_YORK_TIMES, "<html>404</html>", lambda _: [], "no rows"),
    "a line above the header": (NEW_YORK_TIMES, "SPY, downloaded", lambda x: [HEAD, *x],
                                "is line 1, 'SPY,downloaded', the header?"),
    "a row of no symbol": (NEW_YORK_TIMES, f"ticker,{HEAD}", lambda x: [f"{'SPY' * (n != 7)},{y}" for n, y in enumerate(x)],
                           "line 9: ticker is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_said_in_one_line_that_names_it(tmp_path: Path, case: str) -> None:
    told, head, change, words = WRONG[case]
    path = write(tmp_path, change([plain(x) for x in bars()]), head)

    with pytest.raises(FixTheCommand) as refused:
        taken(path, told)

    said = f"{refused.value}"
    assert words in said
    assert "\n" not in said
    assert "SPY.csv" in said or "--zone" in said


def test_a_parquet_file_whose_symbols_are_null_is_not_taken_for_one_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "SPY.parquet"
    columns = {name: [getattr(x, name) for x in bars()] for name in HEAD.split(",")[1:]}
    stamps = pa.array([x.start for x in bars()], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"time": stamps, **columns, "symbol": pa.nulls(len(bars()), pa.string())}), path)

    with pytest.raises(FixTheCommand, match="row 1: symbol is empty"):
        taken(path)


def test_prices_that_look_like_cents_are_asked_about(tmp_path: Path) -> None:
    in_cents = [
        replace(x, **{name: round(getattr(x, name) * 100) for name in ("open", "high", "low", "close")})
        for x in bars()
    ]
    lines = [
        f"{wall(x, '%Y-%m-%d %H:%M')},{x.open},{x.high},{x.low},{x.close},{x.volume:.0f}" for x in in_cents
    ]

    one = taken(write(tmp_path, lines))

    assert [note for note in one.notes if "cents" in note]
    assert not [note for note in taken(write(tmp_path, [plain(x) for x in bars()])).notes if "cents" in note]


def test_a_date_that_could_be_two_days_is_asked_for(tmp_path: Path) -> None:
    lines = [f"{wall(x, '%m/%d/%Y %H:%M')},{figures(x)}" for x in bars(DAYS[:2])]
    path = write(tmp_path, lines)

    with pytest.raises(FixTheCommand, match="--dates mdy or --dates dmy"):
        taken(path)

    assert rows(taken(path, replace(NEW_YORK_TIMES, day_order="mdy"))) == expected(bars(DAYS[:2]))


def test_rows_that_cannot_be_true_are_left_out_on_request_and_counted(tmp_path: Path) -> None:
    lines = [plain(x) for x in bars()]
    lines[3] = lines[3].replace("126.", "-126.", 1)
    lines[8] = lines[8].replace("126.", "x", 1)

    one = taken(write(tmp_path, lines), replace(NEW_YORK_TIMES, skip_bad=True))

    assert rows(one) == expected([x for n, x in enumerate(bars()) if n not in (3, 8)])
    assert one.notes == ("1 row left out: a figure is no number", "1 row left out: a price is not above 0")


def test_option_quotes_come_in_by_contract_with_the_last_trading_day_as_expiry(tmp_path: Path) -> None:
    head = "quote_datetime,underlying,expiration,strike,type,bid,ask,bid_size,ask_size"
    lines = [
        "2014-06-06 09:31,AAPL,2014-06-21,645,call,10.10,10.30,5,7",
        "2014-06-06 09:32,AAPL,2014-06-21,645,put,0,9.20,0,7",
    ]

    one = taken(write(tmp_path, lines, head, "chain.csv"))

    assert (one.kind, one.symbol) == (Kind.OPTIONS_1M, "AAPL")
    call, put = one.table.to_pylist()
    assert (call["expiry"], call["strike"], call["right"], call["bid"]) == (
        date(2014, 6, 20),
        645.0,
        "C",
        10.1,
    )
    assert (put["right"], put["ask_size"]) == ("P", 7)
    assert put["bid"] != put["bid"], "a bid of 0 is nobody's"
    assert one.notes == ("2 rows: an expiry on a Saturday is the last trading day before it",)


def test_a_file_of_several_symbols_comes_in_as_several(tmp_path: Path) -> None:
    lines = [f"{name},{plain(x)}" for x in bars() for name in ("SPY", "QQQ")]
    path = write(tmp_path, lines, f"ticker,{HEAD}", "all.csv")

    assert [(one.symbol, len(one.table)) for one in take_in(path, NEW_YORK_TIMES)] == [
        ("QQQ", 1170),
        ("SPY", 1170),
    ]


def test_json_lines_are_refused_with_the_formats_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "SPY.jsonl"
    path.write_text(
        '{"t": "2025-03-03T14:30:00Z", "o": 580.0, "h": 580.1, "l": 579.9, "c": 580.0, "v": 42}\n' * 3
    )

    with pytest.raises(FixTheCommand, match=r"SPY\.jsonl: it holds JSON; write it as CSV"):
        list(take_in(path, NEW_YORK_TIMES))
