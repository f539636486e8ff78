"""Whether a new entry may go out at all. Rule: the desk's own lock, whatever risk has approved meanwhile."""

from __future__ import annotations

from datetime import datetime

from bot.domain.machine import Applies
from bot.domain.messages import Halted, PlaceBracket, Resumed, TradingStateChanged
from bot.domain.session import NEW_YORK
from bot.domain.types import TradingState
from bot.execution.books.connection_state import ConnectionState
from bot.execution.orders import approved_prices


class EntryGate:
    """Latched halts (on disk) and the last trading state received."""

    def __init__(self) -> None:
        self._halts: set[str] = set()
        self._state: TradingState | None = None

    @property
    def is_shut(self) -> bool:
        return bool(self._halts) or self._state in (TradingState.REDUCING, TradingState.HALTED)

    def applies(self) -> Applies:
        return {
            Halted: lambda x: self._halts.add(x.cause),
            Resumed: lambda x: self._halts.discard(x.cause),
            TradingStateChanged: self._state_changed,
        }

    def _state_changed(self, news: TradingStateChanged) -> None:
        self._state = news.state
        if news.state is TradingState.ACTIVE:
            self._halts.clear()

    def refusal(self, place: PlaceBracket, link: ConnectionState, now: datetime) -> str:
        """Why this bracket must not be sent; empty when nothing speaks against it."""
        if self.is_shut:
            return f"trading is {self._state or TradingState.HALTED}: {', '.join(sorted(self._halts)) or 'no new entries'}"
        if not link.can_act:
            return "the broker is not connected and reconciled; an entry is never kept for later"
        if now >= place.enter_by:
            return f"too late: it had to be in by {place.enter_by.astimezone(NEW_YORK):%H:%M:%S} New York"
        if place.quantity < 1:
            return f"quantity {place.quantity}"
        prices = approved_prices(place)
        if not prices.is_sane:
            return f"senseless prices: stop {prices.stop}, entry {prices.entry}, target {prices.target}"
        return ""
