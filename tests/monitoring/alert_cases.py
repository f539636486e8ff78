"""The cases of the link, the process and the host; all of them together."""

from __future__ import annotations

from tests.monitoring.alert_case import (
    AS_BRIEF,
    BRIEF,
    CLOSED,
    DELIVERIES_FAILED,
    EVENT,
    EXT4,
    FAILS_FOR_20_MIN,
    LONG,
    OPEN,
    READY,
    REAL_TIME,
    Case,
    bot,
    flat,
    node,
    rising,
)
from tests.monitoring.appliance_cases import APPLIANCE
from tests.monitoring.money_cases import MONEY

LINK = [
    Case("GatewayDown", {READY: flat((1, "5m"), (0, "20m"), (1, "20m"))}, AS_BRIEF, gates=OPEN),
    Case("GatewayDown", {READY: flat((0, "30m"))}, {"20m": 0}, "not while the market is closed", CLOSED),
    Case(
        "FeedStale",
        {
            bot("ibbot_feed_stale", symbol="SPY", feed="bars"): BRIEF,
            bot("ibbot_feed_stale", symbol="SPY", feed="quotes"): flat((0, LONG)),
        },
        AS_BRIEF,
        gates=OPEN,
    ),
    Case(
        "FeedStale",
        {bot("ibbot_feed_stale", symbol="SPY", feed="bars"): BRIEF},
        {"20m": 0},
        "not while closed",
        CLOSED,
    ),
    Case(
        "FeedStale",
        {
            bot("ibbot_clock_timestamp_seconds"): rising(15, "1h"),
            bot(
                "ibbot_last_tick_timestamp_seconds", symbol="SPY"
            ): f"{rising(15, '5m')} {flat((285, '20m'))} {rising(15, '20m', 1_500)}",
        },
        AS_BRIEF,
        "ticks that stop are noticed without the bot's own judgement",
        OPEN | REAL_TIME,
    ),
    Case(
        "FeedStale",
        {
            bot("ibbot_clock_timestamp_seconds"): rising(15 * 195, "1h"),
            bot("ibbot_last_tick_timestamp_seconds", symbol="SPY"): rising(15 * 195, "1h", -600),
        },
        {"20m": 0},
        "ten minutes of a day that runs 195 times as fast are three seconds",
        OPEN | {bot("ibbot_clock_speed_ratio"): flat((195, LONG))},
    ),
    Case(
        "GatewayDownWhileClosed",
        {READY: flat((1, "1h"), (0, "4h"), (1, "1h"))},
        {"3h": 0, "270m": 1, "310m": 0},
        gates=CLOSED,
    ),
    Case("GatewayDownWhileClosed", {READY: flat((0, "6h"))}, {"5h": 0}, "GatewayDown says that", OPEN),
    Case(
        "NotLiveData",
        {bot("ibbot_market_data_live", symbol="SPY"): flat((1, "5m"), (0, "20m"), (1, "20m"))},
        AS_BRIEF,
        gates=OPEN,
    ),
    Case(
        "NotLiveData",
        {bot("ibbot_market_data_live", symbol="SPY"): flat((0, "30m"))},
        {"20m": 0},
        "not while closed",
        CLOSED,
    ),
    Case(
        "AuthExpiresSoon",
        {
            bot("ibbot_gateway_auth_expiry_timestamp_seconds"): flat((18_000, "2h"), (622_800, "1h")),
            bot("ibbot_clock_timestamp_seconds"): rising(15, "3h"),
        },
        {"50m": 0, "90m": 1, "150m": 0},
        gates=REAL_TIME,
    ),
    Case(
        "AuthExpiresSoon",
        {
            bot("ibbot_gateway_auth_expiry_timestamp_seconds"): flat((1_000, "2h")),
            bot("ibbot_clock_timestamp_seconds"): flat((0, "2h")),
        },
        {"1h": 0},
        "a simulated day has no log-in",
        {bot("ibbot_clock_speed_ratio"): flat((195, LONG))},
    ),
    Case("PacingExhausted", {bot("ibbot_pacing_waiting_requests"): BRIEF}, AS_BRIEF),
    Case(
        "MarketDataLinesExhausted",
        {
            bot("ibbot_market_data_lines_used"): flat((40, "5m"), (85, "20m"), (40, "20m")),
            bot("ibbot_market_data_lines_limit"): flat((90, LONG)),
        },
        AS_BRIEF,
    ),
    Case(
        "AckLatencyHigh",
        {
            bot("ibbot_order_ack_latency_seconds_bucket", le="2.5"): flat((0, LONG)),
            bot("ibbot_order_ack_latency_seconds_bucket", le="5.0"): EVENT,
            bot("ibbot_order_ack_latency_seconds_bucket", le="+Inf"): EVENT,
        },
        {"4m": 0, "10m": 1, "40m": 0},
    ),
    Case(
        "BrokerClockSkew",
        {bot("ibbot_broker_clock_offset_seconds"): flat((0.4, "5m"), (-3, "20m"), (0.4, "20m"))},
        AS_BRIEF,
        gates=REAL_TIME,
    ),
    Case(
        "BrokerClockSkew",
        {bot("ibbot_broker_clock_offset_seconds"): flat((-5, "30m"))},
        {"20m": 0},
        "fast time has no seconds to compare",
        {bot("ibbot_clock_speed_ratio"): flat((195, LONG))},
    ),
]

