"""What came to the text protocol after version 178, and is said in numbers since."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.session import new_york_day
from tests.sim.raw import SPY, Bench, RawClient

ORDER: dict[str, Any] = {**SPY, "action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 900}
VERSIONS = (200, 202, 225)


@pytest.fixture(params=VERSIONS)
def bench(request: pytest.FixtureRequest) -> tuple[Bench, RawClient]:
    made = Bench()
    return made, made.client(max_version=request.param)


def test_executions_can_be_asked_for_by_day(bench: tuple[Bench, RawClient]) -> None:
    gateway, client = bench
    client.say("placeOrder", orderId=1, **ORDER)
    gateway.advance(seconds=5)
    today = int(f"{new_york_day(gateway.core.now):%Y%m%d}")

    def fills(**asked: Any) -> int:
        client.take()
        client.say("reqExecutions", reqId=6, **asked)
        return sum(message.kind == "execDetails" for message in client.take())

    assert fills() == fills(lastNDays=7) == fills(specificDates=(today - 1, today)) == 1
    assert fills(specificDates=(today - 1,)) == 0


@pytest.mark.parametrize("name", ["includeOvernight", "imbalanceOnly"])
def test_what_would_change_how_an_order_trades_is_refused(bench: tuple[Bench, RawClient], name: str) -> None:
    _, client = bench
    client.say("placeOrder", orderId=1, **ORDER, **{name: True})
    (error,) = [message for message in client.take() if message.kind == "error" and message.reqId == 1]
    assert (error.errorCode, name in error.errorString) == (321, True)


def test_who_sent_an_order_is_told_back(bench: tuple[Bench, RawClient]) -> None:
    gateway, client = bench
    said = {
        "customerAccount": "C1",
        "professionalCustomer": True,
        "extOperator": "desk",
        "manualOrderIndicator": 1,
    }
    client.say("placeOrder", orderId=1, **{**ORDER, "lmtPrice": 100}, **said)
    gateway.advance(seconds=1)
    told = next(message for message in client.take() if message.kind == "openOrder")
    assert {name: told[name] for name in said} == said


def test_a_what_if_names_the_currency_of_its_margins(bench: tuple[Bench, RawClient]) -> None:
    _, client = bench
    client.say("placeOrder", orderId=1, **ORDER, whatIf=True)
    (told,) = [message for message in client.take() if message.kind == "openOrder"]
    assert told.marginCurrency == "USD"
