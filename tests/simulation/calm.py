"""The end of the faults, and what must be true of the bot a while after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.types import TradingState
from bot.sim.faults.handle import bind
from bot.sim.streams.historical_updates import KeptBars
from bot.sim.streams.market_data_line import MarketLine

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

LIVES_WITHIN_S = 1200.0
"""After the last fault the bot must trade again within so long, or say why not."""
NOTICED_AFTER = timedelta(minutes=2)
"""After its bar's end a line of bars that fell silent has been asked for again."""


def judge_trading(u: Universe) -> None:
    life = u.life
    words = "no line runs"
    if life is not None:
        status = life.board.status
        words = f"{status.trading_state} {sorted(status.causes)}"
    is_active = life is not None and status.trading_state is TradingState.ACTIVE and status.is_reconciled
    is_named = life is not None and status.trading_state is TradingState.HALTED and bool(status.causes)
    verdict = u.oracle.verdict
    verdict.expect("trades again in calm, or is halted with a name", is_active or is_named, words)
    standing = sorted(u.oracle.halts)
    if standing and not u.has_lost_rows and life is not None:
        is_halted = life.board.status.trading_state is TradingState.HALTED
        verdict.expect("a halt on disk stands", is_halted, f"{standing} on disk, {words}")


def judge_alive(u: Universe) -> None:
    verdict, life = u.oracle.verdict, u.life
    failed = None if life is None else life.supervisor.failed
    verdict.expect("alive in calm", life is not None and failed is None, f"no line runs: {failed}")
    if life is None or failed is not None:
        return
    status = life.board.status
    is_halted, causes = status.trading_state is TradingState.HALTED, sorted(status.causes)
    verdict.expect(
        "connected in calm",
        status.is_connected,
        f"not connected, {status.trading_state} {causes}",
    )
    verdict.expect(
        "reconciled, or halted with a name, in calm",
        status.is_reconciled or (is_halted and bool(causes)),
        f"not reconciled, {status.trading_state} {causes}",
    )
    dead = sum(_is_silent(feed, u.core.now) for feed in u.core.feeds.everyone())
    verdict.expect(
        "a line that fell silent is asked for again", not dead, f"{dead} are subscribed and silent"
    )
    verdict.expect("a halt has a name", not is_halted or bool(causes), "halted without a cause")


def _is_silent(feed: object, now: datetime) -> bool:
    """Whether it should have been asked for again: a bar's line at the latest when its bar has ended, and not before."""
    if isinstance(feed, KeptBars):
        last = feed._last
        return feed._is_dead and (last is None or now >= last.start + last.span + NOTICED_AFTER)
    return isinstance(feed, MarketLine) and feed._is_dead


def repair(u: Universe) -> None:
    """Every fault ends."""
    u.disk.is_full, u.disk.delay_s, u.disk.cut_in = False, 0.0, None
    u.disk.fails_once = False
    u.said_otherwise.clear()
    u.network.settings = u.plan.network
    core = u.core
    for name, how in (
        ("clear", {}),
        ("clock_skew", {"seconds": 0.0}),
        ("log_in", {}),
        ("show_quotes", {}),
        ("gateway", {"read_only": False, "market_data_lines": 100, "history_delay_s": 0}),
        (
            "exchange",
            {
                "displayed_size": None,
                "cancel_latency_s": 0,
                "commission_delay_s": 0,
                "children_on_partial_parent": True,
                "oca_cancels_on_partial": True,
            },
        ),
    ):
        u.gateway.do(bind(name, how))
    core.link.is_silent = core.link.closes_after_accept = core.link.competing_session = False
    core.faults._held.clear()
    core.faults.unentitled.clear()