RUNTIME = [
    Case("BotDown", {bot("up"): flat((1, "5m"), (0, "20m"), (1, "20m"))}, AS_BRIEF),
    Case("BotDown", {node("up"): flat((1, "30m"))}, {"10m": 1}, "a bot that nobody scrapes is down too"),
    Case(
        "BotDown",
        {bot("up"): flat((1, "5m"), (0, "1m"), (1, "20m"))},
        {"6m": 0, "10m": 0},
        "a restart is no alarm",
    ),
    Case(
        "HeartbeatLost",
        {
            bot(
                "ibbot_heartbeat_timestamp_seconds"
            ): f"{rising(15, '5m')} {flat((285, '20m'))} {rising(15, '20m', 1_500)}"
        },
        AS_BRIEF,
    ),
    Case(
        "HeartbeatLost",
        {
            bot("process_start_time_seconds"): flat((300, "30m")),
            bot("ibbot_heartbeat_timestamp_seconds"): f"{flat(('_', '20m'))} {rising(15, '10m', 1_200)}",
        },
        {"6m": 0, "15m": 1, "25m": 0},
        "a bot that never got going is noticed",
    ),
    Case(
        "JournalWriteFailed",
        {bot("ibbot_journal_write_failures_total"): EVENT},
        {"4m": 0, "10m": 1, "30m": 0},
    ),
    Case(
        "LineRestarting",
        {bot("ibbot_line_starts_total"): flat((1, "5m"), (2, "60m"))},
        {"4m": 0, "10m": 1, "40m": 0},
    ),
    Case(
        "LineRestarting",
        {bot("ibbot_line_starts_total"): flat((2, "5m"), (1, "60m"))},
        {"10m": 0},
        "a new process starts at one",
    ),
    Case(
        "DrillOverdue",
        {bot("ibbot_drill_due_timestamp_seconds"): flat((3600, "3h"), (8_000_000, "1h"))},
        {"30m": 0, "90m": 0, "150m": 1, "210m": 0},
    ),
    Case(
        "DrillOverdue",
        {bot("up"): flat((1, "3h"))},
        {"150m": 0},
        "a simulated day asks for none",
    ),
    Case(
        "BotRestarting",
        {bot("process_start_time_seconds"): flat((0, "5m"), (300, "2m"), (420, "2m"), (540, "60m"))},
        {"6m": 0, "12m": 1, "60m": 0},
    ),
    Case(
        "MailboxGrowing",
        {bot("ibbot_actor_mailbox_depth", actor="risk"): flat((3, "5m"), (900, "20m"), (3, "20m"))},
        AS_BRIEF,
    ),
    Case(
        "NotificationFailures",
        {bot("ibbot_notification_failures_total", channel="telegram"): EVENT},
        {"4m": 0, "10m": 1, "30m": 0},
    ),
    Case("Watchdog", {bot("up"): flat((1, "30m"))}, {"0m": 1, "20m": 1}, "fires for ever"),
    Case("TargetDown", {node("up"): flat((1, "5m"), (0, "20m"), (1, "20m"))}, AS_BRIEF),
    Case("AlertDeliveryFailing", {DELIVERIES_FAILED: FAILS_FOR_20_MIN}, {"4m": 0, "20m": 1, "40m": 0}),
    Case(
        "RuleEvaluationFailures",
        {'prometheus_rule_evaluation_failures_total{rule_group="ibbot_money"}': EVENT},
        {"4m": 0, "10m": 1, "30m": 0},
    ),
]

HOST = [
    Case("FilesystemReadonly", {node("node_filesystem_readonly", **EXT4): BRIEF}, AS_BRIEF),
    Case(
        "FilesystemReadonly",
        {node("node_filesystem_readonly", fstype="squashfs", mountpoint="/snap"): BRIEF},
        {"20m": 0},
        "some are meant to be",
    ),
    Case(
        "DiskFull",
        {
            node("node_filesystem_avail_bytes", **EXT4): flat((50, "1h"), (5, "2h"), (50, "2h")),
            node("node_filesystem_size_bytes", **EXT4): flat((100, "5h")),
        },
        {"50m": 0, "120m": 1, "280m": 0},
    ),
    Case(
        "DiskFull",
        {
            node("node_filesystem_avail_bytes", **EXT4): "390000-30x960",
            node("node_filesystem_size_bytes", **EXT4): flat((1_000_000, LONG)),
        },
        {"10m": 0, "120m": 1},
        "what will be full in three days is told today",
    ),
    Case(
        "HostClockSkew",
        {node("node_timex_offset_seconds"): flat((0, "5m"), (0.8, "20m"), (0, "20m"))},
        AS_BRIEF,
    ),
    Case(
        "HostClockSkew",
        {node("node_timex_sync_status"): flat((1, "5m"), (0, "20m"), (1, "20m"))},
        AS_BRIEF,
        "nobody sets it",
    ),
    Case("PiThrottled", {node("pi_throttled_state", reason="under_voltage"): BRIEF}, AS_BRIEF),
    Case(
        "HostHot",
        {node("node_thermal_zone_temp", type="cpu-thermal"): flat((50, "5m"), (84, "20m"), (50, "20m"))},
        AS_BRIEF,
    ),
    Case(
        "UnitFailed",
        {node("node_systemd_unit_state", name="ibkr-bot.service", state="failed"): BRIEF},
        AS_BRIEF,
    ),
]

CASES = [*MONEY, *LINK, *RUNTIME, *HOST, *APPLIANCE]
