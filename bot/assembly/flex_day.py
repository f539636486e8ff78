"""IB's statement, the journal's rows of its days, and their comparison, made from the settings."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

from bot.config import Settings, hand_down
from bot.domain.broker_messages import CommissionCharged
from bot.domain.errors import FixTheCommand, FixTheConfiguration, FixTheMachine
from bot.domain.messages import FillBooked
from bot.domain.order import Fill
from bot.domain.session import new_york_day
from bot.flex.compare import Comparison, compare
from bot.flex.service import fetch_statement
from bot.flex.statement import FlexStatement, UnreadableStatement, read_statement
from bot.journal.readers import connect_read_only
from bot.journal.store import read_rows
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.channels import open_channels


def statement_text(settings: Settings, file: Path | None) -> bytes:
    """IB's XML, from a file or from IB. Errors: FixTheCommand, FixTheConfiguration, FixTheMachine."""
    if file is not None:
        try:
            return file.read_bytes()
        except OSError as error:
            raise FixTheCommand(f"--file {file}: cannot be read ({error.strerror})") from None
    monitoring = settings.monitoring
    if monitoring.flex_token is None or monitoring.flex_query is None:
        raise FixTheConfiguration(
            "monitoring.flex_token, monitoring.flex_query: not set; both come from Client Portal > Performance & Reports > "
            "Flex Queries"
        )
    return fetch_statement(
        monitoring.flex_url, monitoring.flex_token.get_secret_value(), monitoring.flex_query
    )


def flex_comparisons(settings: Settings, journal: Path, text: bytes) -> list[Comparison]:
    """The journal against every statement of our account. Errors: FixTheMachine where there is none, or it is unreadable."""
    try:
        statements = read_statement(text)
        wanted = settings.broker.account
        ours = [one for one in statements if not wanted or one.account == wanted]
        if not ours:
            raise FixTheMachine(
                f"flex: the statement is not of account {wanted or '(any)'}; is it the right query?"
            )
        return [_compared(journal, one) for one in ours]
    except UnreadableStatement as error:
        raise FixTheMachine(f"flex: the statement cannot be used: {error}") from None


def _compared(journal: Path, statement: FlexStatement) -> Comparison:
    first, last = _day(statement.first_day), _day(statement.last_day)
    fills: dict[str, Fill] = {}
    commissions: dict[str, Decimal] = {}
    with closing(connect_read_only(journal)) as db:
        for row in read_rows(db, (FillBooked, CommissionCharged)):
            match row.message:
                case FillBooked(fill, replaces):
                    fills.pop(replaces or "", None)
                    fills[fill.exec_id] = fill
                case CommissionCharged(exec_id, _, amount, _):
                    commissions[exec_id] = amount
    of_the_days = [fill for fill in fills.values() if first <= new_york_day(fill.at) <= last]
    return compare(statement, of_the_days, commissions)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableStatement(
            f"{text[:20]!r} is no day; choose yyyyMMdd as the query's date format"
        ) from None


def alert_differences(
    settings: Settings,
    differences: list[str],
    command: str = "flex",
    title: str = "IB's own record differs from the journal",
) -> None:
    """Over every channel, the first of them; ``command`` shows the rest.

    Errors: FixTheConfiguration without a channel, FixTheMachine where one did not accept it.
    """
    channels = open_channels(hand_down.alert_addresses(settings))
    if not channels:
        raise FixTheConfiguration("--alert: no alert channel is configured; see ibkr-bot alert test")
    shown, more = differences[:5], len(differences) - 5
    body = "\n".join([*shown, *([f"and {more} more: ibkr-bot {command}"] if more > 0 else [])])
    alert = Alert(command.split()[0], Severity.WARNING, title, body)
    failed = [kind for kind, deliver in channels if not deliver(alert)]
    if failed:
        raise FixTheMachine(f"--alert: {', '.join(failed)} did not accept the alert")
