"""The document: the same figures as the status, the same day from a journal, and nothing in it that could run."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.ops.metrics.family import Constants
from bot.ops.page.build import live_document
from bot.ops.page.day_record import DAY_KINDS, DayRecorder
from bot.ops.page.document import Document, PageEvent, PageVerdict, Table, page_as_json
from bot.ops.page.render import SCRIPTS, as_file, asset, page
from bot.ops.page.wording import refusal
from bot.ops.report.book import day_in_book
from bot.ops.report.documents import day_document
from bot.selection.no_contract import NoContractCode
from tests.journal.makers import BAR_END, IDEA, PLACED
from tests.ops.page.moments import BARS, BID, DONE, HOLDING, PROVED, QUIET, Moment

EMPTY = Document(kind="day", title="t", at=None, verdict=PageVerdict("plain", "w", "r"))


def _document(messages: list[m.Message]) -> Document:
    moment = Moment(messages)
    return live_document(moment.builder.status, moment.recorder.picture(), Constants(), {})


def test_the_page_shows_the_figures_of_the_status() -> None:
    for messages in (QUIET, HOLDING, DONE):
        moment = Moment(messages)
        pnl = moment.builder.status.pnl
        money = live_document(moment.builder.status, moment.recorder.picture(), Constants(), {}).money
        assert money is not None
        assert (money.realized, money.unrealized, money.fees, money.net) == (
            pnl.realized, pnl.unrealized, pnl.fees, pnl.net,
        )  # fmt: skip


def test_what_is_held_is_told_in_money() -> None:
    (held,) = _document(HOLDING).held
    assert (str(held.cost), str(held.unrealized), str(held.price)) == ("237.00", "18.00", "0.79")
    assert held.is_proved


def test_an_account_is_shortened() -> None:
    assert _document(QUIET).source.account == "DU…567"


def test_a_day_s_journal_draws_the_same_day() -> None:
    live = Moment(DONE).recorder.picture()
    again = DayRecorder()
    again.catch_up(message for message in DONE if type(message) in DAY_KINDS)
    told = again.picture()
    assert (told.bars, told.trades, told.events, told.equity) == (
        live.bars,
        live.trades,
        live.events,
        live.equity,
    )


def test_a_restart_keeps_what_is_held_from_an_earlier_day() -> None:
    again = DayRecorder()
    for message in HOLDING:
        again.remember(message)
    again.handle(m.BarClosed(replace(BARS[0], start=BARS[0].start + timedelta(days=1))))
    assert [trade.held for trade in again.picture().trades] == [3]


def test_a_new_day_begins_an_empty_picture() -> None:
    moment = Moment(DONE)
    moment.hear(m.EquityMarked(BAR_END + timedelta(days=1), *([PLACED.stop] * 3)))
    record = moment.recorder.picture()
    assert (record.bars, record.trades, record.events) == ({}, (), ())


def test_partial_fills_are_one_event() -> None:
    events = Moment(DONE).recorder.picture().events
    assert [event.title for event in events] == [
        "Closed SPY 7 Jan 127 call, +71.10",
        "Bought 3 SPY 7 Jan 127 call at 0.79",
        "Started",
    ]


def test_the_bid_of_what_is_held_is_kept_by_the_minute() -> None:
    record = Moment(HOLDING).recorder.picture()
    assert record.paths == {IDEA: ((int(BID.quote.at.timestamp()) // 60 * 60, 0.85),)}


def test_a_stop_that_goes_missing_is_an_event_and_one_that_is_being_proved_is_not() -> None:
    lost = m.ProtectionChanged(IDEA, False, 3, 0, 0.0, PROVED.at + timedelta(minutes=1))
    titles = [event.title for event in Moment([*HOLDING, lost]).recorder.picture().events]
    assert titles[0] == "The stop is not proved any more"
    unproved = replace(lost, at=PROVED.at)
    before = Moment([*HOLDING[:-3], unproved]).recorder.picture().events
    assert "stop" not in before[0].title


def test_every_reason_not_to_buy_has_words() -> None:
    assert [code for code in NoContractCode if refusal(code) == code.replace("_", " ").lower()] == []


# ── as a file ──

HOSTILE = st.text(max_size=30) | st.sampled_from(
    ["</script><script>alert(1)</script>", "<!--", "<img src=x onerror=alert(1)>", "\u2028", '"}]}', "&lt;"]
)


@given(HOSTILE, HOSTILE)
def test_no_text_can_end_the_block_that_it_stands_in(title: str, cell: str) -> None:
    document = replace(
        EMPTY, events=(PageEvent(BAR_END, title, cell),), tables=(Table(title, (cell,), ((title,),)),)
    )
    text = as_file(document)
    (block,) = re.findall(r'<script type="application/json" id="document">(.*?)</script>', text, re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(block)
    assert json.loads(block) == json.loads(page_as_json(document))
    assert text.count("<script") == len(SCRIPTS) + 1


def test_the_file_runs_only_what_it_names_and_asks_nobody() -> None:
    text = as_file(EMPTY)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    told = policy[1].replace("&#x27;", "'")
    assert told.startswith("default-src 'none'; script-src 'sha256-")
    for name in SCRIPTS:
        assert f"'sha256-{b64encode(sha256(asset(name).encode()).digest()).decode()}'" in told
    assert not re.search(r'(?:src|href)="(?!https://www\.tradingview\.com/|data:)', text)


def test_the_live_page_names_only_its_own_files() -> None:
    assert re.findall(r'(?:src|href)="([^"]+)"', page()) == ["data:,", "page.css", *SCRIPTS]


def test_a_document_can_be_read_back() -> None:
    document = _document(DONE)
    assert msgspec.json.decode(page_as_json(document), type=Document) == document


def test_the_bundled_library_carries_its_licence() -> None:
    assert "Apache License" in asset("lightweight-charts.LICENSE")
    assert "Copyright (c) 2026 TradingView" in asset("lightweight-charts.js")[:300]


def _bid(bid: str | None) -> m.QuoteUpdated:
    at = BAR_END + timedelta(minutes=3)
    return m.QuoteUpdated(replace(BID.quote, bid=None if bid is None else Decimal(bid), at=at))


def test_the_journal_keeps_what_was_bid_so_that_a_report_knows_what_is_held_is_worth() -> None:
    moment = Moment(HOLDING)
    marks = [mark for bid in ("0.90", "0.95", None, None) for mark in moment.answers(_bid(bid))]
    assert marks == [  # the next minute's, and the last one before nobody bade
        b.PositionMarked(IDEA, Decimal("0.90"), _bid(None).quote.at),
        b.PositionMarked(IDEA, Decimal("0.95"), _bid(None).quote.at),
    ]
    rows = [*(x for x in HOLDING if type(x) in DAY_KINDS), *marks]
    book, record = day_in_book(rows, BAR_END.date())
    assert record.bids == {BID.quote.con_id: Decimal("0.95")}
    assert record.paths == {IDEA: ((int(_bid(None).quote.at.timestamp()), 0.95),)}
    money = day_document(book, record).money
    assert money is not None
    assert money.unrealized == Decimal("48.00")
