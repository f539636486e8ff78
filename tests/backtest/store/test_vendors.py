"""Files as each vendor and program writes them come in with the same rows; what they do not say is told.

From each one's documentation or exports: the header or its lack, the forms of times and numbers, the name of the file.
"""

# ruff: noqa: E501  a row of the table is one file

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from bot.backtest.store.intake.options import Told
from bot.domain.errors import FixTheCommand
from bot.domain.market import Bar
from tests.backtest.store.makers import (
    HEAD,
    NEW_YORK_TIMES,
    Row,
    bars,
    expected,
    figures,
    rows,
    taken,
    wall,
    write,
)

BERLIN, CHICAGO = Told(zone="Europe/Berlin"), Told(zone="America/Chicago")
METATRADER = Told(zone="America/New_York+7h")
KLINES = "close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
DATABENTO = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol"
MT5 = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
STOOQ = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"


def at(bar: Bar, zone: str, form: str, *, after: timedelta = timedelta()) -> str:
    return (bar.start + after).astimezone(ZoneInfo(zone)).strftime(form)


def broker(bar: Bar, form: str) -> str:
    """MetaTrader's clock."""
    return wall(bar, form, after=timedelta(hours=7))


def since_1970(bar: Bar, digits: int) -> str:
    return f"{bar.start.timestamp():.0f}" + "0" * digits


def billionths(bar: Bar) -> str:
    return ",".join(f"{x * 1e9:.0f}" for x in (bar.open, bar.high, bar.low, bar.close))


def decimal_commas(bar: Bar) -> str:
    return figures(bar, ";").replace(".", ",")


def thousands_apart(bar: Bar) -> str:
    prices = ",".join(f'"${x:,.2f}"' for x in (bar.open, bar.high, bar.low, bar.close))
    return f'{prices},"{bar.volume:,.0f}"'


@dataclass(frozen=True)
class Vendor:
    """``told`` is what has to be said; ``notes`` how many are said back."""

    file: str
    head: str
    row: Row
    told: Told = field(default_factory=Told)
    notes: int = 0
    end: tuple[str, ...] = ()
    encoding: str = "utf-8"


