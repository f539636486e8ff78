"""``ibkr-guard``: what a person types on the gateway host. Exit codes: 0 well, 1 something is wrong, 2 usage, 78 limits.

Rule: ``stop`` and ``resume`` write the latch themselves and then look whether the guard took it: a stop holds even while
the guard does not run.
"""

from __future__ import annotations

import gc
import getpass
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.domain.errors import BotError, FixTheCommand

if TYPE_CHECKING:
    from bot.guard.alerts import Alerts
    from bot.guard.core.limits import Limits
    from bot.guard.files import Files

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the painted help imports a markdown parser and every lexer
    help="A wall between any TWS client and the gateway. Example: ibkr-guard run --limits /etc/ibkr-guard/limits.yaml",
)
_Limits = Annotated[
    Path,
    # Not judged by the command line: an unreadable file is a configuration error (78), not a usage error.
    typer.Option("--limits", "-l", help="The file of limits.", envvar="IBKR_GUARD_LIMITS", readable=False),
]
_State = Annotated[
    Path, typer.Option("--state", help="Where latch, counts and status lie.", envvar="IBKR_GUARD_STATE")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
_By = Annotated[str, typer.Option("--by", help="Who you are; default the user's name.")]
_LIMITS, _STATE = Path("/etc/ibkr-guard/limits.yaml"), Path("/var/lib/ibkr-guard")
_TAKEN_WITHIN_S, _ALIVE_WITHIN_S = 5.0, 10.0


@app.command()
def run(
    limits: _Limits = _LIMITS,
    state: _State = _STATE,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where clients connect.")
    ] = "127.0.0.1:4003",
    gateway: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the gateway is.")
    ] = "127.0.0.1:4002",
    alert_urls: Annotated[Path | None, typer.Option(help="File of Apprise addresses, one a line.")] = None,
    metrics: Annotated[Path | None, typer.Option(help="Text file for the node exporter.")] = None,
) -> None:
    """Guard the gateway until told to end. Example: ibkr-guard run --listen 127.0.0.1:4003 --gateway 127.0.0.1:4002"""
    import asyncio

    from loguru import logger

    from bot.guard.alerts import Alerts, apprise_channels
    from bot.guard.files import Files

    logger.remove()
    # A failure's values, such as an order's account, are nobody's business.
    sink = logger.add(sys.stderr, diagnose=False)
    try:
        alerts = Alerts(apprise_channels(alert_urls))
        try:
            wall = _limits_or_alert(limits, alerts)
            asyncio.run(_serve(wall, Files(state, metrics), _address(listen), _address(gateway), alerts))
        finally:
            alerts.stop()
    finally:
        logger.remove(sink)  # whoever called this in a process of their own may close that stream


def _limits_or_alert(path: Path, alerts: Alerts) -> Limits:
    """The limits. What is wrong with them is told at once, because nothing passes until they are right."""
    from bot.guard.core.effects import Tell
    from bot.guard.limits_file import read_limits

    try:
        return read_limits(path)
    except BotError as error:
        alerts.tell(
            Tell("limits", f"nothing passes, because the guard does not start: {error}", is_urgent=True)
        )
        raise


async def _serve(
    limits: Limits, files: Files, listen: tuple[str, int], gateway: tuple[str, int], alerts: Alerts
) -> None:
    import asyncio

    from bot.guard.machine import Guard
    from bot.guard.proxy import Proxy, wall_clock

    now = wall_clock()
    counts = files.counts(now)
    proxy = Proxy(
        Guard(limits, counts, now, files.stop(now)), files, gateway, alerts.tell, beside=alerts.figures
    )
    await proxy.start(*listen)
    sys.stdout.write(
        json.dumps({"host": listen[0], "port": proxy.port, "gateway": f"{gateway[0]}:{gateway[1]}"}) + "\n"
    )
    sys.stdout.flush()
    gc.freeze()  # what was imported is never looked through again: no pause between an order and its answer
    gc.set_threshold(20_000, 50, 100)
    task = asyncio.create_task(proxy.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass
    finally:
        await proxy.stop()


@app.command()
def stop(
    reason: Annotated[str, typer.Argument(help="Why, for whoever goes on.")],
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close everything that is held, at the market.")
    ] = False,
    by: _By = "",
    state: _State = _STATE,
    as_json: _Json = False,
) -> None:
    """No entries, resting ones are cancelled, protection stays; until ``resume``. Example: ibkr-guard stop "odd orders" """
    from bot.guard.clearing import Stop
    from bot.guard.files import Files

    files = Files(state)
    files.latch(Stop(_words(reason), _words(by or getpass.getuser()), datetime.now(UTC), flatten))
    found = _wait(files, lambda status: status["stopped"] is not None)
    _say(as_json, {"stopped": True, "taken": found is not None}, "stopped, on disk" + _taken(found))
    raise typer.Exit(0 if found is not None else 1)


