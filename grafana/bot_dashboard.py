"""The bot's dashboard. Its first row answers within seconds: is the money safe?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models import dashboard as models

from grafana.panels import (
    SOURCE,
    ZERO_IS_GOOD,
    Panel,
    Plan,
    Query,
    bars,
    lines,
    number,
    rows,
    timeline,
)

UID = "ibbot"
FIRST_ROW_ID = 101
HOST = '{host="$host"}'
JOB = '{job="ibkr-bot",host="$host"}'

DOLLARS = "prefix:$"
"""Whole amounts: Grafana's own currency units shorten 49,770.55 to 49.77K."""
SAFE = ((0, "NOT SAFE", "red"), (1, "SAFE", "green"))
STATES = ((0, "ACTIVE", "green"), (1, "REDUCING", "orange"), (2, "HALTED", "red"))
CONNECTIONS = (
    (0, "ready", "green"),
    (1, "comparing books", "orange"),
    (2, "IB away", "red"),
    (3, "DISCONNECTED", "red"),
)
GOOD_BAD = ((None, "green"), (1, "orange"), (2, "red"))


def one_of(family: str, *states: str) -> str:
    """A set of states as one number: 0 for the state not named, then 1, 2, … in the order given."""
    return " + ".join(
        f'{n} * sum({family}{{host="$host",state="{state}"}})' for n, state in enumerate(states, 1)
    )


def quantile(share: float, family: str) -> str:
    return f"histogram_quantile({share}, sum by (le) ({family}_bucket{HOST}))"


STATE = one_of("ibbot_trading_state", "REDUCING", "HALTED")
CONNECTION = one_of("ibbot_gateway_connection_state", "unreconciled", "link_down", "disconnected")


def safety() -> list[Panel]:
    return [
        number(Plan(
            id=26, title="Is it safe", unit="none", span=4, height=5, steps=GOOD_BAD, none="no data",
            description="One verdict: connected, books compared, data fresh, every position protected.",
            queries=(Query('min(ibbot:safe{host="$host"})'),),
        ), names=SAFE),
        number(Plan(
            id=4, title="Unprotected positions", unit="none", span=4, height=5, steps=ZERO_IS_GOOD, none="no data",
            description="Positions whose stop the broker's own open orders do not prove. 0 is the only good number.",
            queries=(Query(f"max(ibbot_positions_unprotected{HOST})"),),
        )),
        number(Plan(
            id=27, title="Contracts held", unit="none", span=4, height=5, decimals=0, none="no data",
            description="Option contracts held now. Which ones, and what each is worth: the bot's own page.",
            queries=(Query(f"max(ibbot_position_contracts{HOST})"),),
        )),
        number(Plan(
            id=5, title="Trading state", unit="none", span=4, height=5, steps=GOOD_BAD, none="no data",
            description="ACTIVE trades; REDUCING only lets positions end; HALTED waits for: ibkr-bot resume.",
            queries=(Query(STATE),),
        ), names=STATES),
        number(Plan(
            id=6, title="Connection", unit="none", span=4, height=5, steps=GOOD_BAD, none="no data",
            description="The way to the market: gateway, IB behind it, and whether the books were compared.",
            queries=(Query(CONNECTION),),
        ), names=CONNECTIONS),
        number(Plan(
            id=7, title="Heartbeat", unit="s", span=4, height=5, decimals=0, none="no data",
            steps=((None, "green"), (30, "orange"), (60, "red")),
            description="How long ago every component answered the supervisor.",
            queries=(Query(f"time() - max(ibbot_heartbeat_timestamp_seconds{HOST})"),),
        )),
    ]  # fmt: skip


def today() -> list[Panel]:
    return [
        number(Plan(
            id=2, title="Result of the day", unit=DOLLARS, span=6, height=5, decimals=2,
            steps=((None, "red"), (0, "green")),
            description="Realised and unrealised (at the bid) less fees: the figure of the page, of `status` and of the report.",
            queries=(Query(f"sum(ibbot_account_day_pnl{HOST})"),),
        ), spark=True),
        number(Plan(
            id=1, title="Equity", unit=DOLLARS, span=6, height=5, decimals=2,
            description="Net liquidation value as the broker last said it.",
            queries=(Query(f"sum(ibbot_account_equity{HOST})"),),
        ), spark=True),
        bars(Plan(
            id=3, title="Loss guard headroom", unit="percentunit", span=6, height=5, decimals=0,
            steps=((None, "red"), (0.25, "orange"), (0.5, "green")),
            description="What may still be lost before a guard halts trading, as a share of its limit.",
            queries=(Query(f"max by (guard) (ibbot_loss_guard_headroom_ratio{HOST})", "{{guard}}"),),
        ), most=1),
        number(Plan(
            id=28, title="Safe minutes of the day", unit="percentunit", span=6, height=5, decimals=1, none="no data",
            steps=((None, "red"), (0.97, "orange"), (0.995, "green")),
            description="Of the last day's minutes with an open market, the share in which the verdict was SAFE.",
            queries=(Query('min(ibbot:safe_minutes:ratio_1d{host="$host"})'),),
        )),
        number(Plan(
            id=8, title="Next events", unit="dtdurations", span=12, height=5, decimals=0,
            description="By the bot's own clock: when the market opens or closes, and when the weekly log-in expires.",
            queries=(
                Query(
                    f"max(ibbot_session_close_timestamp_seconds{HOST} - ibbot_clock_timestamp_seconds{HOST}"
                    f" and on (instance) ibbot_market_open{HOST} == 1)", "market closes in"),
                Query(
                    f"max(ibbot_session_open_timestamp_seconds{HOST} - ibbot_clock_timestamp_seconds{HOST}"
                    f" and on (instance) ibbot_market_open{HOST} == 0)", "market opens in"),
                Query(
                    f"max(ibbot_gateway_auth_expiry_timestamp_seconds{HOST} - ibbot_clock_timestamp_seconds{HOST})",
                    "log-in expires in"),
            ),
        )),
        rows(Plan(
            id=25, title="Alerts that fire", unit="none", span=12, height=5, steps=ZERO_IS_GOOD, none="none",
            description="What Prometheus complains about now. The runbook has a heading for each.",
            queries=(Query('ALERTS{alertstate="firing",alertname!="Watchdog"}', is_now=True),),
        ), columns=(("alertname", "alert"), ("severity", "severity"), ("host", "host"))),
    ]  # fmt: skip


