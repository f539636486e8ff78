"""``ibkr-bot report``: a day or a period in figures, as a page, as tax lots; from the journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import ConfigOption, JsonOption, StateOption, TextfileOption, journal_path
from bot.cli.show.standing import head, recorded
from bot.cli.show.typed import next_lines
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.text import counted

if TYPE_CHECKING:
    from datetime import date

    from bot.cli.show.reading import Period
    from bot.cli.show.standing import Standing
    from bot.cli.show.typed import Next

_Day = Annotated[str | None, typer.Option("--day", metavar="DATE", help="One day; default the last one.")]
_From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day of a period.")]
_To = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Last day of it; default the journal's last.")
]
_Html = Annotated[Path | None, typer.Option("--html", help="Write the page into this file instead.")]
_Lots = Annotated[
    Path | None,
    typer.Option("--tax-lots", help="Write every closed lot of the period as CSV into this file instead."),
]


_File = Annotated[
    Path | None, typer.Option("--file", help="A statement you downloaded, instead of asking IB.")
]
_Alert = Annotated[bool, typer.Option("--alert", help="Send what differs over the alert channels.")]


def report(
    day: _Day = None,
    first: _From = None,
    last: _To = None,
    html: _Html = None,
    tax_lots: _Lots = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a day or a period brought: trades, costs, what was not traded and why, what went wrong.

    Days are New York's, written as 2026-11-20.

    Examples:  ibkr-bot report          ibkr-bot report --from 2026-11-01 --html november.html
    """
    from bot.cli.show import reading

    if day is not None and (first or last):
        raise FixTheCommand("--day and --from or --to: choose one")
    days = _date(day, "--day"), _date(first, "--from"), _date(last, "--to")
    x = recorded(config, state)
    period = reading.period(x.journal, *days)
    if period is None:
        typer.echo(f"{head(x)}: nothing has happened yet")
    elif tax_lots is not None:
        _write(tax_lots, reading.read_tax_lots(period), f"tax lots of the {x.name}")
    elif html is not None:
        _write(html, reading.read_page(period), f"page of the {x.name}")
    elif as_json:
        _tell_json(period)
    else:
        _tell(period, x)


def _date(text: str | None, option: str) -> date | None:
    from datetime import date

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"{option} {text!r} is not a date; write it as in 2011-01-05") from None


def _write(path: Path, text: str, what: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FixTheMachine(f"{path}: {error.strerror}; name a file that can be written") from None
    typer.echo(f"{what}: {path}")


def _tell_json(period: Period) -> None:
    import json

    from bot.cli.show import report_words

    typer.echo(json.dumps(report_words.plain_words(period)))


def _tell(period: Period, x: Standing) -> None:
    from bot.cli.show import report_words

    typer.echo(head(x))
    if not period.is_one_day:
        report_words.print_period(period)
        return
    report_words.print_day(period)
    for line in next_lines(_after_day(period, x.options)):
        typer.echo(line)


def _after_day(period: Period, given: str) -> list[Next]:
    """What else can be asked of that day."""
    from bot.domain.session import NEW_YORK

    found = [(f"report{given} --day {period.first} --html day.html", "the day as a page")]
    opened = (
        [(one.opened_at, one.plan.symbol) for one in period.record.trades if one.opened_at]
        if period.record
        else []
    )
    if opened:
        at, symbol = min(opened)
        found.append(
            (
                f"why{given} {symbol} {at.astimezone(NEW_YORK):%H:%M} --date {period.first}",
                "why the first trade was made",
            )
        )
    return found


def plain_report(told: Any) -> dict[str, Any]:
    """One day's report as JSON has it; see ``report_words``."""
    from bot.cli.show.report_words import plain_day

    return plain_day(told)


def flex(
    file: _File = None,
    alert: _Alert = False,
    textfile: TextfileOption = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the journal with IB's own statement (Flex): fills, commissions, assignments; exit code 1 where they differ.

    Needs monitoring.flex_token and monitoring.flex_query. Examples:  ibkr-bot flex --alert   ibkr-bot flex --file day.xml
    """
    import json
    import time
    from dataclasses import asdict

    from bot.assembly import flex_day
    from bot.cli.options import leave_comparison, settings_of

    began_s = time.monotonic()
    settings = settings_of(config)
    text = flex_day.statement_text(settings, file)
    found = flex_day.flex_comparisons(settings, journal_path(config, state), text)
    for one in found:
        if as_json:
            typer.echo(json.dumps(asdict(one)))
            continue
        agreed = counted(one.agreed, "execution agrees", "executions agree")
        typer.echo(f"{one.account} {one.day}: {agreed}, {counted(len(one.differences), 'difference')}")
        for line in (*one.differences, *(f"({line})" for line in one.news)):
            typer.echo(f"  {line}")
    differences = [line for one in found for line in one.differences]
    if textfile is not None:
        count = sum(one.agreed for one in found) + len(differences)
        leave_comparison(textfile, "flex", count, len(differences), since_s=began_s)
    if differences and alert:
        flex_day.alert_differences(settings, differences)
    raise typer.Exit(1 if differences else 0)