@app.command()
def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why it is safe.")],
    by: _By = "",
    state: _State = _STATE,
    as_json: _Json = False,
) -> None:
    """Let entries through again, and count round trips from nothing. Example: ibkr-guard resume --reason "fixed" --by Ana"""
    from bot.guard.files import Files

    files = Files(state)
    files.release(_words(by or getpass.getuser()), _words(reason), datetime.now(UTC))
    found = _wait(files, lambda status: status["stopped"] is None)
    _say(as_json, {"stopped": False, "taken": found is not None}, "going on" + _taken(found))
    raise typer.Exit(0 if found is not None else 1)


@app.command()
def status(state: _State = _STATE, as_json: _Json = False) -> None:
    """What the guard sees and holds; exit 1 when it does not run. Example: ibkr-guard status --json"""
    from bot.guard.files import Files

    files = Files(state)
    found = files.status() or {}
    age_s = time.time() - found.get("seen_s", 0.0)
    latched = files.stop(datetime.now(UTC))
    shown = {
        **found,
        "running": abs(age_s) <= _ALIVE_WITHIN_S,  # not written by a clock that was ahead
        "stopped": None if latched is None else latched.to_json(),
    }
    words = [f"{key:16} {value}" for key, value in shown.items() if key != "seen_s"]
    _say(as_json, shown, "\n".join(words))
    raise typer.Exit(0 if shown["running"] else 1)


@app.command()
def check(limits: _Limits = _LIMITS, as_json: _Json = False) -> None:
    """Read the file of limits and show what it says. Example: ibkr-guard check --limits configs/guard.yaml"""
    from bot.guard.limits_file import read_limits

    wall = read_limits(limits).model_dump(mode="json")
    rows = [f"{key:14} {json.dumps(value)}" for key, value in wall.items()]
    _say(as_json, wall, "\n".join(rows))


def _wait(files: Files, is_it: Any) -> dict[str, Any] | None:
    """The guard's status once it says so; ``None`` when it does not within seconds."""
    since = time.time()
    while time.time() - since < _TAKEN_WITHIN_S:
        found = files.status()
        if found is not None and found["seen_s"] >= since and is_it(found):
            return found
        time.sleep(0.1)
    return None


def _taken(found: dict[str, Any] | None) -> str:
    if found is None:
        return "; no word of the guard: it does not run and will know when it starts, or its disk is full"
    return f"; the guard has it, {found['resting_entries']} entries rest"


def _words(text: str) -> str:
    """Text of a person, made safe for a line of a log, an alert and the wire."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]
    if not words:
        raise FixTheCommand("the reason is empty; say why in a few words")
    return words


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise FixTheCommand(f"{text!r} is no address; write 127.0.0.1:4002")
    return host, int(port)


def _say(as_json: bool, facts: dict[str, Any], words: str) -> None:
    typer.echo(json.dumps(facts) if as_json else words)


def main(arguments: list[str] | None = None) -> None:
    """Entry point. A Ctrl-C once the command has ended would only tear the interpreter's own end, with a traceback."""
    try:
        try:
            app(arguments)
        finally:
            if arguments is None:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
    except BotError as error:
        sys.stderr.write(f"ibkr-guard: {error}\n")
        sys.exit(error.exit_code)
