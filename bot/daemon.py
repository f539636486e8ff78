"""``ibkr-bot run`` as systemd starts it: no terminal, a gateway that is already there. It carries no command line.

Rule: what is small stays small. The settings are read in a child that ends (``bot.config.apart``), while this process loads what
trades; whatever draws, parses or validates is never imported here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types import ModuleType

    from bot.config import Settings
    from bot.ops.status.status import Status

OPTIONS = {"--config": "config", "-c": "config", "--state": "state"}
_View = AbstractContextManager["Callable[[Status], None]"]


def run_without_terminal(given: list[str]) -> int | None:
    """The exit code; None where this is no such start and the whole command must see to it. Raises BotError."""
    wanted = None if sys.stdout.isatty() else _options(given)
    if wanted is None:
        return None
    os.umask(0o077)  # journal and logs tell what their owner has: nobody else's business
    from bot.config.apart import SettingsApart

    reading = SettingsApart(wanted.get("config"), wanted.get("state"))
    _leave_out("ssl", "asyncio")
    _leave_out("_hashlib", "hashlib")
    import bot.app
    import bot.broker.ibkr  # noqa: F401  loaded while the child reads

    settings = reading.result()
    if settings.broker.trading == "simulated" and settings.broker.embedded_gateway:
        return None
    from bot.ops.status.line import lines_shown

    return run_live(settings, nullcontext(lines_shown(_say)))


def _leave_out(what: str, of: str) -> None:
    """Import a module without a part that it can do without, as where Python was built without OpenSSL: no socket of ours speaks
    TLS. Whoever sends an alert over HTTPS imports the part itself, and only then do its 4 MiB come into memory."""
    if of in sys.modules or what in sys.modules:
        return
    sys.modules[what] = cast("ModuleType", None)
    try:
        import_module(of)
    finally:
        del sys.modules[what]


def _options(given: list[str]) -> dict[str, Path] | None:
    """Config and state, where nothing else is asked for."""
    found: dict[str, Path] = {}
    words = iter(given)
    for word in words:
        name, is_joined, value = word.partition("=")
        chosen = value if is_joined and name.startswith("--") else next(words, "")
        if name not in OPTIONS or not chosen or (is_joined and not name.startswith("--")):
            return None
        found[OPTIONS[name]] = Path(chosen)
    return found


def run_live(settings: Settings, shown: _View) -> int:
    """Trade against a gateway that is already there, until stopped; the exit code."""
    from bot.actors.clock import real_now, scaled_now
    from bot.app import run as run_bot
    from bot.assembly.timing import Hooks, Timing
    from bot.domain.clock import ScaledTime, SteppedTime

    clock = settings.broker.simulated_clock
    causes: list[str] = []
    stepped = None if clock is None else SteppedTime.parse(clock)
    if stepped is not None:
        timing = Timing.in_steps(stepped)
    elif clock is not None:
        scale = ScaledTime.parse(clock)
        timing = Timing(scaled_now(scale), scale.speed)
    else:
        timing = Timing(real_now)
    tell_where(settings)
    with shown as show:
        code = run_bot(settings, timing, Hooks(show, ended=causes.append))
    say_why(code, causes, settings)
    return code


def tell_where(settings: Settings) -> None:
    """Where the page is, before the live panel takes the screen."""
    page = settings.monitoring.page_address
    if page is not None:
        _say(f"page: {page}   (read-only)")


def say_why(code: int, causes: list[str], settings: Settings) -> None:
    """The last words of a run that failed: what of, where to look, what to type. On stderr, whatever stdout is piped to."""
    if code == 0:
        return
    from bot.domain.text import made_safe
    from bot.ops.process.logs import LOG_FILES

    cause = made_safe("; ".join(filter(None, causes)) or "the bot ended without a reason", 300)
    log = settings.journal.log_directory / LOG_FILES[0]
    sys.stderr.write(
        f"ibkr-bot: the run failed: {cause}; positions keep their stops at the broker\n"
        f"ibkr-bot: next: read {log}, then: ibkr-bot doctor\n"
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