def money() -> list[Panel]:
    return [
        lines(Plan(
            id=9, title="Equity and its guards", unit=DOLLARS, span=12, decimals=2,
            description="Equity, where the day began, and where the daily loss guard halts trading.",
            queries=(
                Query(f"sum(ibbot_account_equity{HOST})", "equity"),
                Query(f"sum(ibbot_account_start_equity{HOST})", "start of the day"),
                Query(
                    f"sum(ibbot_account_start_equity{HOST})"
                    ' - sum(ibbot_loss_guard_limit{host="$host",guard="daily_loss"})', "daily loss guard"),
            ),
        ), from_zero=False),
        lines(Plan(
            id=10, title="Drawdown", unit="percentunit", span=4,
            steps=((None, "green"), (0.075, "orange"), (0.15, "red")),
            description="How far equity is below its peak.",
            queries=(Query(f"max(ibbot_drawdown_ratio{HOST})", "drawdown"),),
        )),
        lines(Plan(
            id=11, title="What the day's result is made of", unit=DOLLARS, span=8, decimals=2,
            description="net = realized + unrealized - fees; commissions since the bot's start.",
            queries=(
                Query(f"sum by (kind) (ibbot_trades_pnl{HOST})", "{{kind}}"),
                Query(f"sum(ibbot_commissions_total{HOST})", "commissions"),
            ),
        )),
    ]  # fmt: skip


def decisions() -> list[Panel]:
    return [
        lines(Plan(
            id=12, title="Orders by outcome", unit="short", span=8, decimals=0,
            description="Orders by the states they reached, since the bot's start.",
            queries=(Query(f"sum by (outcome) (ibbot_orders_total{HOST}) > 0", "{{outcome}}"),),
        )),
        lines(Plan(
            id=13, title="Order latency", unit="s", span=8, steps=((None, "green"), (2, "red")),
            description="Until the broker's first word on an order (wall time), and from approval to the first fill (bot time).",
            queries=(
                Query(quantile(0.5, "ibbot_order_ack_latency_seconds"), "first word, half"),
                Query(quantile(0.95, "ibbot_order_ack_latency_seconds"), "first word, 95 %"),
                Query(quantile(0.5, "ibbot_order_fill_latency_seconds"), "first fill, half"),
            ),
        )),
        lines(Plan(
            id=14, title="Refusals and errors by code", unit="short", span=8, decimals=0, none="none", steps=ZERO_IS_GOOD,
            description="Orders and requests that the broker refused, and links it lost, by IB's code. 0 is our own deadline.",
            queries=(Query(f"sum by (source, code) (ibbot_broker_errors_total{HOST}) > 0", "{{source}} {{code}}"),),
        )),
        lines(Plan(
            id=15, title="Ideas by what became of them", unit="short", span=8, decimals=0,
            description="Every signal ends as one of these; the reasons are beside it.",
            queries=(Query(f"sum by (decision) (ibbot_entries_total{HOST})", "{{decision}}"),),
        )),
        bars(Plan(
            id=16, title="Why bars and signals were not traded", unit="short", span=16, decimals=0,
            description="The ten most frequent reasons: strategies in lower case, risk and selection in capitals.",
            queries=(
                Query(f"topk(5, sum by (reason) (ibbot_skips_total{HOST}) > 0)", "{{reason}}", is_now=True),
                Query(
                    'topk(5, sum by (reason) (ibbot_bars_judged_total{host="$host",reason!="fired"}) > 0)',
                    "{{reason}}", is_now=True),
            ),
        )),
    ]  # fmt: skip


