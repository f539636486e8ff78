"""The cases of what concerns money and positions."""

from __future__ import annotations

from tests.monitoring.alert_case import AS_BRIEF, BRIEF, EVENT, LONG, OPEN, READY, Case, bot, flat, rising

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
    Case("ExitOverdue", {bot("ibbot_exits_overdue"): BRIEF}, AS_BRIEF),
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
