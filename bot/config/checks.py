"""What no single setting can know: settings that contradict each other, ceilings, and the locks before real money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import product

from bot.config.fields import MOST_SESSIONS
from bot.config.settings import Settings
from bot.config.strategy_rules import most_strikes_each_side, section_of, strategy_parameters
from bot.config.template import secret_keys
from bot.domain.clock import ScaledTime, SteppedTime
from bot.domain.session import CalendarRangeError, session_on
from bot.risk.limit_book import LIMIT_CEILINGS
from bot.selection.expiry import parse_expiry
from bot.selection.strike import parse_strike
from bot.strategies.own_code import own_code
from bot.strategies.registry import NAMES, STRATEGIES

LIVE_PORTS = {4001: "IB Gateway", 7496: "TWS"}
PAPER_PORTS = {4002: "IB Gateway", 7497: "TWS"}

CEILINGS = {
    **LIMIT_CEILINGS,
    "whale_alloc_pct": Decimal("0.50"),
    "stop_loss_pct": Decimal("0.60"),
}
"""Above these a setting is probably a mistake; ``risk.i_accept_more_risk`` says that it is not."""

Problem = tuple[str, str]
"""(key, what is wrong and what to do)."""


def contradictions(settings: Settings) -> list[Problem]:
    """Everything wrong between settings that are each possible."""
    return [problem for check in CHECKS for problem in check(settings)]


def _ports(settings: Settings) -> Iterator[Problem]:
    port, trading = settings.broker.port, settings.broker.trading
    if port in LIVE_PORTS and trading != "live":
        yield (
            "broker.port",
            (
                f"is the live port of {LIVE_PORTS[port]}, and broker.trading is {trading}; "
                f"use {4002 if port == 4001 else 7497}, or set broker.trading: live"
            ),
        )
    if port in PAPER_PORTS and trading == "live":
        yield (
            "broker.port",
            (
                f"is the paper port of {PAPER_PORTS[port]}, and broker.trading is live; "
                f"use {4001 if port == 4002 else 7496}, or set broker.trading: paper"
            ),
        )


def _account(settings: Settings) -> Iterator[Problem]:
    broker = settings.broker
    if broker.trading == "paper" and broker.account and not broker.account.startswith("D"):
        yield (
            "broker.account",
            "is a live account's id (paper ones begin with D), and broker.trading is paper",
        )
    if broker.trading != "live":
        if broker.live_trading_confirmed:
            yield (
                "broker.live_trading_confirmed",
                f"and broker.trading is {broker.trading}; set one or the other",
            )
        return
    if broker.account.startswith("D"):
        yield "broker.account", "is a paper account's id, and broker.trading is live"
    if settings.dry_run:
        return
    if not broker.account:
        yield "broker.account", "is empty; orders with real money need the account's id here"
    if not broker.live_trading_confirmed:
        yield (
            "broker.live_trading_confirmed",
            ("is false; set it true to let orders with real money out, or set dry_run: true"),
        )


def _live_data(settings: Settings) -> Iterator[Problem]:
    if settings.broker.trading == "live" and not settings.risk.require_live_data:
        yield "risk.require_live_data", "must be true where broker.trading is live"


def _ceilings(settings: Settings) -> Iterator[Problem]:
    risk = settings.risk
    for key, value, ceiling in _limited(settings):
        if value is not None and value > ceiling and not risk.i_accept_more_risk:
            yield key, f"is above the ceiling of {ceiling}; lower it, or set risk.i_accept_more_risk: true"
    if risk.max_risk_pct_per_trade > risk.max_daily_loss_pct:
        yield (
            "risk.max_risk_pct_per_trade",
            (
                f"is more than risk.max_daily_loss_pct ({risk.max_daily_loss_pct}): one trade could end the day; lower it"
            ),
        )


def _limited(settings: Settings) -> Iterator[tuple[str, Decimal | None, Decimal]]:
    """Every setting that has a ceiling, as (key, value, ceiling); a strategy's own values have the general ones'."""
    for name, ceiling in CEILINGS.items():
        yield f"risk.{name}", getattr(settings.risk, name), ceiling
    for name in NAMES:
        section = section_of(settings.strategies, name)
        yield f"strategies.{name}.stop_loss_pct", section.stop_loss_pct, CEILINGS["stop_loss_pct"]
        yield f"strategies.{name}.alloc_pct", section.alloc_pct, CEILINGS["whale_alloc_pct"]


def _symbols(settings: Settings) -> Iterator[Problem]:
    count, most = len(settings.symbols), settings.schedule.max_concurrent_symbols
    if count > most:
        yield (
            "symbols",
            f"are {count}, and schedule.max_concurrent_symbols is {most}; name fewer, or raise it",
        )


def _lines(settings: Settings) -> Iterator[Problem]:
    try:
        fits = most_strikes_each_side(settings)
    except ValueError:
        return  # an expiry that cannot be read is named elsewhere
    if fits < 1:
        yield (
            "broker.line_budget",
            (
                f"is {settings.broker.line_budget}: too few lines to watch one strike on each side of the money for "
                f"{len(settings.symbols)} symbols; name fewer symbols, or raise it"
            ),
        )


def _selection(settings: Settings) -> Iterator[Problem]:
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("expiry", parse_expiry),
        ("moneyness", parse_strike),
    )
    sections = {"options": settings.options} | {
        f"strategies.{name}.options": section_of(settings.strategies, name).options for name in NAMES
    }
    for (key, section), (name, read) in product(sections.items(), readers):
        text = getattr(section, name)
        try:
            if text is not None:
                read(text)
        except ValueError as error:
            yield f"{key}.{name}", f"cannot be read: {error}"


def _strategies(settings: Settings) -> Iterator[Problem]:
    parameters = strategy_parameters(settings)
    for spec in STRATEGIES:
        with own_code(spec.name, "its parameters were checked"):
            found = tuple(spec.check(parameters[spec.name]))
        for name, problem in found:
            yield f"strategies.{spec.name}.{name}", problem


def _history(settings: Settings) -> Iterator[Problem]:
    parameters = strategy_parameters(settings)
    for spec in STRATEGIES:
        with own_code(spec.name, "asked for its history"):
            needed = spec.history_sessions(parameters[spec.name]) + 1
        if needed > MOST_SESSIONS:
            yield (
                f"strategies.{spec.name}",
                f"asks for {needed} sessions of bars, and IB gives {MOST_SESSIONS} at most; lower its lengths",
            )


def _session(settings: Settings) -> Iterator[Problem]:
    session = settings.session
    if session.exit_minutes_before_close >= session.minutes_before_close:
        yield (
            "session.exit_minutes_before_close",
            (
                f"must be less than session.minutes_before_close ({session.minutes_before_close}): "
                "an entry would have to leave before it came"
            ),
        )
    if session.minutes_after_open + session.minutes_before_close >= 210:
        yield "session.minutes_before_close", "leaves no time to enter on a half-day of 210 minutes; lower it"
    for name in NAMES:
        minutes = section_of(settings.strategies, name).time_stop_minutes
        if minutes is not None and minutes < session.min_holding_minutes:
            yield (
                f"strategies.{name}.time_stop_minutes",
                f"is less than session.min_holding_minutes ({session.min_holding_minutes}); every entry would be denied",
            )


def _simulation(settings: Settings) -> Iterator[Problem]:
    broker = settings.broker
    try:
        session = session_on(date.fromisoformat(broker.simulated_session))
        if session is None:
            yield "broker.simulated_session", "is a day on which the New York market was closed"
        elif session.is_presumed:
            yield (
                "broker.simulated_session",
                "lies behind the end of the trading calendar; write it as in 2011-01-05",
            )
    except (ValueError, CalendarRangeError):
        yield "broker.simulated_session", "is no trading day; write it as in 2011-01-05"
    if broker.simulated_clock is not None:
        if broker.trading != "simulated":
            yield (
                "broker.simulated_clock",
                f"is for simulated trading alone, and broker.trading is {broker.trading}; set it to null",
            )
        try:
            SteppedTime.parse(broker.simulated_clock) or ScaledTime.parse(broker.simulated_clock)
        except ValueError:
            yield (
                "broker.simulated_clock",
                "is not a valid simulated clock; copy the one that `ibkr-bot sim` prints",
            )


def _telegram(settings: Settings) -> Iterator[Problem]:
    monitoring = settings.monitoring
    if (monitoring.telegram_bot_token is None) is not (monitoring.telegram_chat_id is None):
        yield (
            "monitoring.telegram_chat_id",
            "and monitoring.telegram_bot_token are needed together; set both or neither",
        )


def _addresses(settings: Settings) -> Iterator[Problem]:
    monitoring = settings.monitoring
    for name, kinds in (
        ("heartbeat_url", ("https://", "http://")),
        ("discord_webhook_url", ("https://",)),
        ("slack_webhook_url", ("https://",)),
    ):
        secret = getattr(monitoring, name)
        if secret is not None and not _is_web_address(secret.get_secret_value(), kinds):
            yield f"monitoring.{name}", f"is no web address; it begins with {kinds[0]}"
    if any("://" not in one.get_secret_value() for one in monitoring.apprise_urls):
        yield "monitoring.apprise_urls", "holds what is no address; write each as in ntfy://topic"


def _is_web_address(text: str, kinds: tuple[str, ...]) -> bool:
    return text.startswith(kinds) and text.isprintable() and " " not in text and len(text) > len(kinds[0])


def warnings(settings: Settings) -> Iterator[str]:
    """What works and is a risk all the same: one line each, with what to do."""
    origins = settings.provenance()
    for key in sorted(secret_keys()):
        where = origins.get(key, "default")
        if where.endswith((".yaml", ".yml")):
            yield f"{key}: stands in {where}, which is copied and shown; move it to .env, or name a file: {key}_file"
    monitoring = settings.monitoring
    if monitoring.metrics_enabled and monitoring.metrics_host in ("0.0.0.0", "::"):  # noqa: S104  that is the point
        yield (
            "monitoring.metrics_host: listens to every network this machine is in; name the one address that "
            "Prometheus comes by"
        )


CHECKS: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _ports,
    _account,
    _live_data,
    _ceilings,
    _symbols,
    _lines,
    _selection,
    _strategies,
    _history,
    _session,
    _simulation,
    _telegram,
    _addresses,
)