VENDORS = {
    "MetaTrader 5": Vendor("SPY_M1_201101.csv", MT5, lambda x: f"{broker(x, '%Y.%m.%d%t%H:%M:%S')}\t{figures(x, chr(9))}\t0\t2", METATRADER, 1),
    "MetaTrader 5, UTF-16": Vendor("SPY_M1.csv", MT5, lambda x: f"{broker(x, '%Y.%m.%d%t%H:%M:%S')}\t{figures(x, chr(9))}\t0\t2", METATRADER, 1, (), "utf-16"),
    "MetaTrader 5 through Python": Vendor("SPY.csv", "time,open,high,low,close,tick_volume,spread,real_volume",
                                          lambda x: f"{x.start.timestamp() + 7200:.0f},{figures(x)},1,0", METATRADER, 1),
    "MetaTrader 4": Vendor("SPY.csv", "", lambda x: f"{broker(x, '%Y.%m.%d,%H:%M')},{figures(x)}", METATRADER),
    "TradingView": Vendor("BATS_SPY, 1.csv", "time,open,high,low,close,Volume,Volume MA", lambda x: f"{since_1970(x, 0)},{figures(x)},"),
    "Yahoo": Vendor("SPY.csv", "Datetime,Open,High,Low,Close,Adj Close,Volume",
                    lambda x: f"{wall(x, '%Y-%m-%d %H:%M:%S')}-05:00,{x.open},{x.high},{x.low},{x.close},{x.close},{x.volume}"),
    "Stooq": Vendor("spy.us.txt", STOOQ, lambda x: f"SPY.US,1,{wall(x, '%Y%m%d,%H%M%S')},{figures(x)},0", NEW_YORK_TIMES),
    "Alpaca": Vendor("bars.csv", "symbol,timestamp,open,high,low,close,volume,trade_count,vwap",
                     lambda x: f"SPY,{x.start:%Y-%m-%d %H:%M:%S}+00:00,{figures(x)},12,{x.close}"),
    "Alpaca's short names": Vendor("SPY.csv", "t,o,h,l,c,v,n,vw", lambda x: f"{x.start:%Y-%m-%dT%H:%M:%SZ},{figures(x)},12,{x.close}"),
    "Polygon": Vendor("2011-01.csv", "ticker,volume,open,close,high,low,window_start,transactions",
                      lambda x: f"SPY,{x.volume:.0f},{x.open},{x.close},{x.high},{x.low},{since_1970(x, 9)},5"),
    "IBKR TWS": Vendor("SPY.csv", "Date,Open,High,Low,Close,Volume,WAP,Count", lambda x: f"{wall(x, '%Y%m%d  %H:%M:%S')},{figures(x)},1,4", NEW_YORK_TIMES),
    "ib_insync": Vendor("SPY.csv", ",date,open,high,low,close,volume,average,barCount", lambda x: f"7,{wall(x, '%Y-%m-%d %H:%M:%S')}-05:00,{figures(x)},1,4"),
    "NinjaTrader": Vendor("SPY.Last.txt", "", lambda x: f"{x.end.astimezone(UTC):%Y%m%d %H%M%S};{figures(x, ';')}", Told(zone="UTC", label="end")),
    "Sierra Chart": Vendor("SPY.txt", "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume",
                           lambda x: f"{wall(x, '%Y/%-m/%-d, %H:%M:%S')}, {figures(x, ', ')}, 5, 1, 2", NEW_YORK_TIMES),
    "Databento": Vendor("xnas-itch.ohlcv-1m.csv", DATABENTO, lambda x: f"{since_1970(x, 9)},33,2,15,{billionths(x)},{x.volume:.0f},SPY"),
    "Databento, readable": Vendor("SPY.csv", DATABENTO, lambda x: f"{x.start:%Y-%m-%dT%H:%M:%S}.000000000Z,33,2,15,{figures(x)},SPY"),
    "FirstRate": Vendor("SPY_1min.txt", "", lambda x: f"{wall(x, '%Y-%m-%d %H:%M:%S')},{figures(x)}", NEW_YORK_TIMES),
    "Kibot": Vendor("SPY.txt", "", lambda x: f"{wall(x, '%m/%d/%Y,%H:%M')},{figures(x)}", NEW_YORK_TIMES),
    "Dukascopy": Vendor("SPY.USUSD_Candlestick_1_M_BID.csv", "Gmt time,Open,High,Low,Close,Volume", lambda x: f"{x.start:%d.%m.%Y %H:%M:%S}.000,{figures(x)}"),
    "Dukascopy, local": Vendor("SPY.csv", "Local time,Open,High,Low,Close,Volume",
                               lambda x: f"{at(x, 'Europe/Berlin', '%d.%m.%Y %H:%M:%S')}.000 GMT+0100,{figures(x)}"),
    "Barchart": Vendor("spy_intraday-1min.csv", "Time,Open,High,Low,Latest,Change,%Change,Volume",
                       lambda x: f"{at(x, 'America/Chicago', '%m/%d/%Y %H:%M')},{x.open},{x.high},{x.low},{x.close},0.1,+0.1%,{x.volume:.0f}", CHICAGO, 1,
                       ('"Downloaded from Barchart.com as of 01-14-2011 05:00am CST"',)),
    "thinkorswim": Vendor("SPY.csv", "Date,Time,Open,High,Low,Close,Volume", lambda x: f"{wall(x, '%-m/%-d/%y,%-I:%M %p')},{figures(x)}", NEW_YORK_TIMES),
    "klines in ms": Vendor("SPY.csv", f"open_time,{HEAD[5:]},{KLINES}", lambda x: f"{since_1970(x, 3)},{figures(x)},{since_1970(x, 3)},1,2,3,4,0"),
    "klines in µs": Vendor("SPY.csv", f"Open time,{HEAD[5:]},{KLINES}", lambda x: f"{since_1970(x, 6)},{figures(x)},{since_1970(x, 6)},1,2,3,4,0"),
    "klines in ns": Vendor("SPY.csv", f"openTime,{HEAD[5:]},{KLINES}", lambda x: f"{since_1970(x, 9)},{figures(x)},{since_1970(x, 9)},1,2,3,4,0"),
    "German": Vendor("SPY.csv", "Datum;Uhrzeit;Eröffnung;Hoch;Tief;Schluss;Volumen", lambda x: f"{at(x, 'Europe/Berlin', '%d.%m.%Y;%H:%M')};{decimal_commas(x)}", BERLIN),
    "German, spelled out": Vendor("SPY.csv", "Datum;Uhrzeit;Eroeffnung;Hoch;Tief;Schluss;Volumen",
                                  lambda x: f"{at(x, 'Europe/Berlin', '%d.%m.%Y;%H:%M')};{decimal_commas(x)}", BERLIN),
    "German, by a spreadsheet": Vendor("SPY.csv", "Datum;Zeit;Eröffnung;Hoch;Tief;Schlusskurs;Stücke",
                                       lambda x: f"{at(x, 'Europe/Berlin', '%d.%m.%Y;%H:%M:%S')};{decimal_commas(x)}", BERLIN, 0, (), "cp1252"),
    "French": Vendor("SPY.csv", "Date;Heure;Ouverture;Plus haut;Plus bas;Clôture;Volume",
                     lambda x: f"{at(x, 'Europe/Berlin', '%d/%m/%Y;%H:%M')};{decimal_commas(x)}", Told(zone="Europe/Paris")),
    "thousands apart": Vendor("SPY.csv", HEAD, lambda x: f"{wall(x, '%Y-%m-%d %H:%M')},{thousands_apart(x)}", NEW_YORK_TIMES),
    "EST": Vendor("SPY.csv", HEAD, lambda x: f"{wall(x, '%Y-%m-%d %H:%M')} EST,{figures(x)}", NEW_YORK_TIMES),
    "named months": Vendor("SPY.csv", HEAD, lambda x: f"{wall(x, '%d-%b-%Y %H:%M')},{figures(x)}", NEW_YORK_TIMES),
}  # fmt: skip


