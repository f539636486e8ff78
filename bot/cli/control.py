"""The commands that speak with the running bot: status, positions, orders, halt, resume, flatten, loosen."""

from __future__ import annotations

import getpass
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import (
    ConfigOption,
    JsonOption,
    StateOption,
    state_directory,
    state_place,
)
from bot.cli.show.printer import printer
from bot.cli.show.standing import Standing, after_status, ask_status, head
from bot.cli.show.typed import next_lines
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.session import NEW_YORK
from bot.ops.process.control_client import ask, leave_halt
from bot.ops.process.instance_lock import is_locked

if TYPE_CHECKING:
    from rich.console import RenderableType

ReasonArgument = Annotated[str, typer.Argument(help="Why, in words; it goes into the journal.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who; default the user's name.")]


def status(
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, until Ctrl-C.")] = False,
) -> None:
    """What the running bot holds, may do and last said.

    Example: ibkr-bot status --watch
    """
    x, shown = ask_status(config, state)
    if as_json:
        typer.echo(json.dumps(shown))
    elif watch:
        _watch(x)
    else:
        from bot.cli.show.screen import status_screen

        _print(status_screen(shown, head(x)))
        for line in next_lines(after_status(x, shown)):
            typer.echo(line)


def _watch(x: Standing) -> None:
    from rich.live import Live

    from bot.cli.show.screen import status_screen

    console = printer()
    with suppress(KeyboardInterrupt):
        if not console.is_terminal:  # a pipe or a file gets one screen after the other
            while True:
                console.print(status_screen(_status(x.directory), head(x)))
                time.sleep(1)
        with Live(
            status_screen(_status(x.directory), head(x)), console=console, refresh_per_second=4
        ) as live:
            while True:
                time.sleep(1)
                live.update(status_screen(_status(x.directory), head(x)))


def show_positions(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """The open positions: what each cost, what it is worth at the bid, and whether it is protected.

    Example: ibkr-bot positions
    """
    x, shown = ask_status(config, state)
    held = [one for one in shown["open_brackets"] if one["quantity"]]
    if as_json:
        _print_json(held)
        return
    from bot.cli.show.screen import positions_table

    _print(positions_table(held, head(x)) if held else f"{head(x)}: nothing is held")


def orders(config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Working orders at the broker, as it last reported them.

    Example: ibkr-bot orders --json
    """
    x, shown = ask_status(config, state)
    if as_json:
        _print_json(shown["working_orders"])
        return
    from bot.cli.show.screen import orders_table

    working = shown["working_orders"]
    _print(orders_table(working, head(x)) if working else f"{head(x)}: no order is working")


def halt(
    reason: ReasonArgument, by: ByOption = None, config: ConfigOption = None, state: StateOption = None
) -> None:
    """Block new entries until you run `resume`. Unfilled entry orders are cancelled; protective stops stay. Survives restarts.

    Example: ibkr-bot halt "going on holiday"
    """
    directory, name = state_directory(config, state), by or getpass.getuser()
    try:
        answer = ask(directory, {"do": "halt", "reason": reason, "by": name})
    except FixTheMachine as error:
        raise FixTheMachine(f"{error}. {_kept_halt(directory, reason, name, config, state)}") from None
    typer.echo(f"{answer['state']}: {', '.join(answer['causes'])}")


def _kept_halt(directory: Path, reason: str, by: str, config: Path | None, state: Path | None) -> str:
    """Save the halt where the bot that the settings mean will find it. FixTheMachine where no bot ever would."""
    if state is None and state_place(config).has_days_of_its_own and not is_locked(directory):
        return "Nothing was halted: each simulated day begins afresh (for a paper or live bot: --config FILE)"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = leave_halt(directory, reason, by)
    except OSError as error:
        return f"Nothing was halted: {directory} cannot be written ({error.strerror}); run this as the bot's user"
    return f"Halt request saved to {path}; it takes effect within a second, or at the next start"


def resume(
    reason: ReasonArgument, by: ByOption = None, config: ConfigOption = None, state: StateOption = None
) -> None:
    """Allow entries again, once the cause of the halt is fixed.

    Example: ibkr-bot resume "stop was manual, account checked"
    """
    request = {"do": "resume", "reason": reason, "by": by or getpass.getuser()}
    answer = ask(state_directory(config, state), request)
    causes = f": {', '.join(answer['causes'])}" if answer["causes"] else ""
    typer.echo(f"{answer['state']}{causes}")


def flatten(
    reason: Annotated[str, typer.Argument(help="Why, in words.")] = "operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be closed.")] = False,
    by: ByOption = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Halt, and close every position of the bot now.

    Example: ibkr-bot flatten "market is on fire"
    """
    x, now = ask_status(config, state)
    held = [f"{one['quantity']} {one['label']}" for one in now["open_brackets"] if one["quantity"]]
    typer.echo(f"{head(x)}, account {now['account']}: {', '.join(held) or 'nothing is held'}")
    if dry_run:
        return
    account = now["account"] if yes else typer.prompt("type the account id to close everything")
    if account != now["account"]:
        raise FixTheCommand("that is not the account id; nothing was done")
    request = {"do": "flatten", "reason": reason, "by": by or getpass.getuser(), "account": account}
    answer = ask(x.directory, request)
    typer.echo(f"{answer['state']}; closing: {', '.join(answer['closing']) or 'nothing'}")


def loosen(
    limit: Annotated[str, typer.Argument(help="The limit's name under risk, or canary_contracts.")],
    value: Annotated[str, typer.Argument(help="What it shall be until then.")],
    until: Annotated[
        str, typer.Option("--until", help="New York time, YYYY-MM-DD HH:MM; a quarter at most.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; it goes into the journal.")],
    by: ByOption = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a limit of the running bot looser until a named hour. Journaled, alerted, and taken back by itself.

    Example: ibkr-bot loosen max_open_positions 4 --until "2026-12-01 16:00" --reason "one more symbol this week"
    """
    try:
        ends = datetime.strptime(until, "%Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK)
    except ValueError:
        raise FixTheCommand(
            f"--until {until!r} is no time; write it as 2026-12-01 16:00 (New York)"
        ) from None
    request = {"do": "loosen", "limit": limit, "value": value, "until": ends.astimezone(UTC).isoformat()}
    signed = {"reason": reason, "by": by or getpass.getuser()}
    row = ask(state_directory(config, state), request | signed)["loosened"]
    if as_json:
        typer.echo(json.dumps(row))
    else:
        typer.echo(f"{row['limit']}: {row['was']} to {row['now']} until {until} New York; by {row['by']}")


def _status(directory: Path) -> dict[str, Any]:
    answer: dict[str, Any] = ask(directory, {"do": "status"})["status"]
    return answer


def _print(what: RenderableType) -> None:
    printer().print(what)


def _print_json(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        typer.echo(json.dumps(row))
