"""The cases of the gateway's own host, of storage, backups and the alerts' way, and of a bot that died."""

from __future__ import annotations

from functools import partial

from tests.monitoring.alert_case import (
    AS_BRIEF,
    BRIEF,
    DAYS_STEP_S,
    EVENT,
    EXT4,
    Case,
    bot,
    flat,
    gateway,
    node,
    rising,
    second_bot,
)

DAY = 24 * 3600
flat_days = partial(flat, step_s=DAYS_STEP_S)
rising_days = partial(rising, step_s=DAYS_STEP_S)
NOT_ACTIVE = {"state": "inactive", "type": "simple"}

GATEWAY = [
    Case("GatewayLoginPending", {gateway("ibgateway_login_pending"): BRIEF}, {"4m": 0, "20m": 1, "40m": 0}),
    Case(
        "GatewayLoginPending",
        {gateway("ibgateway_login_pending"): flat((0, "5m"), (1, "6m"), (0, "30m"))},
        {"12m": 0, "20m": 0},
        "a log-in takes a few minutes",
    ),
    Case("GatewayApiDown", {gateway("ibgateway_up"): flat((1, "5m"), (0, "20m"), (1, "20m"))}, AS_BRIEF),
    Case(
        "GatewayApiDown",
        {
            gateway("ibgateway_up"): flat((1, "5m"), (0, "40m")),
            gateway("ibgateway_login_pending"): flat((0, "5m"), (1, "40m")),
        },
        {"30m": 0},
        "GatewayLoginPending says that",
    ),
    Case("GatewayWrongAccount", {gateway("ibgateway_wrong_account"): BRIEF}, AS_BRIEF),
    Case("GuardStopped", {gateway("ibkr_guard_stopped"): BRIEF}, {"4m": 0, "20m": 1, "40m": 0}),
    Case("GuardBlind", {gateway("ibkr_guard_blind"): BRIEF}, {"4m": 0, "20m": 1, "40m": 0}),
    Case("GuardHeldClient", {gateway("ibkr_guard_silent_clients"): BRIEF}, {"4m": 0, "20m": 1, "40m": 0}),
    Case(
        "GuardGone",
        {gateway("ibkr_guard_seen_timestamp_seconds"): f"{rising(15, '5m')} {flat((285, '40m'))}"},
        {"4m": 0, "20m": 1},
    ),
    Case(
        "GatewayCheckStale",
        {gateway("ibgateway_last_check_timestamp_seconds"): f"{rising(15, '5m')} {flat((285, '40m'))}"},
        {"10m": 0, "25m": 1},
    ),
    Case(
        "GatewayRestarting",
        {
            gateway("node_systemd_service_restart_total", name="ibgateway.service"): flat(
                (0, "5m"), (5, "70m"), (5, "60m")
            )
        },
        {"4m": 0, "20m": 1, "80m": 0},
    ),
    Case(
        "GatewayRestarting",
        {gateway("node_systemd_service_restart_total", name="ibgateway.service"): EVENT},
        {"20m": 0},
        "once a week is how it is",
    ),
    Case(
        "TunnelCertificateExpires",
        {
            gateway("gateway_tunnel_certificate_expiry_timestamp_seconds"): flat(
                (40 * DAY, "1h"), (20 * DAY, "2h"), (800 * DAY, "2h")
            )
        },
        {"50m": 0, "150m": 1, "280m": 0},
    ),
]

