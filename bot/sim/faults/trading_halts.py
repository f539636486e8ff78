"""Trading halts of a symbol, by hand or by its price bands (Limit Up-Limit Down)."""

from __future__ import annotations

from datetime import timedelta

from bot.sim.gateway.core import GatewayCore
from bot.sim.streams.market_data_line import MarketLine
from bot.sim.world.trading_halts import PAUSE, PERCENT, HaltKind, PriceBands

_LOOK_EVERY = timedelta(seconds=5)


def halt_trading(core: GatewayCore, symbol: str, *, seconds: float | None = None) -> None:
    """The exchange halts a symbol, its options too: tick 49 is 1 on every line; orders are taken and wait."""
    _halt(core, symbol, HaltKind.GENERAL)
    if seconds is not None:
        core.timers.at(core.now + timedelta(seconds=seconds), lambda: resume_trading(core, symbol))


def resume_trading(core: GatewayCore, symbol: str) -> None:
    """Undo halt_trading: what waited is matched at the next print."""
    core.world.halts.resume(symbol)
    _tell(core, symbol, 0)


def luld_bands(
    core: GatewayCore, symbol: str, *, percent: float = PERCENT, seconds: float = PAUSE.total_seconds()
) -> None:
    """From now on a price of the stock that stays beyond its bands pauses trading for ``seconds``: tick 49 is 2."""
    bands = PriceBands(percent)

    def look() -> None:
        pause = _LOOK_EVERY
        if _breaks(core, symbol, bands):
            pause = timedelta(seconds=seconds)
            _halt(core, symbol, HaltKind.VOLATILITY)
            core.timers.at(core.now + pause, lambda: resume_trading(core, symbol))
        core.timers.at(core.now + pause, look)

    look()


def _breaks(core: GatewayCore, symbol: str, bands: PriceBands) -> bool:
    stock, session = core.world.market.stocks.get(symbol), core.world.market.session
    if stock is None or stock.last_cents is None or session is None:
        return False
    return bands.breaks(stock.last_cents / 100, core.now, session.close)


def _halt(core: GatewayCore, symbol: str, kind: HaltKind) -> None:
    core.world.halts.halt(symbol, kind)
    _tell(core, symbol, kind.value)


def _tell(core: GatewayCore, symbol: str, value: int) -> None:
    for feed in core.feeds.everyone():
        if isinstance(feed, MarketLine) and feed.contract.symbol == symbol:
            feed.tell_halt(value)
