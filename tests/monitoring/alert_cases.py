"""Each alert's life on made-up series: when it must be quiet, when it must fire, when it must have resolved.

Rule: every alert has a case; a gate has a second one, in which the same trouble must not fire at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STEP_S = 15
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def flat(*parts: tuple[float | str, str]) -> str:
    """promtool's notation of values that hold for a while: ``(0, "1m"), (1, "5m")``; ``_`` is no sample."""
    return " ".join(f"{value}x{seconds(span) // STEP_S - 1}" for value, span in parts)


def rising(per_step: float, span: str, start: float = 0) -> str:
    return f"{start}+{per_step}x{seconds(span) // STEP_S - 1}"


def bot(name: str, /, **labels: str) -> str:
    """A series of the bot."""
    return _series(name, {"job": "ibkr-bot", "instance": "pi:9108", "host": "pi", **labels})


def node(name: str, /, **labels: str) -> str:
    """A series of the host."""
    return _series(name, {"job": "node", "instance": "pi:9100", "host": "pi", **labels})


def _series(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inner}}}"


@dataclass(frozen=True, slots=True)
class Case:
    """``counts`` says how many alerts of that name fire at which time; ``gates`` are series that only let it through."""

    alert: str
    series: dict[str, str]
    counts: dict[str, int]
    why: str = "fires, and resolves"
    gates: dict[str, str] = field(default_factory=dict)

    @property
    def is_long(self) -> bool:
        """Hours rather than minutes: judged every 2 minutes, to be quick."""
        return any((at.endswith("m") and seconds(at) > 80 * 60) or at.endswith("h") for at in self.counts)


LONG = "8h"
OPEN = {bot("ibbot_market_open"): flat((1, LONG))}
CLOSED = {bot("ibbot_market_open"): flat((0, LONG))}
REAL_TIME = {bot("ibbot_clock_speed_ratio"): flat((1, LONG))}
EXT4 = {"fstype": "ext4", "mountpoint": "/"}
BRIEF = flat((0, "5m"), (1, "20m"), (0, "30m"))
"""Well for 5 minutes, ill for 20, well again."""
AS_BRIEF = {"4m": 0, "20m": 1, "40m": 0}
EVENT = flat((0, "5m"), (1, "60m"))
"""A counter that counts one event at the fifth minute."""
DELIVERIES_FAILED = 'alertmanager_notifications_failed_total{integration="slack"}'
FAILS_FOR_20_MIN = f"{flat((0, '5m'))} {rising(1, '20m')} {flat((80, '30m'))}"
READY = bot("ibbot_gateway_connection_state", state="ready")

MONEY = [
    Case("PositionUnprotected", {bot("ibbot_positions_unprotected"): BRIEF}, AS_BRIEF),
    Case(
        "PositionUnprotected",
        {bot("ibbot_stop_quantity_mismatch"): BRIEF},
        AS_BRIEF,
        "a stop for too few is no protection",
    ),
    Case(
        "PositionUnprotected",
        {bot("ibbot_positions_unprotected"): flat((0, "5m"), (1, "15s"), (0, "10m"))},
        {"5m": 0, "5m15s": 0, "6m": 0},
        "the moment between fill and proof is no alarm",
    ),
    Case("ReconcileMismatch", {bot("ibbot_reconcile_mismatches"): BRIEF}, AS_BRIEF),
    Case("LossGuardTripped", {bot("ibbot_trading_cause", cause="daily_loss"): BRIEF}, AS_BRIEF),
    Case(
        "LossGuardTripped",
        {bot("ibbot_trading_cause", cause="operator"): BRIEF},
        {"20m": 0},
        "a person's halt is no loss",
    ),
    Case("TradingHalted", {bot("ibbot_trading_cause", cause="operator"): BRIEF}, AS_BRIEF),
    Case(
        "TradingHalted",
        {bot("ibbot_trading_cause", cause="not_connected"): BRIEF},
        {"20m": 0},
        "GatewayDown says that",
    ),
    Case(
        "TradingHalted",
        {bot("ibbot_trading_cause", cause="operator"): flat((0, "5m"), (1, "8m"), (0, "30m"))},
        {"12m": 0, "20m": 0},
        "the bot tells the halt, this that it lasts",
    ),
    Case(
        "ExpiryNear",
        {
            bot("ibbot_positions_expiring_today"): flat((1, "50m"), (0, "20m")),
            bot("ibbot_session_close_timestamp_seconds"): flat((4_800, "70m")),
            bot("ibbot_clock_timestamp_seconds"): rising(15, "70m"),
        },
        {"30m": 0, "45m": 1, "60m": 0},
    ),
    Case(
        "LossGuardNear",
        {
            bot("ibbot_loss_guard_headroom_ratio", guard="daily_loss"): flat(
                (0.5, "5m"), (0.2, "20m"), (0.6, "20m")
            )
        },
        AS_BRIEF,
    ),
    Case(
        "LossGuardNear",
        {bot("ibbot_loss_guard_headroom_ratio", guard="daily_loss"): flat((0, "30m"))},
        {"20m": 0},
        "nothing left is LossGuardTripped's",
    ),
    Case(
        "ProtectionRepairedOften",
        {bot("ibbot_protection_repairs_total"): flat((0, "5m"), (4, "30h"))},
        {"4m": 0, "10m": 1, "26h": 0},
    ),
    Case(
        "ProtectionRepairedOften",
        {bot("ibbot_protection_repairs_total"): EVENT},
        {"10m": 0},
        "the bot tells each repair itself",
    ),
    Case(
        "OrdersRejected",
        {bot("ibbot_order_rejects_total", code="201"): flat((0, "5m"), (3, "60m"))},
        {"4m": 0, "10m": 1, "40m": 0},
    ),
    Case(
        "OrdersRejected",
        {bot("ibbot_order_rejects_total", code="201"): EVENT},
        {"10m": 0},
        "one refusal is the journal's business",
    ),
    Case(
        "OrdersRejected",
        {
            bot("ibbot_order_rejects_total", code="201"): flat((0, "5m"), (3, "60m")),
            bot("ibbot_trading_cause", cause="order_refused_storm"): flat((0, "5m"), (1, "60m")),
        },
        {"10m": 0},
        "that trading halted is told by the bot",
    ),
    Case(
        "CommissionSpike",
        {
            bot("ibbot_commissions_total", currency="USD"): flat((0, "5m"), (150, "2h"), (151, "2h")),
            bot("ibbot_account_equity", currency="USD"): flat((50_000, "3h"), (500_000, "1h")),
        },
        {"4m": 0, "30m": 1, "200m": 0},
    ),
    Case(
        "SafeMinutesLow",
        {
            **OPEN,
            READY: flat((1, "1h"), (0, "10m"), (1, "6h")),
            bot("ibbot_feed_stale", symbol="SPY", feed="bars"): flat((0, LONG)),
            bot("ibbot_positions_unprotected"): flat((0, LONG)),
        },
        {"59m": 0, "100m": 1, "430m": 0},
    ),
]

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
            bot("ibbot_gateway_auth_expiry_timestamp_seconds"): flat((90_000, "2h"), (694_800, "1h")),
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

CASES = [*MONEY, *LINK, *RUNTIME, *HOST]
