"""Several bots on one screen: which is safe, which trades, what each brought. One figure a bot in each panel."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models import dashboard as models

from grafana.bot_dashboard import CONNECTIONS, DOLLARS, GOOD_BAD, SAFE, STATES
from grafana.panels import ZERO_IS_GOOD, Panel, Plan, Query, lines, number

UID = "ibbot-fleet"


def _by_host(family: str, *states: str) -> str:
    parts = (f'{n} * sum by (host) ({family}{{state="{state}"}})' for n, state in enumerate(states, 1))
    return " + ".join(parts)


def panels() -> list[Panel]:
    """Safety first, then money."""
    return [
        number(Plan(
            id=1, title="Is it safe", unit="none", span=24, height=5, steps=GOOD_BAD, none="no data",
            description="Each bot's verdict: connected, books compared, data fresh, every position protected.",
            queries=(Query("min by (host) (ibbot:safe)", "{{host}}"),),
        ), names=SAFE),
        number(Plan(
            id=2, title="Trading state", unit="none", span=12, height=5, steps=GOOD_BAD, none="no data",
            description="ACTIVE trades; REDUCING only lets positions end; HALTED waits for: ibkr-bot resume.",
            queries=(Query(_by_host("ibbot_trading_state", "REDUCING", "HALTED"), "{{host}}"),),
        ), names=STATES),
        number(Plan(
            id=3, title="Connection", unit="none", span=12, height=5, steps=GOOD_BAD, none="no data",
            description="Each bot's way to the market: gateway, IB behind it, and whether the books were compared.",
            queries=(Query(
                _by_host("ibbot_gateway_connection_state", "unreconciled", "link_down", "disconnected"), "{{host}}"),),
        ), names=CONNECTIONS),
        number(Plan(
            id=4, title="Unprotected positions", unit="none", span=12, height=5, steps=ZERO_IS_GOOD, none="no data",
            description="Positions whose stop the broker's own open orders do not prove. 0 is the only good number.",
            queries=(Query("max by (host) (ibbot_positions_unprotected)", "{{host}}"),),
        )),
        number(Plan(
            id=5, title="Contracts held", unit="none", span=12, height=5, decimals=0, none="no data",
            description="Option contracts that each bot holds now.",
            queries=(Query("max by (host) (ibbot_position_contracts)", "{{host}}"),),
        )),
        number(Plan(
            id=6, title="Result of the day", unit=DOLLARS, span=12, height=6, decimals=2,
            steps=((None, "red"), (0, "green")),
            description="Realised and unrealised (at the bid) less fees, of each bot.",
            queries=(Query("sum by (host) (ibbot_account_day_pnl)", "{{host}}"),),
        ), spark=True),
        number(Plan(
            id=7, title="Equity", unit=DOLLARS, span=12, height=6, decimals=2,
            description="Net liquidation value of each bot's account as the broker last said it; bots of one account share it.",
            queries=(Query("sum by (host) (ibbot_account_equity)", "{{host}}"),),
        ), spark=True),
        lines(Plan(
            id=8, title="Results over time", unit=DOLLARS, span=24, height=9, decimals=2,
            description="Each bot's result of its day.",
            queries=(Query("sum by (host) (ibbot_account_day_pnl)", "{{host}}"),),
        )),
    ]  # fmt: skip


def make() -> models.Dashboard:
    """The whole dashboard."""
    board = (
        dashboards.Dashboard("Option bots")
        .uid(UID)
        .tags(["ibkr-options-bot"])
        .description("Several bots on one screen: which is safe, which trades, what each brought.")
        .readonly()
        .timezone("America/New_York")
        .refresh("15s")
        .time("now-8h", "now")
    )
    for panel in panels():
        board = board.with_panel(panel)
    return board.build()