STORAGE = [
    Case(
        "UnitInactive",
        {node("node_systemd_unit_state", name="ibkr-bot.service", **NOT_ACTIVE): BRIEF},
        AS_BRIEF,
    ),
    Case(
        "UnitInactive",
        {gateway("node_systemd_unit_state", name="ibgateway-guard.service", **NOT_ACTIVE): BRIEF},
        AS_BRIEF,
        "without the guard nobody reaches the gateway",
    ),
    Case(
        "UnitInactive",
        {node("node_systemd_unit_state", name="appliance-backup.service", **NOT_ACTIVE): flat((1, "1h"))},
        {"30m": 0},
        "a job that its timer starts rests in between",
    ),
    Case(
        "UnitInactive",
        {node("node_systemd_unit_state", name="ibgateway-vnc.service", **NOT_ACTIVE): flat((1, "1h"))},
        {"30m": 0},
        "the screen is off by default",
    ),
    Case(
        "OutOfMemory",
        {node("node_vmstat_oom_kill"): flat((0, "5m"), (1, "3h"))},
        {"4m": 0, "10m": 1, "80m": 0},
    ),
    Case(
        "InodesLow",
        {
            node("node_filesystem_files_free", **EXT4): flat((500, "1h"), (50, "2h"), (500, "2h")),
            node("node_filesystem_files", **EXT4): flat((1_000, "5h")),
        },
        {"50m": 0, "120m": 1, "280m": 0},
    ),
    Case(
        "InodesLow",
        {
            node("node_filesystem_files_free", fstype="ext4", mountpoint="/boot"): flat((0, "2h")),
            node("node_filesystem_files", fstype="ext4", mountpoint="/boot"): flat((0, "2h")),
        },
        {"100m": 0},
        "some file systems have none",
    ),
    Case(
        "StorageErrors",
        {node("appliance_storage_errors_total"): flat((0, "5m"), (2, "3h"))},
        {"4m": 0, "10m": 1, "80m": 0},
    ),
    Case(
        "StorageSlow",
        {
            node(
                "node_disk_write_time_seconds_total", device="mmcblk0"
            ): f"{rising(0.1, '10m')} {rising(40, '50m', 4)}",
            node("node_disk_writes_completed_total", device="mmcblk0"): rising(10, "1h"),
        },
        {"9m": 0, "50m": 1},
    ),
    Case(
        "RebootDue",
        {node("appliance_reboot_due"): flat_days((0, "1h"), (1, "60h"), (0, "2h"))},
        {"40h": 0, "55h": 1, "62h": 0},
        step_s=DAYS_STEP_S,
    ),
    Case(
        "BackupMissing",
        {
            node("appliance_backup_last_success_timestamp_seconds", place="keeper"): flat_days(
                (0, "80h"), (288_000, "9h")
            )
        },
        {"70h": 0, "78h": 1, "85h": 0},
        step_s=DAYS_STEP_S,
    ),
    Case(
        "BackupMissing",
        {
            node("node_boot_time_seconds"): flat_days((0, "80h")),
            node("node_systemd_unit_state", name="appliance-backup.timer", state="active"): flat_days(
                (1, "80h")
            ),
        },
        {"70h": 0, "78h": 1},
        "a host that never made one is missed, too",
        step_s=DAYS_STEP_S,
    ),
]

REPLAY = {"command": "replay"}
REPLAY_TIMER = node("node_systemd_unit_state", name="ibkr-bot-replay.timer", state="active")
COMPARISONS = [
    Case(
        "ComparisonDiffers",
        {node("ibkr_comparison_differences", **REPLAY): flat_days((0, "2h"), (3, "24h"), (0, "24h"))},
        {"1h": 0, "10h": 0, "16h": 1, "28h": 0},
        "the bot has told it at once; the next evening's without any ends it",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "ComparisonMissing",
        {
            node("ibkr_comparison_due_timestamp_seconds", **REPLAY): flat_days(
                (40 * 3600, "60h"), (90 * 3600, "20h")
            ),
            REPLAY_TIMER: flat_days((1, "80h")),
        },
        {"39h": 0, "42h": 1, "62h": 0},
        step_s=DAYS_STEP_S,
    ),
    Case(
        "ComparisonMissing",
        {
            node("ibkr_comparison_due_timestamp_seconds", command="flex"): flat_days((3600, "60h")),
            node("ibkr_comparison_due_timestamp_seconds", **REPLAY): flat_days((3600 * 24 * 9, "60h")),
            REPLAY_TIMER: flat_days((1, "60h")),
        },
        {"42h": 0},
        "IB's statement is not asked for any more: its timer is gone",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "ComparisonMissing",
        {node("node_boot_time_seconds"): flat_days((0, "120h")), REPLAY_TIMER: flat_days((1, "120h"))},
        {"95h": 0, "100h": 1},
        "a host that never compared anything is missed, too",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "UnitFailed",
        {
            node("node_systemd_unit_state", name="ibkr-bot-replay.service", state="failed"): flat((1, "50m")),
            node("ibkr_comparison_differences", **REPLAY): flat((2, "25m"), (0, "25m")),
        },
        {"20m": 0, "40m": 1},
        "a comparison that found something has not failed; one that could not compare has",
    ),
]

PIPELINE = [
    Case(
        "AlertmanagerMissing",
        {
            'prometheus_notifications_alertmanagers_discovered{job="prometheus",instance="a"}': flat(
                (1, "5m"), (0, "20m"), (1, "9m")
            )
        },
        {"4m": 0, "20m": 1, "33m": 0},
    ),
    Case(
        "AlertmanagerMissing",
        {
            'prometheus_notifications_errors_total{job="prometheus",instance="a"}': f"{flat((0, '5m'))} {rising(1, '20m')}"
        },
        {"4m": 0, "20m": 1},
        "one that does not take them is none",
    ),
    Case(
        "ConfigReloadFailed",
        {
            'prometheus_config_last_reload_successful{job="prometheus",instance="a"}': flat(
                (1, "5m"), (0, "20m"), (1, "9m")
            )
        },
        {"4m": 0, "20m": 1, "33m": 0},
    ),
    Case(
        "ConfigReloadFailed",
        {
            'alertmanager_config_last_reload_successful{job="alertmanager",instance="a"}': flat(
                (1, "5m"), (0, "20m")
            )
        },
        {"4m": 0, "20m": 1},
        "Alertmanager's, too",
    ),
]

