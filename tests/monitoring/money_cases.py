"""The cases of what concerns money and positions."""

from __future__ import annotations

from tests.monitoring.alert_case import (
    AS_BRIEF,
    BRIEF,
    CLOSED,
    EVENT,
    LONG,
    OPEN,
    READY,
    Case,
    bot,
    flat,
    rising,
)

HELD = {bot("ibbot_position_contracts"): flat((10, LONG))}

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
    Case(
        "PositionOutOfReach",
        {READY: flat((1, "5m"), (0, "20m"), (1, "20m"))},
        {"5m30s": 0, "6m15s": 1, "20m": 1, "40m": 0},
        gates=OPEN | HELD,
    ),
    Case("PositionOutOfReach", {READY: flat((0, "30m"))}, {"20m": 0}, "not while closed", CLOSED | HELD),
    Case(
        "PositionOutOfReach",
        {READY: flat((0, "30m")), bot("ibbot_position_contracts"): flat((0, LONG))},
        {"20m": 0},
        "nothing held: GatewayDown says it in its own time",
        OPEN,
    ),
    Case(
        "PositionOutOfReach",
        {READY: flat((0, "30m")), bot("ibbot_reconcile_mismatches"): flat((1, LONG))},
        {"20m": 0},
        "ReconcileMismatch says that",
        OPEN | HELD,
    ),
    Case(
        "BotDownHolding",
        {bot("up"): flat((1, "5m"), (0, "20m"), (1, "20m"))},
        {"5m30s": 0, "6m30s": 1, "20m": 1, "40m": 0},
        gates=OPEN | HELD,
    ),
    Case(
        "BotDownHolding",
        {bot("up"): "1x19 0x2 " + "1 0x3 " * 40},
        {"4m": 0, "10m": 1},
        "a bot that ends at every start is dead, too",
        OPEN | HELD,
    ),
    Case(
        "BotDownHolding",
        {bot("up"): flat((1, "5m"), (0, "30s"), (1, "20m"))},
        {"6m": 0, "8m": 0},
        "a restart is no alarm",
        OPEN | HELD,
    ),
    Case("OrderUnanswered", {bot("ibbot_orders_unanswered"): BRIEF}, AS_BRIEF, gates=OPEN),
    Case(
        "OrderUnanswered",
        {bot("ibbot_orders_unanswered"): BRIEF},
        {"20m": 0},
        "a cancel that waits for the next session is no alarm",
        CLOSED,
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
