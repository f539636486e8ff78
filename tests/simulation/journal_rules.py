"""What the journal must show at the end of a run, read as plain JSON beside the gateway's own tape."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.market import BarSize
from bot.sim.gateway.core import GatewayCore
from tests.simulation.entry_rules import Expect

Row = tuple[str, str, str]
JUDGED_MINUTES = 10
"""At the end of the calm; nearly each of them must have been judged."""

LAST_PART = 0.7
"""One that lacks less than a third of its volume may have lost its last twenty seconds, which its reader cannot know."""
STORM = 3
"""Ideas: RISK__MAX_REFUSALS in configs/settings.yaml."""


def check_bars(rows: list[Row], core: GatewayCore, expect: Expect, *, is_clock_true: bool) -> None:
    """Bars are judged while nothing is broken, and each that was closed is the market's own.

    Whose clock is off cannot know when a minute ends (``is_clock_true``), and then only the first is asked.
    """
    judged, closed = set(), {}
    for _, kind, body in rows:
        if kind == "BarJudged":
            judged.add(_utc(json.loads(body)["bar_end"]))
        elif kind == "BarClosed":
            bar = json.loads(body)["bar"]
            if bar["size"] == "1 min":
                closed[_utc(bar["start"])] = bar
    _trading(judged, core, expect)
    if not is_clock_true:
        return
    for true in core.world.market.stocks["SPY"].closed[BarSize.M1]:
        bar = closed.get(_utc(true.start.isoformat()))
        if bar is not None and not LAST_PART * true.volume <= bar["volume"] < true.volume:
            same = all(abs(bar[name] - getattr(true, name)) < 0.006 for name in ("high", "low", "close"))
            expect("a bar is the market's own", same, f"{true.start:%H:%M} {bar} is not {true}")


def _trading(judged: set[datetime], core: GatewayCore, expect: Expect) -> None:
    if core.world.market.session is None:
        return
    now = core.now
    last = _utc(now.replace(second=0, microsecond=0).isoformat()) - timedelta(minutes=1)
    wanted = {last - timedelta(minutes=n) for n in range(JUDGED_MINUTES)}
    count = len(wanted & judged)
    expect("bars are judged in calm", count >= JUDGED_MINUTES - 1, f"{count} of the last {JUDGED_MINUTES}")


def check_refusals(rows: list[Row], expect: Expect) -> None:
    """A storm of refusals is one of ideas, not of the orders of one."""
    refused: set[str] = set()
    for _, kind, body in rows:
        read = json.loads(body) if kind in ("OrderRefused", "Halted") else {}
        if kind == "OrderRefused":
            refused.add(read["ref"].rpartition("/")[0])
        elif kind == "Halted" and read["cause"] == "order_refused_storm":
            expect("a storm is of several ideas", len(refused) >= STORM, f"{len(refused)} were refused")


def check_lines(core: GatewayCore, most: int, expect: Expect) -> None:
    """No market data line is kept that nobody looks at."""
    open_ = len(core.world._watched)
    expect("lines are let go", open_ <= most, f"{open_} contracts are watched, {most} at most are wanted")


def _utc(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
