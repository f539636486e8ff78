"""What is being watched: the one list from which everything is asked for again after a loss. Pure.

Rules: one long-lived library contract per instrument (the library keys its books by it); a line budget that is never
exceeded; nothing stays behind after an unwatch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.broker.connection.errors import RequestTrouble
from bot.broker.data.bars import BarStream
from bot.broker.data.quotes import QuoteTicks
from bot.domain.contract import Contract
from bot.domain.market import BarSize
from bot.domain.types import ConId


@dataclass(slots=True, eq=False)
class QuoteLine:
    """``request_id`` is None while nothing is asked of the gateway."""

    contract: Contract
    ticks: QuoteTicks
    request_id: int | None = None
    is_changed: bool = False


@dataclass(slots=True, eq=False)
class BarLine:
    """``sessions`` is the longest history anybody asked for; a reconnect fills that much again."""

    contract: Contract
    size: BarSize
    sessions: int
    stream: BarStream = field(default_factory=BarStream)
    request_id: int | None = None
    received_wall_s: float = 0.0
    """When the last update came, on the event loop's clock."""

    @property
    def subject(self) -> str:
        return f"bars:{self.contract.symbol}:{self.size.value}"


class Subscriptions:
    def __init__(self, line_budget: int, bar_budget: int, make: Callable[[Contract], Any]) -> None:
        self._budget = line_budget
        self._bar_budget = bar_budget
        self._make = make
        self._instruments: dict[ConId, Any] = {}
        self._by_request: dict[int, QuoteLine | BarLine] = {}
        self.quotes: dict[ConId, QuoteLine] = {}
        self.bars: dict[tuple[ConId, BarSize], BarLine] = {}

    def instrument(self, contract: Contract) -> Any:
        """The library's object for this contract: always the same one."""
        found = self._instruments.get(contract.con_id)
        if found is None:
            found = self._instruments[contract.con_id] = self._make(contract)
        return found

    def watch_quote(self, contract: Contract) -> QuoteLine:
        """The line of this contract, new or old. Raises RequestTrouble 101 when the budget is spent."""
        line = self.quotes.get(contract.con_id)
        if line is not None:
            return line
        if len(self.quotes) >= self._budget:
            text = f"all {self._budget} market data lines of the budget are in use; {contract.label} is not watched"
            raise RequestTrouble(101, text)
        line = self.quotes[contract.con_id] = QuoteLine(contract, QuoteTicks(contract))
        return line

    def unwatch_quote(self, con_id: ConId) -> int | None:
        """Forget the line; the request id to cancel, if one is open."""
        line = self.quotes.pop(con_id, None)
        if line is None:
            return None
        if not any(key[0] == con_id for key in self.bars):
            self._instruments.pop(con_id, None)
        return self.release(line)

    def watch_bars(self, contract: Contract, size: BarSize, sessions: int) -> BarLine:
        """The line of this feed, new or old. Raises RequestTrouble when IB would refuse another open request."""
        line = self.bars.get((contract.con_id, size))
        if line is None and len(self.bars) >= self._bar_budget:
            raise RequestTrouble(0, f"all {self._bar_budget} historical requests that may be open are in use")
        if line is None:
            line = self.bars[contract.con_id, size] = BarLine(contract, size, sessions)
        line.sessions = max(line.sessions, sessions)
        return line

    def open(self, line: QuoteLine | BarLine, request_id: int) -> None:
        """The line is asked for under this id from now on."""
        line.request_id = request_id
        self._by_request[request_id] = line

    def release(self, line: QuoteLine | BarLine) -> int | None:
        """The line's request is over; its id, if it had one."""
        request_id, line.request_id = line.request_id, None
        if request_id is not None:
            self._by_request.pop(request_id, None)
        return request_id

    def of_request(self, request_id: int) -> QuoteLine | BarLine | None:
        return self._by_request.get(request_id)

    def lose_connection(self) -> None:
        """No request survives its session, and an old quote is not a quote. The library's objects go with it too."""
        for bars in self.bars.values():
            self.release(bars)
        for quote in self.quotes.values():
            self.release(quote)
            quote.ticks = QuoteTicks(quote.contract)
            quote.is_changed = False
        self._instruments.clear()

    @property
    def size(self) -> int:
        """How many entries all books together hold; what a leak would raise."""
        return len(self._instruments) + len(self._by_request) + len(self.quotes) + len(self.bars)
