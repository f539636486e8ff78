"""History from the gateway: over real TCP from the simulated one, it equals what that one was made of."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.backtest.feed.library import StoreLibrary
from bot.backtest.fetch import Request, fetch_bars, requests_for
from bot.backtest.fetch_options import expiries_for, keep_quotes
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Added, Store
from bot.broker.connection.settings import BrokerSettings, PacingLimits
from bot.broker.history import NoHistory, history_session
from bot.cli.fetch import typed_days
from bot.cli.main import app
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.market import Bar, BarSize
from bot.domain.session import session_on
from bot.selection.expiry import parse_expiry
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world

DAYS = (date(2011, 1, 19), date(2011, 1, 20), date(2011, 1, 21))
AFTER = datetime(2011, 1, 24, 14, 31, tzinfo=UTC)
FREELY = PacingLimits(
    messages_per_s=1000, identical_after_s=0.0, same_contract_per_2s=1000, history_per_10min=1000
)


class Deck:
    """A history that is read from the package and counts its requests; it fails at the one named, and knows no other days."""

    def __init__(self, fails_at: int = 0) -> None:
        self.asked: list[datetime] = []
        self._fails_at = fails_at

    def bars(self, stock: object, size: BarSize, end: datetime, days: int) -> tuple[Bar, ...]:
        self.asked.append(end)
        if len(self.asked) == self._fails_at:
            raise NoHistory("SPY", 162, "pacing violation")
        known = [day for day in BUNDLE.sessions("SPY") if day <= end.date()][-days:]
        if not known:
            raise NoHistory("SPY", 162, "HMDS query returned no data: SPY@SMART Trades")
        return tuple(bar for day in known for bar in BUNDLE.minutes("SPY", day))


def asked_for(store: Store, *, again: bool = False) -> tuple[Request, ...]:
    return requests_for(store, "SPY", BarSize.M1, date(2011, 1, 3), date(2011, 1, 31), again=again)


def test_options_are_fetched_of_the_expiries_that_the_strategies_would_have_chosen() -> None:
    """A Monday's expiry is the nearest one, and no strategy as shipped trades it: a chain of it alone trades nothing."""
    listed = (date(2025, 6, 30), date(2025, 7, 3), date(2025, 7, 18), date(2025, 9, 19))
    rules = (parse_expiry("weekly"), parse_expiry("14-45"))

    assert expiries_for(listed, rules, (date(2025, 6, 27), date(2025, 6, 30))) == (
        date(2025, 7, 3), date(2025, 7, 18),
    )  # fmt: skip
    assert expiries_for(listed, rules, (date(2025, 3, 3), date(2025, 3, 4))) == ()


def nobody(_: Request, __: Added) -> None:
    """For whoever is not listening."""


def test_a_stopped_fetch_goes_on_where_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = Deck(fails_at=3), Deck()

    with pytest.raises(NoHistory):
        fetch_bars(first, None, store, "SPY", BarSize.M1, asked_for(store), nobody)
    kept = store.days(Kind.BARS_1M, "SPY")
    fetch_bars(second, None, store, "SPY", BarSize.M1, asked_for(store), nobody)

    assert len(kept) == 10
    assert len(second.asked) == 2
    library = StoreLibrary(store)
    assert [library.minutes("SPY", day) for day in BUNDLE.sessions("SPY")] == [
        BUNDLE.minutes("SPY", day) for day in BUNDLE.sessions("SPY")
    ]


def test_what_is_stored_is_asked_for_again_only_on_request(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fetch_bars(Deck(), None, store, "SPY", BarSize.M1, asked_for(store), nobody)

    assert asked_for(store) == ()
    assert len(asked_for(store, again=True)) == 4


def test_behind_two_answers_without_data_nothing_older_is_asked_for(tmp_path: Path) -> None:
    store, deck, unknown = Store(tmp_path), Deck(), list[Request]()
    wanted = requests_for(store, "SPY", BarSize.M1, date(2010, 1, 4), date(2011, 1, 31), again=False)

    added = fetch_bars(deck, None, store, "SPY", BarSize.M1, wanted, nobody, empty=unknown.append)

    assert added == Added(new=390 * len(BUNDLE.sessions("SPY")))
    assert len(unknown) == 2
    assert [x.end for x in unknown] == deck.asked[-2:]
    assert len(wanted) > len(deck.asked)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("1985-01-02", "2011-01-03", "--from 1985-01-02: the trading calendar covers"),
        ("2011-01-26", "2011-01-28", "--to 2011-01-28: that day is whole at 16:20 New York"),
        ("2011-01-26", "2011-01-31", "lies in the future"),
        ("2011-01-26", "2011-01-25", "lies before"),
    ],
)
def test_days_that_cannot_be_fetched_are_refused_with_their_option(first: str, last: str, words: str) -> None:
    friday_afternoon = datetime(2011, 1, 28, 21, 19, tzinfo=UTC)

    with pytest.raises(FixTheCommand, match=words):
        typed_days(first, last, friday_afternoon)

    whole = typed_days("2011-01-27", "2011-01-28", friday_afternoon + timedelta(minutes=1))
    assert whole == (date(2011, 1, 27), date(2011, 1, 28))
    assert typed_days("2011-01-27", "", friday_afternoon)[1] == date(2011, 1, 27)


