from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.messages import EntryAbandoned, Message
from bot.journal.export import as_csv, trades
from bot.journal.store import Row
from bot.journal.why import explain
from tests.journal.makers import (
    ADOPTED,
    BAR_END,
    CLOSED,
    ENTRY,
    ENTRY_FEE,
    EXIT,
    IDEA,
    JUDGED,
    PLACED,
    SENT,
    TRADE_IDEA,
)


def rows(*messages: Message) -> list[Row]:
    return [Row(seq, BAR_END, message) for seq, message in enumerate(messages, 1)]


def test_a_bracket_without_a_fill_is_no_trade() -> None:
    assert trades(rows(PLACED)) == []
    assert trades(rows(PLACED, EntryAbandoned(IDEA, "SPY", "timeout", BAR_END))) == []


def test_an_open_trade_has_its_entry_and_no_pnl() -> None:
    (trade,) = trades(rows(PLACED, ENTRY, ENTRY_FEE))

    assert (trade.state, trade.quantity, str(trade.price), str(trade.commission)) == (
        "open",
        3,
        "0.79",
        "1.95",
    )
    assert trade.pnl is None


def test_partial_fills_average_the_entry() -> None:
    first = replace(ENTRY, fill=replace(ENTRY.fill, exec_id="a.1", quantity=1))
    second = replace(ENTRY, fill=replace(ENTRY.fill, exec_id="a.2", quantity=1, price=ENTRY.fill.price + 1))

    (trade,) = trades(rows(PLACED, first, second))

    assert (trade.quantity, str(trade.price)) == (2, "1.29")


def test_a_closed_trade_carries_exit_commission_and_pnl() -> None:
    (trade,) = trades(rows(PLACED, ENTRY, ENTRY_FEE, EXIT, CLOSED))

    assert (trade.state, str(trade.exit_price), trade.exit_reason) == ("closed", "1.04", "target")
    assert (str(trade.commission), str(trade.pnl)) == ("3.90", "71.10")


def test_a_commission_that_is_reported_again_counts_once() -> None:
    (trade,) = trades(rows(PLACED, ENTRY, ENTRY_FEE, ENTRY_FEE))

    assert str(trade.commission) == "1.95"


def test_a_commission_that_is_reported_before_its_fill_counts_too() -> None:
    assert trades(rows(ENTRY_FEE, PLACED, ENTRY, ENTRY_FEE)) == trades(rows(PLACED, ENTRY, ENTRY_FEE))


def test_a_bracket_found_at_the_broker_is_a_trade_like_any_other() -> None:
    assert trades(rows(ADOPTED, ENTRY, EXIT, CLOSED)) == trades(rows(PLACED, ENTRY, EXIT, CLOSED))
    assert trades(rows(PLACED, ENTRY, ADOPTED)) == trades(rows(PLACED, ENTRY))


def test_why_tells_which_orders_were_found_at_the_broker() -> None:
    (step,) = explain(rows(ADOPTED), "SPY", BAR_END)
    assert (step.who, step.verdict) == ("execution", "took over from the broker entry")


def test_json_and_csv_tell_the_same_trade() -> None:
    (trade,) = trades(rows(PLACED, ENTRY, EXIT, CLOSED))

    told = json.loads(trade.as_json())
    (line,) = csv.DictReader(as_csv([trade]).splitlines())

    for key in ("symbol", "action", "quantity", "price", "stop", "target", "contract", "pnl", "commission"):
        assert str(told[key]) == line[key]


def test_why_tells_the_chain_of_one_bar_in_order() -> None:
    other = replace(JUDGED, bar_end=BAR_END + timedelta(minutes=1))

    steps = explain(rows(JUDGED, TRADE_IDEA, PLACED, SENT, other, ENTRY, CLOSED), "SPY", BAR_END)

    assert [step.who for step in steps] == ["scalp", "selection", "risk", "execution", "broker", "watcher"]
    assert steps[0].numbers == {"rsi": "55.0"}


def test_why_may_be_asked_in_any_time_zone() -> None:
    in_new_york = BAR_END.astimezone(ZoneInfo("America/New_York"))

    assert explain(rows(JUDGED, PLACED), "SPY", in_new_york) == explain(rows(JUDGED, PLACED), "SPY", BAR_END)
    assert len(explain(rows(JUDGED, PLACED), "SPY", in_new_york)) == 2


def test_why_says_nothing_of_another_symbol() -> None:
    assert explain(rows(JUDGED, PLACED), "AAPL", BAR_END) == []
