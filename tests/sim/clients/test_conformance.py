"""One suite over all groups of messages for every client: the same requests, the same answers.

ib_insync and ib_async are always there. IB's own client is tried where one is installed, of any age (``make clients`` installs
each in turn): 9.81 of PyPI by text, those of today by text, in numbered bodies and at versions that have some of both.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import date

import pytest

from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.sim.clients.drivers import ByIb, ByLibrary, Driver
from tests.sim.desk import LIBRARIES

pytestmark = [pytest.mark.line, pytest.mark.xdist_group("conformance")]


def _clients() -> Iterator[str]:
    yield from LIBRARIES
    if importlib.util.find_spec("ibapi") is None:
        return
    is_of_today = importlib.util.find_spec("ibapi.protobuf") is not None
    versions = (178, 185, 200, 201, 205, 212, 213, 222, 225) if is_of_today else (157,)
    yield from (f"ibapi {version}" for version in versions)


@pytest.fixture(scope="module")
def gateway() -> Iterator[SimGatewayThread]:
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 4))) as made:
        made.advance(minutes=15)
        yield made


@pytest.fixture(scope="module", params=list(_clients()))
def client(request: pytest.FixtureRequest, gateway: SimGatewayThread) -> Iterator[Driver]:
    library, _, version = request.param.partition(" ")
    made: ByIb | ByLibrary = ByIb(gateway, int(version)) if version else ByLibrary(library, gateway)
    if isinstance(made, ByIb):
        assert made.version == int(version)
    yield made
    made.close()


def test_session(client: Driver, gateway: SimGatewayThread) -> None:
    assert client.time() == int(gateway.now.timestamp())
    assert client.accounts() == ["DU1234567"]


def test_contracts(client: Driver) -> None:
    assert client.details("SPY") == [(756733, 0.01)]
    assert client.details("NONE") == []
    assert "20110121" in client.expiries()
    assert client.option_id() > 0


def test_market_data(client: Driver) -> None:
    bid, ask = client.bid_and_ask()
    assert 100 < bid < ask
    assert 0 < client.delta() < 1


def test_history(client: Driver) -> None:
    closes = client.closes()
    assert len(closes) in (10, 11), "ten minutes, the one in progress among them"
    assert all(price > 100 for price in closes)
    assert all(price > 100 for price in client.ticks())


def test_account(client: Driver) -> None:
    assert 0 < client.net_liquidation() < 30_000
    assert abs(client.daily_pnl()) < 1_000


def test_orders_that_trade(client: Driver) -> None:
    before, told = client.held().get(756733, 0), len(client.fills())
    assert client.margin() > 0
    assert client.trade("BUY", 2) == ("Filled", 2, 0)
    assert client.held()[756733] == before + 2
    assert client.trade("SELL", 2) == ("Filled", 2, 0)
    assert client.held().get(756733, 0) == before
    fills = client.fills()[told:]
    assert sorted((side, size) for side, size, _ in fills) == [("BOT", 2), ("SLD", 2)]
    assert all(commission > 0 for *_, commission in fills)


def test_a_part_of_a_share(client: Driver) -> None:
    assert client.trade("BUY", 0.5) == ("Filled", 0.5, 0)
    assert client.held()[756733] % 1 == 0.5
    assert client.trade("SELL", 0.5) == ("Filled", 0.5, 0)


def test_orders_that_wait(client: Driver) -> None:
    order_id = client.rest(100.5)
    assert client.resting()[order_id] == 100.5
    client.move(order_id, 101.25)
    assert client.resting()[order_id] == 101.25
    assert client.end(order_id) == 202
    assert client.end(order_id) == 10148
    assert order_id not in client.resting()
    assert "Cancelled" in client.completed()


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        (110, {"lmtPrice": 100.001}),
        (387, {"orderType": "NONSENSE"}),
        (10250, {"totalQuantity": 1.00005}),
    ],
)
def test_refusals(client: Driver, code: int, terms: dict[str, object]) -> None:
    assert client.refusal(**terms) == code
