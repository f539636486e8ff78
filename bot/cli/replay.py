"""``ibkr-bot replay``: a journal's decisions again, and which of them this build would make differently."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.days import bot_clock
from bot.cli.options import (
    ConfigOption,
    JsonOption,
    TextfileOption,
    journal_path,
    leave_comparison,
    settings_of,
)
from bot.cli.show.printer import printer
from bot.cli.show.slips import show_slips
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.session import NEW_YORK, new_york_day

if TYPE_CHECKING:
    from bot.backtest.replay.differences import Compared
    from bot.config import Settings

SHOWN = 20
SHOWN_SETTINGS = 8


def replay_journal(
    journal: Annotated[
        Path | None, typer.Argument(help="A journal.db; default the bot's own.", show_default=False)
    ] = None,
    day: Annotated[str, typer.Option(metavar="DATE|today", help="Only this New York day.")] = "",
    as_journaled: Annotated[
        bool, typer.Option("--as-journaled", help="By the settings that the journal names, not by yours.")
    ] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Send what differs over the alert channels.")
    ] = False,
    textfile: TextfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge every journaled bar and idea again, with the present build and settings; exit code 1 if anything differs.

    Below stands what the fills cost beyond the model's prices, by leg: mean, sum and worst.

    Example: ibkr-bot replay state/journal.db --day 2026-11-20
    """
    from bot.ops.status.slippage import by_leg

    began_s, settings = time.monotonic(), settings_of(config)
    path, wanted = journal or journal_path(config, None), _date(day, settings)
    found = _compared(path, settings, wanted, as_journaled=as_journaled, is_typed=journal is not None)
    if found.is_empty and day != "today":
        raise FixTheCommand(f"{path}: nothing was judged{_on(wanted)}; it {found.journal_has}")
    if as_json:
        for x in found.differences:
            typer.echo(json.dumps(asdict(x), default=str))
        told = {"slippage": [asdict(x) for x in by_leg(found.fills)], "settings": found.settings}
        typer.echo(json.dumps(told | {"decisions": found.decisions}, default=str))
    else:
        _show(found, path, wanted)
        show_slips(by_leg(found.fills))
    if textfile is not None:
        count = sum(found.decisions.values())
        leave_comparison(textfile, "replay", count, len(found.differences), since_s=began_s)
    if found.differences:
        if alert:
            _send(found, settings, wanted)
        raise typer.Exit(1)


def _compared(
    path: Path, settings: Settings, day: date | None, *, as_journaled: bool, is_typed: bool
) -> Compared:
    from bot.backtest.replay.journal import compare_journal

    try:
        return compare_journal(path, settings, day, as_journaled=as_journaled)
    except FixTheMachine as error:
        if not is_typed:
            raise
        raise FixTheCommand(f"{error}") from None  # 1 would say that it was read and differs


def _show(found: Compared, path: Path, day: date | None) -> None:
    console = printer()

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    if found.settings:
        say(_of_settings(found))
    for x in found.differences[:SHOWN]:
        at = f"{x.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"
        console.print(f"{at} {x.who} {x.about}", style="bold", highlight=False, markup=False)
        say(f"  journal: {x.journaled}\n  now:     {x.replayed}")
    if (left := len(found.differences) - SHOWN) > 0:
        say(f"… and {left:,} more (--json tells all)")
    if found.is_empty:
        say(f"0 differences: nothing was judged{_on(day)} ({path} {found.journal_has})")
        return
    counts = ", ".join(_counted(n, name) for name, n in found.decisions.items())
    say(f"{_counted(len(found.differences), 'differences')} in {counts}{_on(day)} ({path})")


def _of_settings(found: Compared) -> str:
    shown, more = "; ".join(found.settings[:SHOWN_SETTINGS]), len(found.settings) - SHOWN_SETTINGS
    rest = f"; and {more} more" if more > 0 else ""
    return f"settings are not the journal's (--as-journaled takes those): {shown}{rest}"


def _on(day: date | None) -> str:
    return "" if day is None else f" on {day}"


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name.removesuffix('s') if count == 1 else name}"


def _send(found: Compared, settings: Settings, day: date | None) -> None:
    from bot.assembly.flex_day import alert_differences

    told = [
        f"{x.at.astimezone(NEW_YORK):%H:%M:%S} New York {x.who} {x.about}: {x.journaled} | now {x.replayed}"
        for x in found.differences
    ]
    if found.settings:
        told.insert(0, _of_settings(found))
    command = f"replay --day {day}" if day else "replay"
    alert_differences(settings, told, command, "The day's decisions come out differently in a replay")


def _date(text: str, settings: Settings) -> date | None:
    if text == "today":
        return new_york_day(bot_clock(settings.broker.simulated_clock)())
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FixTheCommand(f"--day {text!r} is not a date; write it as in 2011-01-05") from None
