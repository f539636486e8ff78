"""The endpoint: every family, from the messages of a real trade, over real HTTP."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from shutil import which

import pytest
from prometheus_client import generate_latest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.errors import FixTheMachine
from bot.domain.market import DataType, Quote
from bot.domain.order import OrderStatus
from bot.domain.types import SecType, TradingState
from bot.ops.metrics.document import DOCUMENT, renewed
from bot.ops.metrics.endpoint import FAMILIES, Metrics
from bot.ops.metrics.family import Constants
from bot.ops.page.server import serve_page
from bot.ops.status.status import Status
from bot.ops.status.status_builder import StatusBuilder
from bot.risk.denials import DenialCode
from bot.risk.limits import EmbargoWindow, SessionRules, next_start
from tests.journal.makers import BAR_END, CLOSED, ENTRY, ENTRY_FEE, EXIT, IDEA, JUDGED, PLACED, TRADE_IDEA
from tests.ops.scrape import Samples, scraped, value

USD = {"currency": "USD"}
WEEKLY = EmbargoWindow(
    code=DenialCode.EMBARGO_TOKEN_EXPIRY,
    starts=time(1),
    lasts_minutes=30,
    lead_minutes=60,
    weekday=6,
)
SPY = Contract(con_id=1, symbol="SPY", sec_type=SecType.STOCK)


def after(*messages: object) -> Samples:
    """What a scrape shows once the board has heard these."""
    board = StatusBuilder(("SPY",))
    for message in messages:
        board.handle(message)
    metrics = Metrics(Constants(session=SessionRules(embargoes=(WEEKLY,)), channels=("telegram",)))
    metrics.watch(lambda: board.status)
    return scraped(metrics)


def proof(*, is_proved: bool, stops: int = 3, gap_s: float = 0.0) -> m.ProtectionChanged:
    return m.ProtectionChanged(IDEA, is_proved, 3, stops, gap_s, ENTRY.fill.at)


STARTED = m.LineStarted(BAR_END, "0.1.0+ab12cd3", "growth", False, ("SPY",))
CONNECTED = b.BrokerConnected(BAR_END, "DU1", 1, 178, 1)
EQUITY = m.EquityMarked(BAR_END, Decimal(97_500), Decimal(-2_500), Decimal(100_000))


def test_an_unknown_figure_has_no_sample() -> None:
    samples = after()
    assert "ibbot_account_equity" not in samples
    assert "ibbot_broker_clock_offset_seconds" not in samples
    assert "ibbot_last_tick_timestamp_seconds" not in samples


def test_a_filled_entry_is_unprotected_until_the_proof_comes() -> None:
    assert value(after(PLACED), "ibbot_positions_unprotected") == 0
    assert value(after(PLACED, ENTRY), "ibbot_positions_unprotected") == 1
    proved = after(PLACED, ENTRY, proof(is_proved=True, gap_s=1.5))
    assert value(proved, "ibbot_positions_unprotected") == 0
    assert value(proved, "ibbot_unprotected_seconds_total") == 1.5


def test_a_stop_for_too_few_contracts_shows_as_a_mismatch() -> None:
    samples = after(PLACED, ENTRY, proof(is_proved=False, stops=1))
    assert value(samples, "ibbot_stop_quantity_mismatch") == 2
    assert (
        value(after(PLACED, ENTRY, proof(is_proved=False, stops=1), CLOSED), "ibbot_stop_quantity_mismatch")
        == 0
    )


def test_a_whole_trade_is_counted_once_everywhere() -> None:
    samples = after(JUDGED, PLACED, ENTRY, ENTRY_FEE, EXIT, CLOSED)
    assert value(samples, "ibbot_trades_closed_total", {"strategy": "scalp", "result": "win"}) == 1
    assert value(samples, "ibbot_trades_pnl", {**USD, "kind": "net"}) == 71.10
    assert value(samples, "ibbot_commissions_total", USD) == 1.95
    assert value(samples, "ibbot_fills_total") == 2
    assert value(samples, "ibbot_entries_total", {"strategy": "scalp", "decision": "approved"}) == 1
    assert value(samples, "ibbot_bars_judged_total", {"strategy": "scalp", "reason": "fired"}) == 1
    assert value(samples, "ibbot_open_positions", {"strategy": "scalp"}) == 0
    assert value(samples, "ibbot_order_fill_latency_seconds_sum") == 2.0


def test_slippage_is_negative_where_the_fill_was_better() -> None:
    samples = after(PLACED, ENTRY, EXIT)

    def at_most(ticks: str, leg: str) -> float:
        return value(samples, "ibbot_slippage_ticks_bucket", {"leg": leg, "le": ticks})

    assert (at_most("-2.0", "entry"), at_most("-1.0", "entry")) == (0, 1)
    assert (at_most("-1.0", "target"), at_most("0.0", "target")) == (0, 1)


def test_what_a_fill_cost_beyond_the_model_is_counted_by_leg_and_unknown_apart() -> None:
    samples = after(TRADE_IDEA, PLACED, ENTRY, EXIT)
    for ticks, fills in (("-2.0", 0), ("-1.0", 1), ("+Inf", 1)):
        assert value(samples, "ibbot_model_slippage_ticks_bucket", {"leg": "entry", "le": ticks}) == fills
    assert value(samples, "ibbot_model_slippage_money", {"leg": "entry", **USD}) == -3
    assert value(samples, "ibbot_model_slippage_worst_money", {"leg": "target", **USD}) == 0
    unseen = after(PLACED, ENTRY)
    assert value(unseen, "ibbot_model_slippage_unknown_total", {"leg": "entry"}) == 1
    assert value(unseen, "ibbot_model_slippage_ticks_bucket", {"leg": "entry", "le": "+Inf"}) == 0


def test_an_order_counts_once_for_each_state_however_often_it_is_told() -> None:
    def told(status: OrderStatus) -> b.OrderStatusChanged:
        return b.OrderStatusChanged(
            ref=f"{IDEA}/entry", status=status, filled=0, remaining=3, perm_id=1, order_id=1, at=BAR_END
        )

    sent, working, filled = OrderStatus.IN_FLIGHT, OrderStatus.WORKING, OrderStatus.FILLED
    samples = after(*map(told, (sent, working, working, filled, working, filled)))
    labels = {"strategy": "scalp", "leg": "entry"}
    for outcome in ("in_flight", "working", "filled"):
        assert value(samples, "ibbot_orders_total", {**labels, "outcome": outcome}) == 1
    assert value(samples, "ibbot_orders_working") == 0


def test_headroom_is_what_is_left_of_the_guards_limit() -> None:
    samples = after(m.DayOpened("2011-01-05", BAR_END, Decimal(100_000)), EQUITY)
    daily = {"guard": "daily_loss"}
    assert value(samples, "ibbot_loss_guard_limit", {**daily, **USD}) == 5_000
    assert value(samples, "ibbot_loss_guard_headroom", {**daily, **USD}) == 2_500
    assert value(samples, "ibbot_loss_guard_headroom_ratio", daily) == 0.5
    assert value(samples, "ibbot_drawdown_ratio") == pytest.approx(0.025)


def test_the_connection_is_ready_only_when_ib_is_up_and_the_books_agree() -> None:
    reconciled = m.Reconciled(BAR_END, (), ())
    lost = b.LinkChanged(BAR_END, "ib", False, False, 1100)

    def state(*messages: object) -> str:
        found = after(*messages)["ibbot_gateway_connection_state"]
        return next(dict(labels)["state"] for labels, holds in found.items() if holds)

    assert state() == "disconnected"
    assert state(CONNECTED) == "unreconciled"
    assert state(CONNECTED, reconciled) == "ready"
    assert state(CONNECTED, reconciled, lost) == "link_down"
    assert state(CONNECTED, reconciled, b.BrokerDisconnected(BAR_END, "gone")) == "disconnected"


def test_a_mismatch_of_the_books_is_counted_until_they_agree_again() -> None:
    assert (
        value(after(m.Reconciled(BAR_END, (), ("a stranger's position",))), "ibbot_reconcile_mismatches") == 1
    )
    assert value(after(m.Reconciled(BAR_END, (), ())), "ibbot_reconcile_mismatches") == 0


def test_the_state_and_each_cause_are_shown() -> None:
    samples = after(m.TradingStateChanged(BAR_END, TradingState.HALTED, ("daily_loss",)))
    assert value(samples, "ibbot_trading_state", {"state": "HALTED"}) == 1
    assert value(samples, "ibbot_trading_state", {"state": "ACTIVE"}) == 0
    assert value(samples, "ibbot_trading_cause", {"cause": "daily_loss"}) == 1
    assert value(samples, "ibbot_trading_cause", {"cause": "operator"}) == 0


def test_the_session_in_progress_is_shown_and_after_it_the_next() -> None:
    during = after(m.TimePassed(BAR_END))
    assert value(during, "ibbot_market_open") == 1
    assert (
        value(during, "ibbot_session_close_timestamp_seconds")
        == datetime(2011, 1, 5, 21, tzinfo=UTC).timestamp()
    )
    night = after(m.TimePassed(BAR_END + timedelta(hours=12)))
    assert value(night, "ibbot_market_open") == 0
    assert (
        value(night, "ibbot_session_open_timestamp_seconds")
        == datetime(2011, 1, 6, 14, 30, tzinfo=UTC).timestamp()
    )


def test_the_weekly_log_in_expires_on_the_next_sunday() -> None:
    expiry = datetime(2011, 1, 9, 6, tzinfo=UTC)
    assert (
        value(after(m.TimePassed(BAR_END)), "ibbot_gateway_auth_expiry_timestamp_seconds")
        == expiry.timestamp()
    )
    assert next_start(WEEKLY, expiry) == expiry + timedelta(days=7)


def test_a_pulse_shows_the_clock_and_the_limits() -> None:
    pulse = b.BrokerPulse(
        at=BAR_END, clock_offset_s=-0.4, lines_used=12, lines_limit=90, messages_free=39, messages_limit=40,
        history_free=50, history_limit=55, waiting=1, waited_s=2.5,
    )  # fmt: skip
    samples = after(pulse)
    assert value(samples, "ibbot_broker_clock_offset_seconds") == -0.4
    assert value(samples, "ibbot_market_data_lines_used") == 12
    assert value(samples, "ibbot_pacing_tokens", {"bucket": "history"}) == 50
    assert value(samples, "ibbot_pacing_wait_seconds_total") == 2.5


def test_delayed_data_are_shown_by_symbol() -> None:
    quoted = m.QuoteUpdated(Quote(con_id=1, symbol="SPY", at=BAR_END))
    delayed = b.DataTypeChanged(1, DataType.DELAYED, BAR_END)
    spy = {"symbol": "SPY"}
    assert value(after(b.UnderlyingQualified(SPY), quoted), "ibbot_market_data_live", spy) == 1
    assert value(after(b.UnderlyingQualified(SPY), quoted, delayed), "ibbot_market_data_live", spy) == 0


def test_every_denial_code_is_there_before_it_happens() -> None:
    shown = {dict(labels)["reason"] for labels in after()["ibbot_skips_total"]}
    assert shown >= set(map(str, DenialCode))


def test_the_build_that_runs_can_be_read() -> None:
    (labels,) = after(STARTED)["ibbot_build_info"]
    assert dict(labels) == {
        "version": "0.1.0", "commit": "ab12cd3", "mode": "growth", "trading": "simulated", "dry_run": "false",
        "settings": "",
    }  # fmt: skip


def test_a_second_line_in_the_process_is_another_start() -> None:
    metrics = Metrics(Constants(channels=("telegram",)))
    metrics.watch(Status)
    metrics.note_failure("risk", is_journal=True)
    metrics.note_notification("telegram", is_delivered=False)
    metrics.watch(Status, lambda: {"risk": 3})
    metrics.beat()
    samples = scraped(metrics)
    assert value(samples, "ibbot_line_starts_total") == 2
    assert value(samples, "ibbot_line_failures_total", {"component": "risk"}) == 1
    assert value(samples, "ibbot_journal_write_failures_total") == 1
    assert value(samples, "ibbot_notification_failures_total", {"channel": "telegram"}) == 1
    assert value(samples, "ibbot_notifications_delivered_total", {"channel": "telegram"}) == 0
    assert value(samples, "ibbot_actor_mailbox_depth", {"actor": "risk"}) == 3
    assert samples["ibbot_heartbeat_timestamp_seconds"][()] > BAR_END.timestamp()


def test_no_label_is_an_order_a_contract_or_an_account() -> None:
    samples = after(STARTED, CONNECTED, JUDGED, PLACED, ENTRY, EXIT, CLOSED)
    told = {text for family in samples.values() for labels in family for _, text in labels}
    assert not [text for text in told if IDEA in text or "DU1" in text or "127" in text]


def test_the_endpoint_answers_on_the_loopback_and_closes() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = Metrics()
    metrics.watch(lambda: replace(Status(), equity=Decimal(100_000)))
    _, close = serve_page(metrics.app(), "127.0.0.1", port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b'ibbot_account_equity{currency="USD"} 100000.0' in answer.read()
    with pytest.raises(FixTheMachine, match=r"monitoring\.metrics_port"):
        serve_page(metrics.app(), "127.0.0.1", port)
    close()
    serve_page(metrics.app(), "127.0.0.1", port)[1]()


def test_family_names_are_unique() -> None:
    names = [family.full_name for family in FAMILIES]
    assert len(names) == len(set(names))


def test_the_document_lists_the_families_as_they_are() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == renewed(text)


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed: apt install prometheus")
def test_promtool_finds_nothing_to_say_about_the_names() -> None:
    board = StatusBuilder(("SPY",))
    for message in (STARTED, CONNECTED, JUDGED, PLACED, ENTRY, EXIT, CLOSED, EQUITY):
        board.handle(message)
    metrics = Metrics()
    metrics.watch(lambda: board.status)
    text = generate_latest(metrics.registry)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