@pytest.mark.parametrize("name", VENDORS)
def test_each_vendor_s_file_comes_in_with_the_same_rows(tmp_path: Path, name: str) -> None:
    vendor = VENDORS[name]
    lines = [*(vendor.row(x) for x in bars()), *vendor.end]
    path = write(tmp_path, lines, vendor.head, vendor.file)
    path.write_bytes(path.read_text().encode(vendor.encoding))

    one = taken(path, vendor.told)

    assert (one.symbol, len(one.notes)) == ("SPY", vendor.notes), one.notes
    assert rows(one) == expected(bars())


@pytest.mark.parametrize(
    "name", [name for name, x in VENDORS.items() if x.told.zone and x.told.label is None]
)
def test_the_zone_that_is_asked_for_is_named(tmp_path: Path, name: str) -> None:
    vendor = VENDORS[name]
    path = write(tmp_path, [vendor.row(x) for x in bars()], vendor.head, vendor.file)
    same = "Europe/Berlin" if vendor.told.zone == "Europe/Paris" else vendor.told.zone

    with pytest.raises(FixTheCommand) as asked:
        taken(path, Told())

    assert f"--zone {same}" in f"{asked.value}"


def test_lean_s_file_has_its_day_and_symbol_in_its_name(tmp_path: Path) -> None:
    of_day = bars()[:390]

    def line(bar: Bar) -> str:
        ms = (bar.start - of_day[0].start) // timedelta(milliseconds=1) + 34_200_000
        prices = ",".join(f"{x * 10_000:.0f}" for x in (bar.open, bar.high, bar.low, bar.close))
        return f"{ms},{prices},{bar.volume:.0f}"

    lines = [line(x) for x in of_day]

    one = taken(write(tmp_path, lines, "", "20110103_spy_minute_trade.csv"))

    assert one.symbol == "SPY"
    assert rows(one) == expected(of_day)
    with pytest.raises(FixTheCommand, match="milliseconds since midnight"):
        taken(write(tmp_path, lines, "", "SPY.csv"))


def frame() -> pd.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    columns = {name.title(): [getattr(x, name) for x in bars()] for name in names}
    return pd.DataFrame(columns, index=pd.DatetimeIndex([x.start for x in bars()]))


def levels(given: pd.DataFrame) -> pd.DataFrame:
    """As yfinance names its columns."""
    columns = pd.MultiIndex.from_product([list(given.columns), ["SPY"]], names=["Price", "Ticker"])
    return given.set_axis(columns, axis=1).rename_axis("Datetime")


