"""No request is met with silence: each ends in data, in an end, or in an error that says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.messages.tick_messages import GENERIC_TICKS
from bot.sim.world.build import synthetic_world
from bot.wire import MessageDirection, WireMessage, field_names, message_kinds
from tests.sim.raw import Bench, RawClient
from tests.sim.samples import samples

NOON, NIGHT = datetime(2026, 1, 5, 17, 0, tzinfo=UTC), datetime(2026, 1, 6, 7, 0, tzinfo=UTC)
STOCK = {"conId": 0, "symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}
FUND = {**STOCK, "symbol": "SPY"}
OPTION = {
    **FUND,
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260116",
    "strike": 600,
    "right": "C",
    "multiplier": "100",
}
CONTRACTS: Final = (
    STOCK,
    FUND,
    OPTION,
    {**OPTION, "strike": 0},
    {**OPTION, "lastTradeDateOrContractMonth": "20260117"},
    {**STOCK, "symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO"},
    {**STOCK, "symbol": "SPX", "secType": "IND", "exchange": "CBOE"},
    {**STOCK, "symbol": "ES", "secType": "FUT", "exchange": "CME", "lastTradeDateOrContractMonth": "202603"},
    {**STOCK, "symbol": "BTC", "secType": "CRYPTO", "exchange": "PAXOS"},
    {**STOCK, "symbol": "ZZZZ"},
    {**STOCK, "secType": "BAG"},
    {**STOCK, "exchange": ""},
)
WORDS: Final[dict[str, tuple[object, ...]]] = {
    "genericTickList": (
        "",
        "100,101,104,105,106,165",
        "233,236,258,456",
        "292,460,586,588",
        "mdoff,221",
        "7",
    ),
    "snapshot": (False, True),
    "barSizeSetting": (
        "1 secs",
        "30 secs",
        "1 min",
        "20 mins",
        "1 hour",
        "8 hours",
        "1 day",
        "1W",
        "1M",
        "7 mins",
    ),
    "durationStr": ("60 S", "1800 S", "1 D", "2 W", "1 M", "1 Y", "400 D", "soon"),
    "whatToShow": (
        *(
            "TRADES",
            "MIDPOINT",
            "BID",
            "ASK",
            "BID_ASK",
            "ADJUSTED_LAST",
            "HISTORICAL_VOLATILITY",
            "SCHEDULE",
        ),
        *("OPTION_IMPLIED_VOLATILITY", "FEE_RATE", "YIELD_BID", "AGGTRADES", "nonsense"),
    ),
    "useRTH": (True, False),
    "useRth": (True, False),
    "formatDate": (1, 2),
    "keepUpToDate": (False, True),
    "endDateTime": ("", "20260102 15:00:00 US/Eastern", "20250601-12:00:00", "yesterday"),
    "startDateTime": ("20260105-15:00:00", "20260102 10:00:00 US/Eastern", ""),
    "numberOfTicks": (1, 1000, 5000),
    "tickType": ("Last", "AllLast", "BidAsk", "MidPoint", "All"),
    "timePeriod": ("1 day", "2 weeks", "3 months", "an hour"),
    "groupName": ("All", "Everybody"),
    "tags": ("NetLiquidation", "NetLiquidation,BuyingPower", "$LEDGER:ALL", "$LEDGER", "Nonsense"),
    "acctCode": ("", "DU1234567", "U9999999"),
    "account": ("", "DU1234567", "U9999999"),
    "modelCode": ("", "growth"),
    "ledgerAndNLV": (True, False),
    "pattern": ("A", "apple", "", "ZZZZ"),
    "marketRuleId": (26, 239, 9999),
    "underlyingSymbol": ("SPY", "SPX", "ZZZZ"),
    "underlyingConId": (756733, 265598, 0, 7),
    "futFopExchange": ("", "CME"),
    "faDataType": (1, 2, 3, 9),
    "reportType": ("ReportSnapshot", "CalendarReport", "RESC", "x"),
    "scanCode": ("TOP_PERC_GAIN",),
    "exerciseQuantity": (1, 0),
    "exerciseAction": (1, 2, 7),
    "optionPrice": (3.0, 0.0001, 1e9),
    "volatility": (0.2, 0.0, 50.0),
    "underPrice": (600.0, 0.0),
    "side": ("", "BUY", "SELL"),
    "time": ("", "20260105-10:00:00", "now"),
    "orderType": ("LMT", "MKT", "STP", "REL", "PEG MID", "VOL", "MIDPRICE", "TRAIL", "BOX TOP"),
    "tif": ("DAY", "GTC", "IOC", "OPG", "DTC"),
    "whatIf": (False, True),
    "action": ("BUY", "SELL", "SSHORT"),
}
# What IB, too, takes without a word: ends, settings, and what tells only when there is something to tell.
TAKEN: Final = frozenset(
    {
        *("startApi", "setServerLogLevel", "reqMarketDataType", "reqNewsBulletins", "updateDisplayGroup"),
        *("unsubscribeFromGroupEvents", "verifyAndAuthMessage"),
        # Without orders of TWS's own windows there is nothing to bind, to cancel or to tell.
        *("reqAutoOpenOrders", "reqGlobalCancel"),
    }
)
# Streams of what happens: at night nothing does.
ASLEEP: Final = frozenset({"reqRealTimeBars", "reqTickByTickData"})
_HEADERS: Final = frozenset({"marketDataType", "tickReqParams"})
_HALTED: Final = 49


def _kinds() -> list[str]:
    requests = (kind for kind in message_kinds() if kind.direction is MessageDirection.REQUEST)
    known = (kind.name for kind in requests if kind.since <= 178)
    return [name for name in known if not name.startswith("cancel") and name not in TAKEN]


@pytest.fixture(scope="module", params=[NOON, NIGHT], ids=["noon", "night"])
def bench(request: pytest.FixtureRequest) -> Bench:
    world = synthetic_world(["SPY", "AAPL"], date(2026, 1, 5), start=request.param, has_extended_hours=True)
    return Bench(world, open_market=False, market_data_lines=100_000, simultaneous_history=100_000)


@pytest.fixture
def client(bench: Bench) -> Iterator[RawClient]:
    made = bench.client()
    made.take()
    yield made
    bench.core.disconnected(made.session)


def answers(bench: Bench, client: RawClient, kind: str, values: dict[str, Any]) -> list[WireMessage]:
    """What is said to one request within sixteen seconds, without headers: a stock trades every fifteen."""
    client.say(kind, **values)
    bench.advance(seconds=16)
    return [
        message
        for message in client.take()
        if message.kind not in _HEADERS
        and not (message.kind == "tickGeneric" and message.tickType == _HALTED)
    ]


@given(data=st.data())
@settings(max_examples=4, deadline=None)
@pytest.mark.parametrize("kind", _kinds())
def test_every_request_is_answered(bench: Bench, kind: str, data: st.DataObject) -> None:
    names = set(field_names(kind))
    client = bench.client()
    client.take()
    values = {**samples(kind)}
    if "secType" in names and kind != "reqExecutions":
        contract = data.draw(st.sampled_from(CONTRACTS))
        values |= {name: value for name, value in contract.items() if name in names}
    values |= {name: data.draw(st.sampled_from(words)) for name, words in WORDS.items() if name in names}
    values |= {"orderId": 1} if kind == "placeOrder" else {}
    heard = answers(bench, client, kind, values)
    bench.core.disconnected(client.session)
    is_night = bench.core.world.market.session is None
    assert heard or (is_night and kind in ASLEEP), values


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK"])
@pytest.mark.parametrize(
    "contract", CONTRACTS, ids=lambda contract: f"{contract['symbol']}-{contract['secType']}"
)
def test_five_second_bars_of_every_contract_come_or_are_refused(
    bench: Bench, client: RawClient, contract: dict[str, Any], what: str
) -> None:
    request = {**samples("reqRealTimeBars"), **contract, "reqId": 1, "whatToShow": what, "useRTH": True}
    heard = answers(bench, client, "reqRealTimeBars", request)
    assert heard or bench.core.world.market.session is None


@pytest.mark.parametrize("number", sorted(GENERIC_TICKS))
@pytest.mark.parametrize("contract", [STOCK, FUND], ids=["stock", "fund"])
def test_every_generic_tick_is_told_or_refused(
    bench: Bench, client: RawClient, contract: dict[str, Any], number: int
) -> None:
    plain = {
        (m.kind, m.get("tickType")) for m in answers(bench, client, "reqMktData", {"reqId": 1, **contract})
    }
    heard = answers(bench, client, "reqMktData", {"reqId": 2, **contract, "genericTickList": str(number)})
    news = {(m.kind, m.get("tickType")) for m in heard if m.reqId == 2} - plain
    is_night = bench.core.world.market.session is None
    # Time and sales are told as they happen: at night nothing does.
    assert news or (number == 233 and is_night)
