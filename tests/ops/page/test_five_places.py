"""At any moment of a day the five places show the same figures: panel, `status`, page, metrics, report."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import Side
from bot.ops.metrics.endpoint import Metrics
from bot.ops.metrics.family import Constants
from bot.ops.page.build import live_document
from bot.ops.process.operator import Operator
from bot.ops.report.book import ONE_DAY_KINDS, day_in_book
from bot.ops.report.documents import day_document
from bot.ops.status.amounts import money
from bot.ops.status.display import panel
from bot.ops.status.ledger import DayPnl
from bot.ops.status.status import Status
from tests.journal.makers import BAR_END, CALL, CLOSED, ENTRY, PLACED, QUOTE
from tests.ops.page.moments import QUIET, Moment
from tests.ops.scrape import scraped

PRICES = st.decimals(min_value=Decimal("0.10"), max_value=3, places=2)


@st.composite
def days(draw: st.DrawFn) -> list[m.Message]:
    """A day of one to three brackets, each bought in parts, sold in parts or not at all, with its fees told twice."""
    told: list[m.Message] = list(QUIET)
    for n in range(draw(st.integers(1, 3))):
        told += _life(draw, n)
    return told


def _life(draw: st.DrawFn, n: int) -> list[m.Message]:
    contract = replace(CALL, con_id=70 + n)
    idea, at = f"SPY-20110105T15{31 + n}-scalp", BAR_END + timedelta(minutes=n)
    told: list[m.Message] = [replace(PLACED, idea_id=idea, contract=contract, at=at)]
    bought = draw(st.lists(st.tuples(st.integers(1, 3), PRICES), min_size=1, max_size=2))
    sold = draw(st.booleans())
    fills = [("entry", Side.BUY, quantity, price) for quantity, price in bought]
    if sold:
        fills.append(("stop", Side.SELL, sum(quantity for quantity, _ in bought), draw(PRICES)))
    for part, (leg, side, quantity, price) in enumerate(fills):
        exec_id = f"e.{n}{part}.01"
        fill = replace(
            ENTRY.fill, exec_id=exec_id, order_ref=f"{idea}/{leg}", contract=contract, side=side, quantity=quantity,
            price=price, at=at,
        )  # fmt: skip
        charge = b.CommissionCharged(exec_id, fill.order_ref, Decimal("0.65") * quantity, "USD")
        quote = m.QuoteUpdated(replace(_quote(draw), con_id=contract.con_id, at=at))
        told += [m.FillBooked(fill), charge, quote, charge]
    if sold:
        told.append(_closed(idea, fills, contract, at))
    return told


def _quote(draw: st.DrawFn) -> Quote:
    bid = draw(st.none() | PRICES)
    return replace(QUOTE, bid=bid, ask=None if bid is None else bid + Decimal("0.02"))


def _closed(
    idea: str, fills: list[tuple[str, Side, int, Decimal]], contract: Contract, at: datetime
) -> m.BracketClosed:
    quantity = sum(q for _, side, q, _ in fills if side is Side.BUY)
    paid = sum((q * price for _, side, q, price in fills if side is Side.BUY), Decimal(0))
    got = sum((q * price for _, side, q, price in fills if side is Side.SELL), Decimal(0))
    fees = Decimal("0.65") * quantity * 2
    return replace(
        CLOSED, idea_id=idea, contract=contract, quantity=quantity, entry_price=paid / quantity, exit_price=got / quantity,
        closed_at=at, opened_at=at, commission=fees, pnl=(got - paid) * 100 - fees, exit_reason="stop",
    )  # fmt: skip


def _metrics(status: Status) -> DayPnl:
    metrics = Metrics()
    metrics.watch(lambda: status)
    found = scraped(metrics)["ibbot_trades_pnl"]
    known = {dict(labels)["kind"]: Decimal(str(amount)) for labels, amount in found.items()}
    return DayPnl(known["realized"], known.get("unrealized"), known["fees"])


def _panel(status: Status) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(panel(status))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def _status_command(status: Status) -> dict[str, object]:
    operator = Operator(lambda: status, lambda _: None, lambda: None, lambda: BAR_END)
    return dict(operator.answer({"do": "status"})["status"])


@settings(max_examples=20)
@given(days(), st.data())
def test_the_five_places_agree_at_any_moment(day: list[m.Message], data: st.DataObject) -> None:
    now = data.draw(st.integers(len(QUIET), len(day)))
    moment = Moment(day[:now])
    status, record = moment.builder.status, moment.recorder.picture()
    pnl = status.pnl

    page = live_document(status, record, Constants(), {}).money
    assert page is not None
    assert DayPnl(page.realized or Decimal(0), page.unrealized, page.fees or Decimal(0)) == pnl
    assert page.net == pnl.net

    told = _status_command(status)
    assert (told["realized"], told["fees"]) == (str(pnl.realized), str(pnl.fees))
    assert told["day_pnl"] == (None if pnl.net is None else str(pnl.net))

    measured = _metrics(status)
    for name in ("realized", "unrealized", "fees"):
        shown, meant = getattr(measured, name), getattr(pnl, name)
        assert (shown is None) == (meant is None)
        assert meant is None or abs(shown - meant) < Decimal("0.000001")

    bids = {bracket.con_id: bracket.bid for bracket in status.open_brackets}
    book, journaled = day_in_book([x for x in day[:now] if type(x) in ONE_DAY_KINDS], BAR_END.date())
    report = day_document(book, journaled, bid=bids.get).money
    assert report is not None
    assert (report.realized, report.unrealized, report.fees, report.net) == (
        pnl.realized, pnl.unrealized, pnl.fees, pnl.net,
    )  # fmt: skip

    assert f"= day {money(pnl.net)}" in _panel(status)