# 1970 began on a Thursday: its first session is 14:30 to 21:00 UTC, the next one a day later.
THURSDAY, CLOSE = 14 * 3600 + 1800, 21 * 3600
AWAKE = {
    "ibbot_clock_speed_ratio": 1,
    "ibbot_session_open_timestamp_seconds": THURSDAY,
    "ibbot_session_close_timestamp_seconds": CLOSE,
}


def died_days(value: float) -> str:
    """What was told for an hour, until its teller died for days."""
    return f"{flat_days((value, '1h'))} stale {flat_days(('_', '60h'))}"


DIED = [
    Case(
        "PositionUnprotected",
        {
            bot("ibbot_positions_unprotected"): f"{flat((0, '5m'), (1, '2m'))} stale {flat(('_', '60m'))}",
            bot("up"): flat((1, "7m"), (0, "63m")),
        },
        {"4m": 0, "7m": 1, "30m": 1, "65m": 1},
        "a bot that dies unprotected leaves a position that stays unprotected",
    ),
    Case(
        "PositionUnprotected",
        {
            bot("ibbot_positions_unprotected"): f"{flat((1, '3m'), (0, '4m'))} stale {flat(('_', '60m'))}",
            bot("up"): flat((1, "7m"), (0, "63m")),
        },
        {"30m": 0},
        "what was protected when it died is told by BotDown alone",
    ),
    Case(
        "PositionUnprotected",
        {
            bot("ibbot_positions_unprotected"): flat_days((0, "100h")),
            bot("up"): flat_days((1, "100h")),
            second_bot("ibbot_positions_unprotected"): f"{died_days(1)} {flat_days((0, '39h'))}",
            second_bot("up"): flat_days((1, "1h"), (0, "60h"), (1, "39h")),
        },
        {"2h": 1, "24h": 1, "60h": 1, "62h": 0},
        "one of two dies unprotected and stays dead over sessions: its position is told all the while",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "BotDown",
        {bot("up"): flat((1, "40m")), second_bot("up"): flat((1, "5m"), (0, "20m"), (1, "15m"))},
        AS_BRIEF,
        "one of two is dead: one is told",
    ),
    Case(
        "SafeMinutesLow",
        {
            **{bot(name): flat_days((value, "61h")) for name, value in AWAKE.items()},
            bot("ibbot_gateway_connection_state", state="ready"): flat_days((1, "61h")),
            bot("ibbot_feed_stale", symbol="SPY", feed="bars"): flat_days((0, "61h")),
            bot("ibbot_positions_unprotected"): flat_days((0, "61h")),
            bot("ibbot_market_open"): flat_days((0, "870m"), (1, "390m"), (0, "40h")),
            bot("up"): flat_days((1, "61h")),
            second_bot("ibbot_market_open"): died_days(0),
            **{second_bot(name): died_days(value) for name, value in AWAKE.items()},
            second_bot("up"): flat_days((1, "1h"), (0, "60h")),
        },
        {"14h": 0, "16h": 1, "40h": 1},
        "of two the one that is dead misses its sessions, and the other none",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "SafeMinutesLow",
        {
            bot("ibbot_market_open"): died_days(0),
            **{bot(name): died_days(value) for name, value in AWAKE.items()},
            bot("up"): flat_days((1, "1h"), (0, "60h")),
        },
        {"14h": 0, "16h": 1, "40h": 1},
        "a bot that died in the night is missed in the session, and in the next one",
        step_s=DAYS_STEP_S,
    ),
    Case(
        "CommissionSpike",
        {
            bot(
                "ibbot_commissions_total", currency="USD"
            ): f"{rising_days(0.4, '240h')} {rising_days(40, '20h', 576)}",
            bot("ibbot_account_equity", currency="EUR"): flat_days((50_000, "260h")),
        },
        {"230h": 0, "255h": 1},
        "in another currency than the account's it is measured by ordinary days",
        step_s=DAYS_STEP_S,
    ),
]

APPLIANCE = [*GATEWAY, *STORAGE, *COMPARISONS, *PIPELINE, *DIED]
