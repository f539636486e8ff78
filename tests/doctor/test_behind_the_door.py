"""Account, clock, data and margin, against a simulated gateway that is well, and in each way that it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.doctor.findings import Finding, Verdict, exit_code
from bot.sim.server.thread import SimGatewayThread
from tests.doctor.rooms import gateway, visit


@pytest.fixture
def running() -> Iterator[SimGatewayThread]:
    with gateway() as one:
        yield one


def option_of(found: dict[str, Finding]) -> Finding:
    return next(finding for name, finding in found.items() if name.startswith("option SPY"))


def test_a_healthy_gateway_has_nothing_wrong(running: SimGatewayThread) -> None:
    found = visit(running, what_if=True)

    assert exit_code(found.values()) == 0, [x for x in found.values() if x.verdict is not Verdict.OK]
    assert found["account"].found == "DU1234567, paper"
    assert found["funds"].found == "net liquidation 25,000.00"
    assert "live" in found["stock SPY"].found
    assert "agrees with IB's hours" in found["calendar SPY"].found
    assert "1-min bars" in found["history SPY"].found
    assert "live" in option_of(found).found
    assert "live" in found["forex EUR.USD"].found
    assert "margin" in found["what-if"].found


def test_the_what_if_places_nothing(running: SimGatewayThread) -> None:
    visit(running, what_if=True)

    books = running.books()
    assert (books.what_ifs, books.order_messages) == (1, 0)


def test_a_dry_run_sends_not_even_a_what_if(running: SimGatewayThread) -> None:
    found = visit(running, what_if=True, DRY_RUN="true")

    assert running.books().what_ifs == 0
    assert found["what-if"].verdict is Verdict.SKIP


def test_a_read_only_gateway_is_named_by_its_tick_box(running: SimGatewayThread) -> None:
    running.faults.gateway(read_only=True)
    found = visit(running, what_if=True)

    assert found["what-if"].verdict is Verdict.FAIL
    assert "read-only" in found["what-if"].remedy


def test_an_account_that_cannot_pay_is_told_so() -> None:
    with gateway(equity="20") as running:
        found = visit(running, what_if=True)

    assert found["funds"].verdict is Verdict.WARN
    assert "deposit" in found["funds"].remedy
    assert "MARGIN_INSUFFICIENT" in found["what-if"].remedy
    assert exit_code(found.values()) == 1


def test_the_wrong_account_is_a_failure(running: SimGatewayThread) -> None:
    found = visit(running, BROKER__ACCOUNT="DU7654321")

    assert "the gateway offers DU1234567" in found["account"].found


def test_a_live_account_where_paper_is_meant_is_a_failure() -> None:
    with gateway(account="U1234567") as running:
        found = visit(running)

    assert "LIVE account" in found["account"].found
    assert "4002" in found["account"].remedy


def test_a_clock_that_is_off_is_told_with_its_offset(running: SimGatewayThread) -> None:
    running.faults.clock_skew(seconds=300.0)
    found = visit(running)

    assert found["clock"].verdict is Verdict.FAIL
    assert "timedatectl" in found["clock"].remedy


@pytest.mark.parametrize(("scope", "name"), [("STK", "stock SPY"), ("CASH", "forex EUR.USD")])
def test_missing_data_are_said_in_words_with_the_remedy(
    running: SimGatewayThread, scope: str, name: str
) -> None:
    running.faults.unsubscribed(scope=scope)
    found = visit(running)

    assert found[name].verdict is Verdict.FAIL
    assert "10089" in found[name].found
    assert "subscription" in found[name].found
    assert "Client Portal" in found[name].remedy


def test_missing_option_data_alone_are_found(running: SimGatewayThread) -> None:
    running.faults.unsubscribed(scope="OPT")
    found = visit(running)

    assert found["stock SPY"].verdict is Verdict.OK
    assert "10089" in option_of(found).found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (354, "no market data subscription"),
        (10089, "market data needs a subscription for the API"),
        (10167, "delayed market data is shown"),
        (10168, "delayed market data is not switched on"),
        (10197, "another session takes the live market data"),
    ],
)
def test_each_code_of_the_data_has_words_of_its_own(running: SimGatewayThread, code: int, words: str) -> None:
    for kind in ("tickPrice", "tickSize", "tickString", "tickGeneric", "tickReqParams", "marketDataType"):
        running.faults.message(kind, "drop", count=None)
    running.faults.message(
        "error", "rewrite", count=None, fields={"errorCode": code, "errorString": "as IB says"}
    )
    running.faults.unsubscribed(scope="all")
    # 10167 is news and not a refusal: what is asked for behind it never comes.
    found = visit(running, quote_s=2.0, until="stock SPY")

    assert words in found["stock SPY"].found
    assert found["stock SPY"].remedy


def test_delayed_data_are_told_though_a_quote_comes(running: SimGatewayThread) -> None:
    running.faults.message("marketDataType", "rewrite", count=None, fields={"marketDataType": 3})
    found = visit(running)

    assert "delayed" in found["stock SPY"].found
    assert found["stock SPY"].remedy


def test_a_competing_session_is_named(running: SimGatewayThread) -> None:
    running.faults.competing_session(seconds=1e6)
    found = visit(running)

    assert "10197" in found["stock SPY"].found
    assert "log out" in found["stock SPY"].remedy


def test_bars_that_are_refused_are_a_failure(running: SimGatewayThread) -> None:
    running.faults.message("historicalData", "drop", count=None)
    found = visit(running, BROKER__HISTORY_TIMEOUT_S="0.5", ask_s=1.5, until="history SPY")

    assert found["history SPY"].verdict is Verdict.FAIL
    assert "no answer" in found["history SPY"].found


def test_a_gateway_that_goes_away_in_the_middle_is_told(running: SimGatewayThread) -> None:
    running.ask(lambda core: core.faults.on("contractDetails", 1, lambda: running_drop(core)))
    found = visit(running)

    assert found["session"].verdict is Verdict.FAIL


def running_drop(core: object) -> None:
    from bot.sim.faults.outages import drop_socket

    drop_socket(core)  # type: ignore[arg-type]  # the gateway's own core


def test_a_calendar_that_differs_is_a_failure(running: SimGatewayThread) -> None:
    hours = "20110126:0930-20110126:1300;20110127:0930-20110127:1600"
    running.faults.message("contractDetails", "rewrite", count=None, fields={"liquidHours": hours})
    found = visit(running)

    assert found["calendar SPY"].verdict is Verdict.FAIL
    assert "2011-01-26" in found["calendar SPY"].found
    assert "2011-01-27" not in found["calendar SPY"].found


def test_a_symbol_that_does_not_exist_is_a_failure(running: SimGatewayThread) -> None:
    found = visit(running, SYMBOLS="NOSUCH")

    assert found["contract NOSUCH"].verdict is Verdict.FAIL


def test_what_the_account_holds_and_the_bot_leaves_alone_is_listed_with_the_reason(
    running: SimGatewayThread,
) -> None:
    row: dict[str, object] = {
        "kind": "updatePortfolio",
        "accountName": "DU1234567",
        "currency": "USD",
        "primaryExchange": "",
    }
    row |= {"lastTradeDateOrContractMonth": "", "strike": 0, "right": "", "marketPrice": 1, "marketValue": 1}
    row |= {"averageCost": 1, "unrealizedPNL": 0, "realizedPNL": 0, "multiplier": ""}
    option = {"secType": "OPT", "lastTradeDateOrContractMonth": "20110318", "strike": 128, "right": "C"}
    for fields in (
        {"conId": 8894, "symbol": "KO", "secType": "STK", "localSymbol": "KO", "position": 0.4528},
        {"conId": 12, "symbol": "EUR", "secType": "CASH", "localSymbol": "EUR.USD", "position": -1523.37},
        {"conId": 13, "symbol": "SPY", "localSymbol": "SPY1", "multiplier": "103", "position": 2, **option},
        {"conId": 14, "symbol": "SPY", "localSymbol": "SPY C", "multiplier": "100", "position": 1, **option},
    ):
        whole = row | {"tradingClass": fields["symbol"]} | fields
        running.faults.message("accountDownloadEnd", "insert", count=None, fields=whole)

    found = visit(running)["foreign"].found

    assert "0.4528 KO (STK: the bot trades options alone)" in found
    assert "-1523.37 EUR.USD (CASH" in found
    assert "2 SPY1 (multiplier 103: adjusted, or a mini)" in found
    assert "SPY C" not in found


def test_what_only_the_list_of_positions_names_is_listed_too(running: SimGatewayThread) -> None:
    row: dict[str, object] = {"kind": "position", "account": "DU1234567", "conId": 12087792, "symbol": "EUR"}
    row |= {"secType": "CASH", "lastTradeDateOrContractMonth": "", "strike": 0, "right": "", "multiplier": ""}
    row |= {
        "exchange": "",
        "currency": "USD",
        "localSymbol": "EUR.USD",
        "tradingClass": "EUR.USD",
        "avgCost": 1.1,
    }
    running.faults.message("positionEnd", "insert", count=None, fields=row | {"position": -1523.37})

    found = visit(running)

    assert "-1523.37 EUR.USD" in found["positions"].found
    assert "-1523.37 EUR.USD (CASH" in found["foreign"].found