def link() -> list[Panel]:
    return [
        timeline(Plan(
            id=18, title="Connection", unit="none", span=6, height=5, steps=GOOD_BAD,
            description="The way to the market over time.",
            queries=(Query(CONNECTION, "connection"),),
        ), names=CONNECTIONS),
        timeline(Plan(
            id=23, title="Trading state", unit="none", span=6, height=5, steps=GOOD_BAD,
            description="Whether the bot may open positions, over time.",
            queries=(Query(STATE, "trading"),),
        ), names=STATES),
        lines(Plan(
            id=17, title="Age of the last tick, clock offset", unit="s", span=6, height=5, decimals=0,
            steps=((None, "green"), (90, "orange"), (120, "red")),
            description="Bot time since the latest quote, and the broker's clock less ours. A simulated day runs fast.",
            queries=(
                Query('max by (symbol) (ibbot:tick_age_seconds{host="$host"})', "{{symbol}}"),
                Query(f"max(ibbot_broker_clock_offset_seconds{HOST})", "clock offset"),
            ),
        )),
        lines(Plan(
            id=19, title="IB's limits in use", unit="percentunit", span=6, height=5, steps=((None, "green"), (0.9, "red")),
            description="Market data lines and rate limits in use, as shares of what we allow ourselves.",
            queries=(
                Query(f"max(ibbot_market_data_lines_used{HOST} / ibbot_market_data_lines_limit{HOST})", "data lines"),
                Query(
                    f"1 - max by (bucket) (ibbot_pacing_tokens{HOST} / ibbot_pacing_tokens_limit{HOST})", "{{bucket}}"),
            ),
        )),
    ]  # fmt: skip


def machine() -> list[Panel]:
    return [
        lines(Plan(
            id=20, title="Starts and failures", unit="short", span=6, height=6, decimals=0,
            steps=((None, "green"), (2, "orange")),
            description="Lines started (more than one: a component failed), sessions with the gateway, lost messages.",
            queries=(
                Query(f"max(ibbot_line_starts_total{HOST})", "lines"),
                Query(f"max(ibbot_connects_total{HOST})", "sessions"),
                Query(f"sum(ibbot_notification_failures_total{HOST})", "undelivered"),
            ),
        )),
        lines(Plan(
            id=21, title="Mailboxes", unit="short", span=6, height=6, decimals=0, steps=((None, "green"), (500, "red")),
            description="Messages that wait to be handled, by component.",
            queries=(Query(f"max by (actor) (ibbot_actor_mailbox_depth{HOST})", "{{actor}}"),),
        )),
        lines(Plan(
            id=22, title="CPU and memory", unit="percentunit", span=6, height=6, steps=((None, "green"), (0.9, "red")),
            description="The bot's share of one core, and of its components; memory against 512 MiB.",
            queries=(
                Query(f"rate(process_cpu_seconds_total{JOB}[1m])", "process"),
                Query(f"topk(3, rate(ibbot_actor_message_seconds_sum{HOST}[1m]))", "{{actor}}"),
                Query(f"process_resident_memory_bytes{JOB} / (512 * 1024 * 1024)", "memory"),
            ),
        )),
        rows(Plan(
            id=24, title="Build", unit="none", span=6, height=6,
            description="Which build runs, and how it is set. After a redeploy the new commit must show here.",
            queries=(Query(f"ibbot_build_info{HOST}", is_now=True),),
        ), columns=tuple((label, label.replace("_", " ")) for label in ("version", "commit", "mode", "trading", "dry_run"))),
    ]  # fmt: skip


def annotation(name: str, color: str, expr: str, text: str) -> dashboards.AnnotationQuery:
    return (
        dashboards.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expr)
        .title_format(name)
        .text_format(text)
    )


def make() -> models.Dashboard:
    board = (
        dashboards.Dashboard("IBKR options bot")
        .uid(UID)
        .tags(["ibkr-options-bot"])
        .description(
            "Is the money safe, what is the bot doing, and why not. Alerts link to panels by their ids."
        )
        .readonly()
        .timezone("America/New_York")
        .refresh("15s")
        .time("now-8h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboards.QueryVariable("host")
            .label("Bot")
            .datasource(SOURCE)
            .query('label_values(up{job="ibkr-bot"}, host)')
            .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
        )
        .annotation(
            annotation(
                "start", "blue", f"changes(process_start_time_seconds{JOB}[1m]) > 0", "the bot started"
            )
        )
        .annotation(
            annotation("halt", "red", f"increase(ibbot_halts_total{HOST}[1m]) > 0", "halted: {{cause}}")
        )
        .annotation(annotation("fill", "green", f"increase(ibbot_fills_total{HOST}[1m]) > 0", "filled"))
    )
    sections = (
        ("Now: is the money safe?", [*safety(), *today()]),
        ("Money", money()),
        ("Orders and signals", decisions()),
        ("Link", link()),
        ("Machine", machine()),
    )
    for n, (title, panels) in enumerate(sections):
        board = board.with_row(dashboards.Row(title).id(FIRST_ROW_ID + n))
        for panel in panels:
            board = board.with_panel(panel)
    return board.build()