def fetched(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", "fetch", *words])
    return (getattr(done.exception, "exit_code", done.exit_code), f"{done.exception or ''}{done.output}")


@pytest.mark.line
def test_what_the_gateway_does_not_know_is_said_and_what_it_knows_is_kept(tmp_path: Path) -> None:
    data = str(tmp_path)
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 24), start=AFTER)) as gateway:
        at = ("--port", f"{gateway.port}", "--data", data, "--to", "2011-01-04", "--from")

        assert fetched("SPY", *at, "2010-11-01")[0] == 0
        code, said = fetched(
            "SPY", "--data", data, "--port", f"{gateway.port}", "--from", "2005-01-03", "--to", "2005-01-05"
        )
        assert (code, "was it listed then?" in said) == (2, True)
        assert fetched("NOSUCH", *at, "2011-01-03")[0] == 2
    assert fetched(",", *at, "2011-01-03")[0] == 2
    assert Store(tmp_path).days(Kind.BARS_1M, "SPY") == BUNDLE.sessions("SPY")[:2]


@pytest.mark.line
def test_days_are_counted_by_the_gateways_clock_and_not_by_this_machines(tmp_path: Path) -> None:
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 24), start=AFTER)) as gateway:
        at = ("SPY", "--port", f"{gateway.port}", "--data", str(tmp_path), "--from", "2011-01-19")

        assert fetched(*at)[0] == 0
        code, said = fetched(*at, "--to", "2011-01-25")
        assert (code, "at the gateway it is 2011-01-24 09:31 New York" in said) == (2, True)
    assert Store(tmp_path).days(Kind.BARS_1M, "SPY") == DAYS
    assert "not a date" in fetched(*at, "--to", "tomorrow")[1], "nobody need be there to say so"


def test_a_request_spans_no_hole_and_no_more_sessions_than_ib_grants(tmp_path: Path) -> None:
    for request in asked_for(Store(tmp_path)):
        days = [x.day for x in request.sessions]
        assert 1 <= len(days) <= 5
        session = session_on(days[-1])
        assert session is not None
        assert request.end == session.close


@pytest.mark.line
def test_over_real_tcp_bars_and_option_quotes_come_into_the_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    world = recorded_world(["SPY"], date(2011, 1, 24), start=AFTER)
    with SimGatewayThread(world) as gateway:
        settings = BrokerSettings(port=gateway.port, pacing=FREELY)
        with history_session(settings, 98) as session:
            stock = session.underlying("SPY")
            wanted = requests_for(store, "SPY", BarSize.M1, DAYS[0], DAYS[-1], again=False)
            added = fetch_bars(session, stock, store, "SPY", BarSize.M1, wanted, nobody)
            option = session.options(stock, None, 128.0, 128.0, 1)[0]
            quotes = session.quotes(option, AFTER, 1)

    assert added == Added(new=1170)
    library = StoreLibrary(store)
    for day in DAYS:
        assert [(x.start, x.close) for x in library.minutes("SPY", day)] == [
            (x.start, x.close) for x in BUNDLE.minutes("SPY", day)
        ]
    assert quotes
    assert all(x.bid is not None and x.ask is not None and x.bid <= x.ask for x in quotes)
    assert keep_quotes(store, "SPY", option, quotes, date(2011, 1, 28), replace=False).new == len(quotes)
    [quote] = store.table(Kind.OPTIONS_1M, "SPY", date(2011, 1, 24), date(2011, 1, 24)).to_pylist()[:1]
    assert quote["ts"] == quotes[0].start + timedelta(minutes=1)


@pytest.mark.line
def test_a_question_that_ctrl_c_left_open_ends_with_the_session() -> None:
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 24), start=AFTER)) as gateway:
        settings = BrokerSettings(port=gateway.port, pacing=FREELY)
        asked: list[asyncio.Task[None]] = []

        def ask_and_stop() -> None:
            with history_session(settings, 98):
                asked.append(asyncio.get_event_loop().create_task(asyncio.sleep(3600)))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ask_and_stop()

    assert [task.cancelled() for task in asked] == [True]


def test_no_gateway_is_said_in_one_line() -> None:
    settings = BrokerSettings(port=1, connect_timeout_wall_s=2.0)

    with (
        pytest.raises(FixTheMachine, match=r"no gateway at 127\.0\.0\.1:1 .*is it running"),
        history_session(settings, 98),
    ):
        pass
