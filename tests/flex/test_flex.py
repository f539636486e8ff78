"""IB's own record of the day: fetched, read, and compared with the journal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli.commands import make_app
from bot.domain.broker_messages import CommissionCharged
from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.domain.messages import FillBooked
from bot.domain.order import Fill
from bot.domain.types import Side
from bot.flex.compare import compare
from bot.flex.service import fetch_statement
from bot.flex.statement import UnreadableStatement, read_statement
from bot.journal.store import Journal
from tests.broker.translate.test_translate import CALL
from tests.flex.conftest import FlexEndpoint, failure, statement, trade

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
FILL = Fill(
    exec_id="0000e0d5.1.01.01",
    order_ref="i/entry",
    perm_id=5,
    contract=replace(CALL, con_id=11),
    side=Side.BUY,
    quantity=2,
    price=Decimal("1.5"),
    at=AT,
)
COSTS = {FILL.exec_id: Decimal("1.30")}
EAE = '<OptionEAE transactionType="{}" conid="11" symbol="SPY C" quantity="-2"/>'
INTEREST = '<CashTransaction type="Broker Interest Received" amount="0.42" currency="USD" description="MAR"/>'


def differences(text: bytes, fills: list[Fill], costs: dict[str, Decimal]) -> tuple[str, ...]:
    (found,) = read_statement(text)
    return compare(found, fills, costs).differences


# ── comparing ──


def test_a_day_that_is_the_same_in_both_has_no_differences() -> None:
    (found,) = read_statement(statement(trade(), more=EAE.format("Expiration") + INTEREST))
    result = compare(found, [FILL], COSTS)
    assert (result.agreed, result.differences) == (1, ())
    assert result.news == ("Expiration of 2 SPY C", "Broker Interest Received: 0.42 USD MAR")


def test_a_correction_is_the_same_execution() -> None:
    assert differences(statement(trade("0000e0d5.1.01.02")), [FILL], COSTS) == ()


@pytest.mark.parametrize(
    ("text", "fills", "costs", "words"),
    [
        (statement(), [FILL], COSTS, "not in IB's statement"),
        (statement(trade()), [], {}, "not in the journal"),
        (statement(trade(price="1.6")), [FILL], COSTS, "at 1.6, booked here BUY 2 of 11 at 1.5"),
        (statement(trade(side="SELL", quantity="-2")), [FILL], COSTS, "IB executed SELL 2"),
        (statement(trade(commission="-1.31")), [FILL], COSTS, "IB charged 1.31 USD, booked here 1.30"),
        (statement(trade()), [FILL], {}, "IB charged 1.3 USD, unknown here"),
        (statement(trade(), more=EAE.format("Assignment")), [FILL], COSTS, "Assignment of 2 SPY C"),
    ],
)
def test_each_difference_is_named(
    text: bytes, fills: list[Fill], costs: dict[str, Decimal], words: str
) -> None:
    (difference,) = differences(text, fills, costs)
    assert words in difference


# ── reading ──


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><FlexQueryResponse/>',
        statement(trade(quantity="much")),
        statement(trade(quantity="NaN")),
        statement(trade(side="BUY (Ca.)")),
        statement(trade(price="")),
        statement(account=""),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(UnreadableStatement):
        read_statement(text)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(noise: bytes) -> None:
    text = statement(trade()).replace(b"conid", noise[:20] or b"x")
    for candidate in (noise, text):
        try:
            read_statement(candidate)
        except UnreadableStatement:
            continue


# ── fetching ──


def fetched(endpoint: FlexEndpoint, pauses: list[float], **changes: str) -> bytes:
    given = {"token": endpoint.token, "query": endpoint.query, **changes}
    return fetch_statement(endpoint.url, given["token"], given["query"], wait=pauses.append)


def test_a_statement_that_is_still_being_made_is_waited_for(endpoint: FlexEndpoint) -> None:
    busy = failure(1019, "Statement generation in progress.")
    endpoint.answers = [busy, busy, statement(trade())]
    pauses: list[float] = []
    assert fetched(endpoint, pauses) == statement(trade())
    assert pauses == [5.0, 10.0]
    assert endpoint.asked == ["SendRequest", "GetStatement", "GetStatement", "GetStatement"]


def test_what_the_owner_must_change_is_named_and_the_token_is_not(endpoint: FlexEndpoint) -> None:
    for changes, key in (({"token": "WRONG-SECRET"}, "flex.token"), ({"query": "1"}, "flex.query")):
        with pytest.raises(FixTheConfiguration, match=key) as caught:
            fetched(endpoint, [], **changes)
        assert "WRONG-SECRET" not in str(caught.value)


def test_a_service_that_never_answers_well_is_given_up(endpoint: FlexEndpoint) -> None:
    endpoint.answers = [failure(1009, "The server is under heavy load.")]
    pauses: list[float] = []
    with pytest.raises(FixTheMachine, match="heavy load"):
        fetched(endpoint, pauses)
    assert len(pauses) == 7


def test_a_token_never_travels_in_the_open() -> None:
    with pytest.raises(FixTheConfiguration, match="https"):
        fetch_statement("http://ndcdyn.interactivebrokers.com/x", "t", "1")


# ── the command ──


@pytest.fixture
def state(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "journal.db", lambda: AT)
    journal.commit(FillBooked(FILL))
    journal.commit(CommissionCharged(FILL.exec_id, "i/entry", Decimal("1.30"), "USD"))
    journal.close()
    return tmp_path


def typed(endpoint: FlexEndpoint, state: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Any:
    monkeypatch.chdir(state)
    for name, value in (("TOKEN", endpoint.token), ("QUERY", endpoint.query), ("URL", endpoint.url)):
        monkeypatch.setenv(f"MONITORING__FLEX_{name}", value)
    return CliRunner().invoke(make_app("flex"), ["flex", "--state", str(state), "--json", *more])


def test_the_command_says_by_its_exit_code_whether_the_day_agrees(
    endpoint: FlexEndpoint, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers = [statement(trade())]
    good = typed(endpoint, state, monkeypatch)
    assert (good.exit_code, json.loads(good.stdout)["agreed"]) == (0, 1)
    endpoint.answers = [statement(trade(), trade("0000e0d5.2.01.01"))]
    bad = typed(endpoint, state, monkeypatch, "--textfile", "flex.prom")
    assert (bad.exit_code, len(json.loads(bad.stdout)["differences"])) == (1, 1)
    left = (state / "flex.prom").read_text()
    assert 'ibkr_comparison_differences{command="flex"} 1.0\n' in left
    assert 'ibkr_comparison_compared{command="flex"} 2.0\n' in left


def test_a_statement_of_another_account_is_not_compared(
    endpoint: FlexEndpoint, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers = [statement(account="DU7654321")]
    monkeypatch.setenv("BROKER__ACCOUNT", "DU1234567")
    result = typed(endpoint, state, monkeypatch)
    assert isinstance(result.exception, FixTheMachine)
