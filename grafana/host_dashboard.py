"""The hosts' dashboard: what breaks under a bot. Drawn from node_exporter and the Pi's throttling word."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models import dashboard as models

from grafana.panels import SOURCE, ZERO_IS_GOOD, Panel, Plan, Query, lines, rows

UID = "ibbot-host"
HOST = '{host="$host"}'
DISKS = '{host="$host",fstype=~"ext4|btrfs|xfs|f2fs"}'


def hardware() -> list[Panel]:
    return [
        lines(Plan(
            id=1, title="Temperature", unit="celsius", span=8, steps=((None, "green"), (70, "orange"), (80, "red")),
            description="Of the CPU. A Raspberry Pi slows down from 80 °C.",
            queries=(
                Query(f"max by (type) (node_thermal_zone_temp{HOST})", "{{type}}"),
                Query(f"max by (chip) (node_hwmon_temp_celsius{HOST})", "{{chip}}"),
            ),
        ), marks=True),
        lines(Plan(
            id=2, title="Throttling", unit="none", span=8, steps=ZERO_IS_GOOD, none="not a Raspberry Pi",
            description="1 while the Raspberry Pi limits itself: weak power, or heat.",
            queries=(Query(f"max by (reason) (pi_throttled_state{HOST})", "{{reason}}"),),
        )),
        lines(Plan(
            id=3, title="Clock offset", unit="s", span=8, steps=((None, "green"), (0.5, "red")),
            description="The host's clock against its time servers, and 1 while it is in step.",
            queries=(
                Query(f"abs(node_timex_offset_seconds{HOST})", "offset"),
                Query(f"node_timex_sync_status{HOST}", "in step"),
            ),
        )),
        lines(Plan(
            id=4, title="Disk", unit="percentunit", span=8, steps=((None, "green"), (0.9, "red")),
            description="How full each disk is, and 1 for a disk that has turned read-only.",
            queries=(
                Query(
                    f"1 - max by (mountpoint) (node_filesystem_avail_bytes{DISKS} / node_filesystem_size_bytes{DISKS})",
                    "{{mountpoint}}"),
                Query(f"max by (mountpoint) (node_filesystem_readonly{DISKS})", "read-only: {{mountpoint}}"),
            ),
        ), marks=True),
    ]  # fmt: skip


def programs() -> list[Panel]:
    return [
        rows(Plan(
            id=5, title="Units that are not active", unit="none", span=8, steps=ZERO_IS_GOOD, none="all active",
            description="Services of the appliance that systemd does not run.",
            queries=(
                Query('node_systemd_unit_state{host="$host",state!="active",type!="oneshot"} == 1', is_now=True),
            ),
        ), columns=(("name", "unit"), ("state", "state"))),
        lines(Plan(
            id=6, title="CPU, memory, pressure", unit="percentunit", span=8, steps=((None, "green"), (0.9, "red")),
            description="Shares in use; pressure is the share of time in which something waited for memory.",
            queries=(
                Query(
                    '1 - avg(rate(node_cpu_seconds_total{host="$host",mode="idle"}[5m]))', "CPU"),
                Query(f"1 - node_memory_MemAvailable_bytes{HOST} / node_memory_MemTotal_bytes{HOST}", "memory"),
                Query(f"rate(node_pressure_memory_waiting_seconds_total{HOST}[5m])", "memory pressure"),
            ),
        )),
    ]  # fmt: skip


def trading() -> list[Panel]:
    return [
        lines(Plan(
            id=7, title="IB Gateway", unit="none", span=8, steps=((None, "red"), (1, "green")),
            none="not the gateway's host",
            description="1 while its API answers with an account; 1 while it runs and nobody is logged in; its restarts.",
            queries=(
                Query(f"ibgateway_up{HOST}", "answers"),
                Query(f"ibgateway_login_pending{HOST}", "waits for a log-in"),
                Query(f"ibgateway_wrong_account{HOST}", "wrong account"),
                Query(
                    'increase(node_systemd_service_restart_total{host="$host",name="ibgateway.service"}[1h])',
                    "restarts within the hour"),
            ),
        )),
        lines(Plan(
            id=8, title="Storage", unit="s", span=8, steps=((None, "green"), (1, "red")),
            description="How long a write takes, and errors of cards and disks in the kernel's log since boot.",
            queries=(
                Query(
                    f"rate(node_disk_write_time_seconds_total{HOST}[5m]) "
                    f"/ (rate(node_disk_writes_completed_total{HOST}[5m]) > 0)", "{{device}}"),
                Query(f"appliance_storage_errors_total{HOST}", "errors since boot"),
            ),
        )),
        lines(Plan(
            id=9, title="Safe minutes", unit="percentunit", span=8, steps=((None, "red"), (0.97, "orange"), (0.995, "green")),
            none="no bot here, or no session yet",
            description="Of the market's minutes, the share in which all was well; the aim is 99.5 %.",
            queries=(
                Query(f"ibbot:safe_minutes:ratio_1d{HOST}", "one day"),
                Query(f"ibbot:safe_minutes:ratio_30d{HOST}", "30 days"),
            ),
        )),
        lines(Plan(
            id=10, title="The day compared", unit="none", span=8, steps=ZERO_IS_GOOD, none="no bot here, or never compared",
            description="What the last evening's replay and the last morning's statement of IB found to differ from the journal, "
            "and 1 where the next of them is overdue.",
            queries=(
                Query(f"ibkr_comparison_differences{HOST}", "{{command}}"),
                Query(f"time() > bool ibkr_comparison_due_timestamp_seconds{HOST}", "overdue: {{command}}"),
            ),
        )),
    ]  # fmt: skip


def make() -> models.Dashboard:
    board = (
        dashboards.Dashboard("Hosts of the bot")
        .uid(UID)
        .tags(["ibkr-options-bot"])
        .description("Temperature, throttling, clock, disk and units of the hosts under the bot.")
        .readonly()
        .timezone("America/New_York")
        .refresh("1m")
        .time("now-24h", "now")
        .with_variable(
            dashboards.QueryVariable("host")
            .label("Host")
            .datasource(SOURCE)
            .query('label_values(up{job="node"}, host)')
            .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
        )
        .with_row(dashboards.Row("Host").id(101))
    )
    for panel in (*hardware(), *programs(), *trading()):
        board = board.with_panel(panel)
    return board.build()
