"""A day whose options were fetched plays on recorded prices: the right strikes are there, and so is what was traded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.backtest.exact.run import run_exact
from bot.backtest.feed.library import StoreLibrary
from bot.backtest.fetch import fetch_bars, requests_for
from bot.backtest.fetch_options import OptionRequest, fetch_options, option_requests
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Added, Store
from bot.broker.connection.pacing import HistoryPacer
from bot.broker.connection.settings import BrokerSettings, PacingLimits
from bot.broker.history import PastQuote, history_session
from bot.config.hand_down import expiry_rules, market_data_limits
from bot.domain.errors import FixTheCommand
from bot.domain.market import BarSize
from bot.selection.expiry import parse_expiry
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.backtest.conftest import plan
from tests.backtest.test_fetch import FREELY, Deck, nobody

DAY = date(2011, 1, 26)
DAYS = (DAY, DAY)
EVENING = datetime(2011, 1, 26, 21, 5, tzinfo=UTC)
WEEKLY = date(2011, 1, 28)
ABOUT_STRIKES_OR_VOLUME = {"STRIKE_NOT_WATCHED", "VOLUME_LOW", "LIQUIDITY_UNKNOWN", "EXPIRY_NONE_FITS"}


@dataclass(frozen=True)
class Listed:
    strike: float
    right: str


class Desk:
    """A gateway with one weekly expiry and a strike at each dollar; it tells one quote a contract, with a volume or not."""

    def __init__(self, volume: float | None = 12.0) -> None:
        self.asked: list[Listed] = []
        self._volume = volume

    def expiries(self, stock: object) -> tuple[date, ...]:
        return (WEEKLY,)

    def options(
        self, stock: object, expiry: date | None, low: float, high: float, each_side: int
    ) -> list[object]:
        return [Listed(float(n), right) for n in range(int(low), int(high) + 1) for right in "CP"]

    def quotes(self, option: Listed, end: datetime, days: int) -> tuple[PastQuote, ...]:
        self.asked.append(option)
        return (PastQuote(end - timedelta(minutes=5), 1.0, 1.01, self._volume),)


def with_bars(folder: Path) -> Store:
    store = Store(folder)
    requests = requests_for(store, "SPY", BarSize.M1, *DAYS, again=False)
    fetch_bars(Deck(), None, store, "SPY", BarSize.M1, requests, nobody)
    return store


def ask(store: Store, desk: Desk, *, again: bool = False) -> tuple[OptionRequest, ...]:
    rules = (parse_expiry("weekly"),)
    return option_requests(desk, None, store, "SPY", DAYS, rules, 1, again=again)


def keep(store: Store, desk: Desk) -> Added:
    return fetch_options(desk, store, "SPY", ask(store, desk), lambda *_: None)


def test_a_contract_that_is_stored_is_asked_for_again_only_on_request(tmp_path: Path) -> None:
    store, desk = with_bars(tmp_path), Desk()
    wanted = ask(store, desk)

    fetch_options(desk, store, "SPY", wanted[:3], lambda *_: None)

    assert [x.option for x in ask(store, desk)] == [x.option for x in wanted[3:]]
    assert len(ask(store, desk, again=True)) == len(wanted)


def test_what_was_kept_without_its_volume_is_asked_for_again(tmp_path: Path) -> None:
    store = with_bars(tmp_path)
    first = keep(store, Desk(volume=None))

    second = keep(store, Desk())

    assert (first.new, second.changed) == (second.changed, first.new)
    assert first.new > 0
    assert set(store.table(Kind.OPTIONS_1M, "SPY", *DAYS)["volume"].to_pylist()) == {12}


def test_no_listed_expiry_that_fits_is_said(tmp_path: Path) -> None:
    with pytest.raises(FixTheCommand, match=r"no expiry of SPY .* options\.expiry"):
        option_requests(
            Desk(), None, with_bars(tmp_path), "SPY", DAYS, (parse_expiry("200-300"),), 1, again=False
        )


def test_a_volume_that_nobody_told_is_unknown_and_no_zero(tmp_path: Path) -> None:
    store = with_bars(tmp_path)
    keep(store, Desk(volume=None))

    chain = StoreLibrary(store).chain("SPY", DAY)

    assert chain is not None
    assert {chain.quote(n, EVENING).volume for n in range(len(chain.contracts))} == {None}
    assert chain.quote(0, chain.session.open).volume is None


@pytest.mark.line
@pytest.mark.slow
def test_a_day_fetched_from_the_gateway_trades_in_a_backtest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    played = plan("SPY", DAY, DAY)
    rules, each_side = expiry_rules(played.settings), market_data_limits(played.settings).strikes_each_side
    with SimGatewayThread(recorded_world(["SPY"], DAY, start=EVENING)) as gateway:
        settings = BrokerSettings(port=gateway.port, pacing=FREELY)
        with history_session(settings, 98) as session:
            stock = session.underlying("SPY")
            bars = requests_for(store, "SPY", BarSize.M1, *DAYS, again=False)
            fetch_bars(session, stock, store, "SPY", BarSize.M1, bars, nobody)
            wanted = option_requests(session, stock, store, "SPY", DAYS, rules, each_side, again=False)
            fetch_options(session, store, "SPY", wanted, lambda *_: None)

    out = run_exact(played, StoreLibrary(store, BUNDLE))

    assert [x.is_recorded for x in out.prices] == [True]
    refused = {x.code for x in out.dropped} | {x.code for x in out.denied}
    assert not refused & ABOUT_STRIKES_OR_VOLUME
    assert out.trades


def test_the_time_that_is_left_has_the_waits_for_the_limit_in_it() -> None:
    pacer = HistoryPacer(PacingLimits(history_per_10min=55))

    assert pacer.lasts_s(0.0, 55, 0.5) == pytest.approx(27.5)
    assert pacer.lasts_s(0.0, 56, 0.5) == pytest.approx(600.5)
    for n in range(55):
        pacer.take(n * 0.5, n, n)
    assert pacer.lasts_s(27.5, 1, 0.5) == pytest.approx(573.0)


def test_a_side_whose_size_nobody_told_shows_the_usual_depth(tmp_path: Path) -> None:
    """A size of nought would fill no order."""
    store = with_bars(tmp_path)
    keep(store, Desk())
    near_the_close = datetime(2011, 1, 26, 20, 57, tzinfo=UTC)
    world = recorded_world(["SPY"], DAY, start=near_the_close, library=StoreLibrary(store))
    world.advance_to(near_the_close + timedelta(minutes=1))

    found = [c for c in world.market.contracts.series("SPY", WEEKLY) if c.strike == 130]

    assert found
    for contract in found:
        ticker = world.ticker(contract.con_id)
        assert ticker is not None
        assert min(ticker.book.bid_size, ticker.book.ask_size) > 0
