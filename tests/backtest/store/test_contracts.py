"""Option quotes as vendors write them, quotes that come as they change, and what looks like bars of a stock and is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.store.intake.options import Told
from bot.backtest.store.kinds import Kind
from bot.domain.errors import FixTheCommand
from bot.domain.market import Bar
from tests.backtest.store.makers import (
    HEAD,
    MINUTE,
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

EXPIRY, STRIKE = date(2011, 1, 21), 127.0
IN_UTC = "%Y-%m-%dT%H:%M:%S.000000000Z"


def ends(bar: Bar, form: str) -> str:
    return wall(bar, form, after=MINUTE)


def ms_of_day(bar: Bar) -> int:
    at = bar.start + MINUTE
    return (int(ends(bar, "%H")) * 60 + at.minute) * 60_000


CHAINS: dict[str, tuple[str, Callable[[Bar], str]]] = {
    "Cboe DataShop": (
        "underlying_symbol,quote_datetime,root,expiration,strike,option_type,bid_size,bid,ask_size,ask,underlying_bid",
        lambda x: f"SPY,{ends(x, '%Y-%m-%d %H:%M:%S')},SPY,2011-01-21,127.000,C,10,1.20,11,1.25,127.1",
    ),
    "Databento CBBO": (
        "ts_recv,ts_event,rtype,publisher_id,instrument_id,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol",
        lambda x: (
            f"{x.end.strftime(IN_UTC)},{x.end.strftime(IN_UTC)},195,30,77,1.20,1.25,10,11,SPY   110121C00127000"
        ),
    ),
    "ThetaData": (
        "root,expiration,strike,right,ms_of_day,bid_size,bid_exchange,bid,ask_size,ask,date",
        lambda x: f"SPY,20110121,127000,C,{ms_of_day(x)},10,5,1.20,11,1.25,{ends(x, '%Y%m%d')}",
    ),
    "expiries as Americans write them": (
        "Symbol,Quote Time,Expiration Date,Strike,Call/Put,Bid,Ask,Bid Size,Ask Size",
        lambda x: f"SPY,{ends(x, '%m/%d/%Y %H:%M')},01/21/2011,127,Call,1.20,1.25,10,11",
    ),
}


@pytest.mark.parametrize(("head", "row"), CHAINS.values(), ids=CHAINS)
def test_a_chain_comes_in_by_contract_and_minute(
    tmp_path: Path, head: str, row: Callable[[Bar], str]
) -> None:
    one = taken(write(tmp_path, [row(x) for x in bars()], head, "chain.csv"))

    assert (one.kind, one.symbol) == (Kind.OPTIONS_1M, "SPY")
    assert [x[:8] for x in rows(one)] == [(x.end, EXPIRY, STRIKE, "C", 1.2, 1.25, 10, 11) for x in bars()]


@given(st.lists(st.integers(1, 390 * 60 - 1), min_size=30, max_size=80, unique=True))
def test_a_quote_is_never_in_force_before_it_was_made_and_the_last_of_a_minute_is(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int]
) -> None:
    opens = bars()[0].start
    made = [opens + timedelta(seconds=x + 0.25) for x in seconds]
    lines = [f"{at.isoformat()},{100 + n},{101 + n},1,1" for n, at in enumerate(made)]
    one = taken(write(tmp_path_factory.mktemp("ticks"), lines, "time,bid,ask,bid_size,ask_size"), Told())

    last = {-(-(at - opens) // MINUTE): 100 + n for at, n in sorted(zip(made, range(len(made)), strict=True))}
    assert [(x[0], x[1]) for x in rows(one)] == [(opens + n * MINUTE, bid) for n, bid in sorted(last.items())]


NO_BARS_OF_A_STOCK = {
    "its symbols": ("x.csv", f"ticker,{HEAD}", lambda x: f"O:SPY110121C00127000,{plain(x)}"),
    "its name": ("SPY110121C00127000.csv", HEAD, plain),
    "Polygon's name": ("O_SPY110121C00127000.csv", HEAD, plain),
}


@pytest.mark.parametrize(("name", "head", "row"), NO_BARS_OF_A_STOCK.values(), ids=NO_BARS_OF_A_STOCK)
def test_bars_of_an_option_are_not_taken_for_its_stock_s(
    tmp_path: Path, name: str, head: str, row: Callable[[Bar], str]
) -> None:
    path = write(tmp_path, [row(x) for x in bars()], head, name)

    with pytest.raises(FixTheCommand, match="bars of option contracts"):
        taken(path, Told(symbol="SPY", zone="America/New_York"))


def so_far() -> list[str]:
    days = {x.start.date() for x in bars()}
    sums = [
        n for day in sorted(days) for n in accumulate(int(x.volume) for x in bars() if x.start.date() == day)
    ]
    return [f"{plain(x).rpartition(',')[0]},{n},{x.volume:.0f}" for x, n in zip(bars(), sums, strict=True)]


def test_the_days_volume_so_far_is_no_bar_s_and_its_remedy_works(tmp_path: Path) -> None:
    alone = write(tmp_path, [x.rpartition(",")[0] for x in so_far()], HEAD.replace("volume", "Total Volume"))
    with pytest.raises(FixTheCommand, match="Total Volume only grows within a day"):
        taken(alone)

    both = write(tmp_path, so_far(), HEAD.replace("volume", "total_volume,period_volume"))
    with pytest.raises(FixTheCommand, match="both 'total_volume' and 'period_volume'"):
        taken(both)
    told = Told(zone="America/New_York", columns=tuple(HEAD.replace("volume", "skip,volume").split(",")))
    assert rows(taken(both, told)) == expected(bars())


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S America/New_York", "%Y-%m-%dT%H:%M:%S-05:00[America/New_York]"]
)
def test_a_time_may_name_its_place(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, [f"{wall(x, form)},{figures(x)}" for x in bars()])

    assert rows(taken(path, Told())) == expected(bars())


def test_commas_between_thousands_are_known_by_the_points_of_the_prices(tmp_path: Path) -> None:
    few = [x for x in bars() if x.volume < 1e6]
    lines = [f'{wall(x, "%Y-%m-%d %H:%M")},{figures(x).rpartition(",")[0]},"{x.volume:,.0f}"' for x in few]

    assert rows(taken(write(tmp_path, lines))) == expected(few)


WITH_REMEDY = {
    "a spreadsheet's days": (HEAD, lambda x: f"40546.39583,{figures(x)}", "spreadsheet's count of days"),
    "OptionsDX": (
        "[QUOTE_READTIME], [QUOTE_DATE], [EXPIRE_DATE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK]",
        lambda _: "2011-01-03 16:00, 2011-01-03, 2011-01-21, 1, 2, 127, 1, 2",
        "no column expiry, right, bid, ask",
    ),
    "days alone": (
        "date,expiry,strike,right,bid,ask",
        lambda x: f"{wall(x, '%Y-%m-%d')},2011-01-21,127,C,1,2",
        "days alone",
    ),
}


@pytest.mark.parametrize(("head", "row", "words"), WITH_REMEDY.values(), ids=WITH_REMEDY)
def test_what_cannot_be_taken_says_what_it_is(
    tmp_path: Path, head: str, row: Callable[[Bar], str], words: str
) -> None:
    with pytest.raises(FixTheCommand, match=words):
        taken(write(tmp_path, [row(x) for x in bars()], head), NEW_YORK_TIMES)


def test_quotes_of_a_contract_that_had_expired_are_refused_and_those_of_its_last_day_are_not(
    tmp_path: Path,
) -> None:
    head = "time,expiry,strike,right,bid,ask"
    days = [bars()[0].start.date(), bars()[0].start.date() - timedelta(days=3)]
    last, gone = ([f"{ends(x, '%Y-%m-%d %H:%M')},{day},127,C,1.2,1.25" for x in bars()[:50]] for day in days)

    assert taken(write(tmp_path, last, head)).table.num_rows == 50
    with pytest.raises(FixTheCommand, match="line 2: the contract had expired before that day; 50 such rows"):
        taken(write(tmp_path, gone, head))


@pytest.mark.parametrize("form", ["%H%M", "%H%M%S"])
def test_times_that_lost_their_zero_are_read(tmp_path: Path, form: str) -> None:
    lines = [f"{wall(x, '%Y%m%d')},{int(wall(x, form))},{figures(x)}" for x in bars()]

    assert rows(taken(write(tmp_path, lines, f"date,{HEAD}"))) == expected(bars())


def test_a_name_that_is_no_symbol_is_told_with_its_file(tmp_path: Path) -> None:
    lines = [f"../../etc,{plain(x)}" for x in bars()]

    with pytest.raises(FixTheCommand, match=r"SPY\.csv: '\.\./\.\./ETC' is not a symbol"):
        taken(write(tmp_path, lines, f"symbol,{HEAD}"))
