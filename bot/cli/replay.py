"""``ibkr-bot replay``: a journal's decisions again, and which of them this build would make differently."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import ConfigOption, JsonOption, journal_path, settings_of
from bot.cli.show.printer import printer
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK, new_york_day

if TYPE_CHECKING:
    from bot.backtest.replay.differences import Compared
    from bot.config import Settings
    from bot.ops.status.slippage import LegSlip

SHOWN = 20


def replay_journal(
    journal: Annotated[
        Path | None, typer.Argument(help="A journal.db; default the bot's own.", show_default=False)
    ] = None,
    day: Annotated[str, typer.Option(metavar="DATE|today", help="Only this New York day.")] = "",
    alert: Annotated[
        bool, typer.Option("--alert", help="Send what differs over the alert channels.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge every journaled bar and idea again, with the present build and settings; exit code 1 if anything differs.

    Below stands what the fills cost beyond the model's prices, by leg: mean, sum and worst.

    Example: ibkr-bot replay state/journal.db --day 2026-11-20
    """
    from bot.backtest.replay.journal import compare_journal
    from bot.ops.status.slippage import by_leg

    path, settings = journal or journal_path(config, None), settings_of(config)
    found = compare_journal(path, settings, _date(day))
    if as_json:
        for x in found.differences:
            typer.echo(json.dumps(asdict(x), default=str))
        typer.echo(json.dumps({"slippage": [asdict(x) for x in by_leg(found.fills)]}, default=str))
    else:
        console = printer()
        for x in found.differences[:SHOWN]:
            at = f"{x.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"
            console.print(f"{at} {x.who} {x.about}", style="bold", highlight=False)
            console.print(
                f"  journal: {x.journaled}\n  now:     {x.replayed}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        if (left := len(found.differences) - SHOWN) > 0:
            console.print(f"… and {left:,} more (--json tells all)", highlight=False)
        counts = ", ".join(_counted(n, name) for name, n in found.decisions.items())
        told = f"{_counted(len(found.differences), 'differences')} in {counts} ({path})"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
        _show_slippage(by_leg(found.fills))
    if found.differences:
        if alert:
            _send(found, settings, day)
        raise typer.Exit(1)


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name.removesuffix('s') if count == 1 else name}"


def _show_slippage(legs: Sequence[LegSlip]) -> None:
    from bot.ops.status.fitted import FittedColumn, FittedTable

    console = printer()
    if not legs:
        console.print("no fills", highlight=False)
        return
    figures = ("fills", "unknown", "ticks, mean", "USD a contract, mean", "USD in all")
    columns = [
        FittedColumn("leg"),
        *(FittedColumn(name, right=True) for name in figures),
        FittedColumn("worst fill", is_text=True),
    ]
    console.print(FittedTable("fills against the model, + is worse", columns, [_leg(x) for x in legs]))


def _leg(x: LegSlip) -> tuple[str, ...]:
    figures = (_figure(x.mean_ticks), _figure(x.mean_usd), _figure(x.total_usd))
    return (str(x.leg), f"{x.fills}", f"{x.unknown}", *figures, _worst(x))


def _figure(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{round(value, 2) + 0:+.2f}"  # + 0: no -0.00


def _worst(x: LegSlip) -> str:
    one = x.worst
    if one is None:
        return "unknown"
    return (
        f"{_figure(one.ticks)} ticks, {_figure(one.usd)} USD: {one.quantity} {one.contract} at {one.price} for {one.expected}, "
        f"{one.at.astimezone(NEW_YORK):%H:%M:%S}"
    )


def _send(found: Compared, settings: Settings, day: str) -> None:
    from bot.assembly.flex_day import alert_differences

    told = [
        f"{x.at.astimezone(NEW_YORK):%H:%M:%S} New York {x.who} {x.about}: {x.journaled} | now {x.replayed}"
        for x in found.differences
    ]
    command = f"replay --day {_date(day)}" if day else "replay"
    alert_differences(settings, told, command, "The day's decisions come out differently in a replay")


def _date(text: str) -> date | None:
    if text == "today":
        return new_york_day(datetime.now(UTC))
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FixTheCommand(f"--day {text!r} is not a date; write it as in 2011-01-05") from None
