"""The settings of the house: broker, schedule, market data, journal, monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bot.config.fields import (
    Count,
    Day,
    Folder,
    Host,
    Lower,
    Seconds,
    Secrets,
    Section,
    Sessions,
    TcpPort,
    Upper,
    WholeSeconds,
    Zone,
    doc,
)
from bot.domain.clock import FASTEST_RUN, SLOWEST_RUN

Trading = Literal["simulated", "paper", "live"]
Level = Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"]


class BrokerSection(Section):
    """The gateway and the account behind it."""

    trading: Annotated[Trading, Lower] = doc(
        "simulated", "simulated: our own gateway; paper: IB's paper account; live: real money."
    )
    live_trading_confirmed: bool = doc(
        False, "The explicit act: live orders need this true, an account id below, and dry_run: false."
    )
    host: Host = doc("127.0.0.1", "Where the gateway listens; through the TLS tunnel that is this machine.")
    port: TcpPort = doc(
        4002, "4002 or 7497 for paper, 4001 or 7496 for live; the simulated gateway takes any."
    )
    client_id: Annotated[int, Field(ge=1, le=999)] = doc(
        1, "One per bot at the same gateway; 0 is the master's."
    )
    account: str = doc(
        "", "Account id that must be logged in; empty accepts the only one (not for live orders)."
    )
    read_only: bool = doc(False, "The adapter itself refuses every order, whatever the rest of the bot says.")
    username: SecretStr | None = doc(
        None, "IB user name. The gateway logs in, not the bot: known here to keep it out of logs."
    )
    password: SecretStr | None = doc(None, "IB password, likewise.")
    connect_timeout_s: Seconds = doc(10.0, "Timeout for the connection and its handshake.")
    request_timeout_s: Seconds = doc(15.0, "Timeout for the answer to a request.")
    history_timeout_s: Seconds = doc(60.0, "Timeout for historical data requests.")
    heartbeat_s: Seconds = doc(30.0, "How often a silent gateway is asked for its time.")
    line_budget: Count = doc(90, "Maximum market data lines in use; IB grants 100.")
    gateway_zone: Zone = doc(
        "America/New_York", "The zone of times that an old gateway (before 10.19) sends without one."
    )
    embedded_gateway: bool = doc(True, "Simulated only: `ibkr-bot run` starts and stops the gateway itself.")
    simulated_session: Day = doc("2011-01-26", "Simulated only: the recorded day to trade.")
    simulated_speed: Annotated[float, Field(ge=SLOWEST_RUN, le=FASTEST_RUN)] = doc(
        195.0, "Simulated only: simulated seconds per real second, at most."
    )
    simulated_clock: str | None = doc(
        None, "Simulated only: the clock of a gateway that runs already, as it prints it."
    )


class ScheduleSection(Section):
    """How often the bot looks after itself, and over how many symbols."""

    interval_seconds: WholeSeconds = doc(
        60, "Seconds between two health cycles, each with a ping of the heartbeat URL."
    )
    max_concurrent_symbols: Count = doc(
        4, "More symbols than this are refused: each costs market data lines."
    )


class MarketDataSection(Section):
    """What is watched and when it counts as stale."""

    strikes_each_side: Count = doc(
        5,
        "Real strikes watched on each side of the money; fewer where broker.line_budget does not pay for them.",
    )
    m1_sessions: Sessions = doc(
        21, "Sessions of 1-min bars fetched at the start, at least; a strategy that needs more is given them."
    )
    m60_sessions: Sessions = doc(
        30,
        "Sessions of 60-min bars fetched at the start, at least; a strategy that needs more is given them.",
    )
    bars_stale_after_s: Seconds = doc(
        150.0, "No closed bar for this long: the feed is stale and is re-requested."
    )
    quotes_stale_after_s: Seconds = doc(
        90.0, "No quote of the underlying for this long: the feed is stale and is re-requested."
    )
    gap_wait_s: Seconds = doc(60.0, "How long a gap between bars may take to be filled.")
    late_bar_after_s: Seconds = doc(90.0, "A bar this late may move indicators but not fire a signal.")


class JournalSection(Section):
    """What is kept on disk, and where."""

    directory: Folder = doc(
        Path("state"), "The state directory: journal, locks. One per bot; relative to where it runs."
    )
    log_directory: Folder = doc(Path("logs"), "bot.log and bot.jsonl.")
    log_level: Annotated[Level, Upper] = doc(
        "INFO", "TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR or CRITICAL."
    )
    log_retention_days: Count = doc(30, "Rotated logs older than this are deleted.")


class MonitoringSection(Section):
    """Who is notified, and how. Addresses are secrets: whoever knows them can write to them."""

    alerts_enabled: bool = doc(True, "Send alerts to the channels below that are set.")
    heartbeat_url: SecretStr | None = doc(
        None, "Pinged at each healthy cycle (Healthchecks); its silence alerts from outside."
    )
    discord_webhook_url: SecretStr | None = doc(None, "Discord.")
    slack_webhook_url: SecretStr | None = doc(None, "Slack.")
    telegram_bot_token: SecretStr | None = doc(None, "Telegram, together with the chat id.")
    telegram_chat_id: str | None = doc(None, "Telegram, together with the token.")
    apprise_urls: Secrets = doc((), "Any other channels, as Apprise addresses.")
    max_alerts_per_minute: Count = doc(10, "More than this are sent as one.")
    lasting_conditions_by: Annotated[Literal["bot", "alertmanager"], Lower] = doc(
        "bot",
        "Who alerts on lasting conditions (no connection, no data, log-in due): alertmanager where it runs, "
        "so that nothing is sent twice.",
    )
    lasting_after_minutes: Count = doc(
        5, "How long such a condition must last in an open market before the bot alerts."
    )
    flex_token: SecretStr | None = doc(
        None,
        "IB's Flex Web Service: with the query's id, `ibkr-bot flex` compares the day with IB's own record.",
    )
    flex_query: Annotated[str, Field(pattern=r"^[0-9]{1,12}$")] | None = doc(
        None,
        "The Flex query's id: an activity statement or trade confirmations of the last business day, as XML.",
    )
    flex_url: str = doc(
        "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
        "Where that service is; IB names it in Client Portal beside the token.",
    )
    metrics_enabled: bool = doc(True, "Serve Prometheus metrics.")
    metrics_host: Host = doc("127.0.0.1", "Where metrics listen; leave it on this machine.")
    metrics_port: TcpPort = doc(9108, "The metrics' port.")

    @property
    def page_address(self) -> str | None:
        """Where the bot's own page is; None where it is not served."""
        return f"http://{self.metrics_host}:{self.metrics_port}/" if self.metrics_enabled else None
