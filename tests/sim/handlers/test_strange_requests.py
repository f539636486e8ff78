"""What a stranger's client gets wrong, and what it is told: IB's code, and the words that help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sim.raw import SPY, Bench, RawClient, market_order, order

CALL = {
    "conId": 0,
    "symbol": "SPY",
    "secType": "OPT",
    "exchange": "SMART",
    "currency": "USD",
    "multiplier": "100",
    "lastTradeDateOrContractMonth": "20110121",
    "strike": 127,
    "right": "C",
}
BARS = {"endDateTime": "", "barSizeSetting": "1 min", "durationStr": "1 D", "whatToShow": "TRADES"}
EXPIRED = {"lastTradeDateOrContractMonth": "20101217"}
STOP = {"orderType": "STP", "auxPrice": 90}
STRANGE_CONDITION = {
    "condType": 1,
    "conjunction": "a",
    "isMore": True,
    "price": 1,
    "conId": 999,
    "exch": "SMART",
    "triggerMethod": 0,
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.fixture
def client(bench: Bench) -> Iterator[RawClient]:
    made = bench.client()
    made.take()
    yield made
    bench.core.disconnected(made.session)


def refusal(client: RawClient, kind: str, **values: Any) -> tuple[int, str]:
    """The code and text of the one error that answers."""
    (answer,) = client.say(kind, **values)
    assert answer.kind == "error"
    assert answer.reqId == values.get("reqId", values.get("orderId"))
    return answer.errorCode, answer.errorString


@pytest.mark.parametrize(
    ("contract", "code", "words"),
    [
        ({**SPY, "conId": 0, "symbol": "ZZZZ"}, 200, "No security definition"),
        ({**SPY, "conId": 0, "currency": "EUR"}, 200, "No security definition"),
        ({**SPY, "exchange": "NOWHERE"}, 200, "No security definition"),
        ({**SPY, "conId": 0, "primaryExchange": "LSE"}, 200, "No security definition"),
        ({**SPY, "exchange": ""}, 321, "Please enter exchange"),
        ({**SPY, "conId": 0, "secType": "SHARE"}, 321, "Please enter a valid security type"),
        ({**SPY, "conId": -5}, 200, "No security definition"),
        ({**CALL, **EXPIRED}, 200, "No security definition"),
        ({**CALL, "strike": 127.13}, 200, "No security definition"),
        ({**CALL, "strike": 0}, 200, "ambiguous"),
        ({**CALL, "lastTradeDateOrContractMonth": "2011-01-21"}, 200, "No security definition"),
    ],
)
@pytest.mark.parametrize("kind", ["reqMktData", "reqHistoricalData", "reqTickByTickData", "placeOrder"])
def test_a_contract_that_is_none_is_refused_everywhere(
    client: RawClient, kind: str, contract: dict[str, Any], code: int, words: str
) -> None:
    if kind == "placeOrder":
        found = refusal(client, kind, **market_order(1, **contract))
        words = words.replace("Please enter exchange", "Missing order exchange")
    else:
        more = {"reqHistoricalData": BARS, "reqTickByTickData": {"tickType": "BidAsk"}}.get(kind, {})
        found = refusal(client, kind, reqId=5, **contract, **more)
    assert found[0] == code
    assert words in found[1]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"barSizeSetting": "7 mins"}, 321, "Legal ones are: 1 secs, 5 secs"),
        ({"whatToShow": "FOO"}, 321, "FOO"),
        ({"whatToShow": "FEE_RATE"}, 162, "no data"),
        ({"durationStr": "1 X"}, 321, "Invalid duration"),
        ({"durationStr": "-1 D"}, 321, "Invalid duration"),
        ({"durationStr": "400 D"}, 321, "longer than 365 days must be made in years"),
        ({"formatDate": 3}, 321, "Date formatting selection of 3 rejected"),
        ({"endDateTime": "yesterday"}, 10314, "invalid"),
        ({"endDateTime": "19700105 16:00:00 US/Eastern"}, 162, "no data"),
    ],
)
def test_a_wrong_word_in_a_historical_request_is_named(
    client: RawClient, changes: dict[str, Any], code: int, words: str
) -> None:
    found = refusal(client, "reqHistoricalData", reqId=5, **SPY, **{**BARS, **changes})
    assert found[0] == code
    assert words in found[1]


def test_a_bare_number_is_a_duration_in_seconds(client: RawClient) -> None:
    (answer,) = client.say("reqHistoricalData", reqId=5, **SPY, **{**BARS, "durationStr": "120"})
    assert 2 <= len(answer.bars) <= 3


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"action": "HOLD"}, 321, "Invalid side"),
        ({"totalQuantity": 0}, 434, "size cannot be zero"),
        ({"totalQuantity": 1.00005}, 10250, "minimum variation"),
        ({"lmtPrice": None}, 321, "Limit price is required"),
        ({"lmtPrice": 100.001}, 110, "minimum price variation"),
        ({"lmtPrice": -1}, 110, "minimum price variation"),
        ({"orderType": "FOO"}, 387, "Unsupported order type"),
        ({"tif": "XXX"}, 321, "Invalid time in force"),
        ({"tif": "DTC"}, 10052, "Invalid time in force"),
        ({"tif": "GTD", "goodTillDate": "soon"}, 391, "time or time-zone"),
        ({"tif": "GTD", "goodTillDate": "20100104 15:00:00 US/Eastern"}, 391, "time or time-zone"),
        ({"account": "U99"}, 321, "Invalid account code 'U99'"),
        ({"parentId": 777}, 135, "777"),
        ({"ocaGroup": "g", "ocaType": 7}, 321, "OCA type 7"),
        ({"triggerMethod": 99}, 146, "Invalid trigger method: 99"),
        ({"discretionaryAmt": 0.05, "displaySize": 1}, 157, "EITHER Iceberg or Discretionary"),
        ({"orderType": "MOC", "tif": "IOC"}, 113, "should be set to DAY"),
        ({"orderType": "LOC", "tif": "GTC"}, 113, "should be set to DAY"),
        ({**STOP, "adjustedOrderType": "STP"}, 361, "Invalid trigger price"),
        ({**STOP, "adjustedOrderType": "STP", "triggerPrice": 95}, 362, "adjusted stop price"),
        (
            {**STOP, "adjustedOrderType": "STP LMT", "triggerPrice": 95, "adjustedStopPrice": 92},
            363,
            "adjusted stop limit price",
        ),
        ({**STOP, "adjustedOrderType": "TRAIL", "triggerPrice": 95}, 364, "adjusted trailing amount"),
        ({"conditions": [STRANGE_CONDITION]}, 147, "conditional contract info is incomplete"),
        ({"whatIf": True, "transmit": False}, 413, "transmit"),
        ({"scalePriceIncrement": 0.05}, 321, "scalePriceIncrement is not supported"),
        ({"goodAfterTime": "soon"}, 391, "good after time"),
        ({"algoStrategy": "Guess", "algoParams": []}, 439, "Algorithm definition not found"),
        (
            {"orderType": "STP", "auxPrice": 90, "algoStrategy": "Adaptive", "algoParams": []},
            442,
            "algorithm",
        ),
        ({"hedgeType": "D", "hedgeParam": "1"}, 321, "hedgeType is not supported"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_leaves_nothing(
    bench: Bench, client: RawClient, changes: dict[str, Any], code: int, words: str
) -> None:
    number = bench.core.order_ids.next_valid(1)
    found = refusal(client, "placeOrder", **order(number, **changes))
    assert found[0] == code
    assert words in found[1]
    assert [m.kind for m in client.say("reqOpenOrders")] == ["openOrderEnd"]


def test_order_ids_only_go_up(bench: Bench, client: RawClient) -> None:
    first = bench.core.order_ids.next_valid(1) + 50
    client.say("placeOrder", **order(first))
    assert refusal(client, "placeOrder", **order(first - 1))[0] == 103
    assert refusal(client, "placeOrder", **order(0))[0] == 103
    assert refusal(client, "placeOrder", **order(first, **CALL))[0] == 105
    client.say("cancelOrder", orderId=first)
    assert refusal(client, "cancelOrder", orderId=first)[0] == 10148
    assert refusal(client, "cancelOrder", orderId=first + 1)[0] == 10147


def test_a_filled_order_cannot_be_moved(bench: Bench, client: RawClient) -> None:
    number = bench.core.order_ids.next_valid(1)
    client.say("placeOrder", **market_order(number))
    assert refusal(client, "placeOrder", **market_order(number, totalQuantity=20))[0] == 104


def test_an_exercise_for_a_strange_account_is_refused(client: RawClient) -> None:
    terms = {"exerciseAction": 1, "exerciseQuantity": 1, "account": "U99"}
    contract = {name: value for name, value in CALL.items() if name != "primaryExchange"}
    assert refusal(client, "exerciseOptions", reqId=5, **contract, **terms)[0] == 321


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"999\0x\0", "unknown message id 999"),
        (b"hello\0", "'hello' is not a number"),
        (b"9\x008\0", "reqContractDetails (9): reqId: the message ends before it"),
    ],
)
def test_a_message_that_cannot_be_read_is_answered_and_the_client_stays(
    client: RawClient, payload: bytes, words: str
) -> None:
    client.give(len(payload).to_bytes(4, "big") + payload)
    (error,) = client.take("error")
    assert error.errorCode == 320
    assert words in error.errorString
    assert [m.kind for m in client.say("reqCurrentTime")] == ["currentTime"]


def test_details_bear_the_exchange_that_was_asked_for(client: RawClient) -> None:
    details, _ = client.say("reqContractDetails", reqId=5, **{**SPY, "exchange": "ARCA"})
    assert details.exchange == "ARCA"
