"""README's table of trades: what ``make run`` comes to, traded in the replay runtime, which comes to the same."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal

from rich.console import Console

from bot.backtest.parity import replayed
from bot.cli.embedded import SIMULATED_EQUITY_USD
from bot.config import load_settings
from bot.domain.session import session_on
from bot.ops.status.day_outcome import print_simulated_day
from bot.sim.world.build import recorded_world

_BLOCK = re.compile(r" *Trades\b[^\n]*\n.*?\nP&L of [^\n]*\n", re.DOTALL)


def renewed(readme: str) -> str:
    """README with the trades of the day that the settings name. Raises ValueError where it has no such table."""
    settings = load_settings(None, {})
    session = session_on(date.fromisoformat(settings.broker.simulated_session))
    if session is None or _BLOCK.search(readme) is None:
        raise ValueError("README shows no table of trades, or the day of the settings is none")
    world = recorded_world(settings.symbols, session.day, equity=Decimal(SIMULATED_EQUITY_USD))
    _, seen = replayed(settings, world, session)
    out = io.StringIO()
    print_simulated_day(Console(file=out, width=100, color_system=None), seen, session.day)
    text = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    return _BLOCK.sub(lambda _: text, readme, count=1)