FRAMES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], Told]] = {
    "its index without a name": (lambda x: x, Told()),
    "its index by name": (lambda x: x.rename_axis("datetime"), Told()),
    "New York's times": (lambda x: x.tz_convert("America/New_York"), Told()),
    "times without a zone": (lambda x: x.tz_convert("America/New_York").tz_localize(None), NEW_YORK_TIMES),
    "columns of two levels": (levels, Told()),
    "columns of two levels the other way": (lambda x: levels(x).swaplevel(axis=1), Told()),
    "an index of two levels": (lambda x: pd.concat({"SPY": x}, names=["symbol", "timestamp"]), Told()),
    "its index as a column": (lambda x: x.reset_index(), Told()),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("kind", ["csv", "parquet", "csv.gz"])
def test_what_pandas_writes_comes_in(tmp_path: Path, name: str, kind: str) -> None:
    change, told = FRAMES[name]
    path = tmp_path / f"SPY.{kind}"
    if kind == "parquet":
        change(frame()).to_parquet(path)
    else:
        change(frame()).to_csv(path)
    assert kind != "csv.gz" or gzip.decompress(path.read_bytes())

    one = taken(path, told)

    assert (one.symbol, one.notes) == ("SPY", ())
    assert rows(one) == expected(bars())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_several_symbols_side_by_side_are_refused(tmp_path: Path, kind: str) -> None:
    both = pd.concat({"SPY": frame(), "QQQ": frame()}, axis=1).rename_axis("Datetime")
    path = tmp_path / f"two.{kind}"
    both.to_csv(path) if kind == "csv" else both.to_parquet(path)

    with pytest.raises(FixTheCommand, match="several symbols side by side"):
        taken(path, Told())


def test_a_file_packed_by_zstandard_is_read(tmp_path: Path) -> None:
    path = tmp_path / "SPY.csv.zst"
    with pa.CompressedOutputStream(f"{path}", "zstd") as out:
        out.write(frame().rename_axis("time").to_csv().encode())

    assert rows(taken(path, Told())) == expected(bars())


NAMES = {
    "NASDAQ_AAPL, 1.csv": "AAPL",
    "BRK.B_1min.csv": "BRK.B",
    "spy.us.txt": "SPY",
    "data.csv": None,
    "xnas-itch.csv": None,
    "1min.csv": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_says_no_symbol_is_asked_about(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, [f"{wall(x, '%Y-%m-%d %H:%M')},{figures(x)}" for x in bars()], name=name)
    if NAMES[name] is None:
        with pytest.raises(FixTheCommand, match="of which symbol"):
            taken(path)
    else:
        assert taken(path).symbol == NAMES[name]


def test_names_given_for_the_columns_stand_for_the_header(tmp_path: Path) -> None:
    head = "time,timestamp,open,high,low,close,volume"
    path = write(tmp_path, [f"{wall(x, '%H:%M')},{since_1970(x, 0)},{figures(x)}" for x in bars()], head)
    with pytest.raises(FixTheCommand, match="both 'time' and 'timestamp' could be the time"):
        taken(path, Told())

    one = taken(path, Told(columns=("skip", "time", "open", "high", "low", "close", "volume")))

    assert rows(one) == expected(bars())


def test_numbers_written_in_two_ways_are_refused(tmp_path: Path) -> None:
    lines = [f"{wall(x, '%Y-%m-%d %H:%M')};{decimal_commas(x)}" for x in bars()]
    lines[7] = lines[7].replace("126,7", "126.7", 1)

    with pytest.raises(FixTheCommand, match=r"line 9: open is '126\.7\d*', which is no number"):
        taken(write(tmp_path, lines, HEAD.replace(",", ";")))


def test_short_years_are_asked_about_where_they_could_come_first(tmp_path: Path) -> None:
    lines = [f"{wall(x, '%d/%m/%y %H:%M')},{figures(x)}" for x in bars()]

    with pytest.raises(FixTheCommand, match="--dates mdy or --dates dmy"):
        taken(write(tmp_path, lines))

    assert rows(taken(write(tmp_path, lines), Told(zone="America/New_York", day_order="dmy"))) == expected(
        bars()
    )


def test_a_date_that_lost_its_century_among_others_is_refused(tmp_path: Path) -> None:
    lines = [f"{wall(x, '%m/%d/%Y %H:%M')},{figures(x)}" for x in bars()]
    lines[5] = lines[5].replace("/2011", "/11", 1)

    with pytest.raises(FixTheCommand, match=r"line 7"):
        taken(write(tmp_path, lines))
