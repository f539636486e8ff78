"""Bars and quotes of the past, asked for one request at a time: for research, never while a bot trades on this client id.

Rule: its own session, read-only, in the calling thread. IB's limits for historical data are kept (see ``pacing``); an answer
that fails names IB's code and words.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from bot.broker.connection.library import load_library
from bot.broker.connection.pacing import HistoryPacer
from bot.broker.connection.settings import BrokerSettings
from bot.broker.data.bars import bar_time, to_bar
from bot.broker.translate.numbers import figure
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.market import Bar, BarSize
from bot.domain.types import Symbol

_EPOCH_TIMES: Final = 2
_LOCAL_CODES: Final = range(2000, 3000)
"""IBKR Campus, "System Message Codes": warnings and notes, which end no request."""


class NoHistory(FixTheMachine):
    """The gateway gave no data; ``code`` is IB's, 0 for silence."""

    def __init__(self, what: str, code: int, text: str) -> None:
        self.code = code
        super().__init__(f"{what}: IB error {code}: {text}" if code else f"{what}: no answer in time")


@dataclass(frozen=True, slots=True)
class PastQuote:
    """A contract's bid and ask at the end of the minute that began at ``start``; None where nobody quoted."""

    start: datetime
    bid: float | None
    ask: float | None


@contextmanager
def history_session(
    settings: BrokerSettings, client_id: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[HistorySession]:
    """A session with the gateway for as long as the block lasts. FixTheMachine when there is none."""
    library = load_library("ib_insync")
    # What went wrong is raised in our words; without a handler the library's own would go to the screen beside them.
    logging.getLogger("ib_insync").addHandler(logging.NullHandler())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ib = library.IB()
    where = f"{settings.host}:{settings.port}"
    try:
        ib.connect(
            settings.host, settings.port, client_id, timeout=settings.connect_timeout_wall_s, readonly=True
        )
    except (OSError, TimeoutError, ConnectionError) as error:
        loop.close()
        reason = f"{error}" or "no answer in time"
        raise FixTheMachine(f"no gateway at {where} ({reason}); is it running and logged in?") from None
    try:
        yield HistorySession(library, ib, settings, sleep)
    finally:
        ib.disconnect()
        _end_questions(loop)
        loop.close()
        asyncio.set_event_loop(None)


def _end_questions(loop: asyncio.AbstractEventLoop) -> None:
    """What Ctrl-C left unanswered ends with the session, without asyncio's complaint on the screen."""
    pending = asyncio.all_tasks(loop)
    if not pending:
        return
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))


class HistorySession:
    """Asks in turn. Waits for IB's limits on its own."""

    def __init__(
        self, library: Any, ib: Any, settings: BrokerSettings, sleep: Callable[[float], None]
    ) -> None:
        self._library, self._ib, self._sleep = library, ib, sleep
        self._pacer = HistoryPacer(settings.pacing)
        self._timeout_s = settings.history_timeout_s
        self._errors: list[tuple[int, str]] = []
        ib.errorEvent += self._note_error

    def underlying(self, symbol: Symbol) -> Any:
        """The stock's contract. FixTheCommand for a symbol that IB does not know."""
        found = self._ib.qualifyContracts(self._library.Stock(symbol, "SMART", "USD"))
        if not found:
            raise FixTheCommand(f"IB knows no US stock {symbol}")
        return found[0]

    def bars(self, stock: Any, size: BarSize, end: datetime, days: int) -> tuple[Bar, ...]:
        """Bars of regular hours of the sessions up to ``end``, earliest first."""
        found = self._ask(stock, size.value, "TRADES", end, days)
        bars = (to_bar(stock.symbol, size, raw) for raw in found)
        return tuple(bar for bar in bars if bar is not None)

    def quotes(self, option: Any, end: datetime, days: int) -> tuple[PastQuote, ...]:
        """Bid and ask at each minute's end: the close of IB's BID bar and of its ASK bar."""
        sides: dict[str, dict[datetime, float | None]] = {}
        for side in ("BID", "ASK"):
            found = self._ask(option, BarSize.M1.value, side, end, days)
            sides[side] = {bar_time(raw.date): figure(raw.close) for raw in found}
        starts = sorted({*sides["BID"], *sides["ASK"]})
        return tuple(PastQuote(at, sides["BID"].get(at), sides["ASK"].get(at)) for at in starts)

    def options(self, stock: Any, expiry: date | None, spot: float, each_side: int) -> list[Any]:
        """Listed contracts around ``spot``: of that expiry, or of the nearest. Expired ones are not IB's any more.

        Raises FixTheCommand where none is listed.
        """
        chain = self._chain(stock)
        wanted = min(chain.expirations) if expiry is None else f"{expiry:%Y%m%d}"
        strikes = sorted(chain.strikes, key=lambda strike: abs(strike - spot))[: 2 * each_side]
        asked = [
            self._library.Option(stock.symbol, wanted, strike, right, "SMART", tradingClass=stock.symbol)
            for strike in sorted(strikes)
            for right in ("C", "P")
        ]
        return [option for option in self._ib.qualifyContracts(*asked) if option.conId]

    def expiries(self, stock: Any) -> tuple[date, ...]:
        """Every listed expiry, earliest first. Raises FixTheCommand where none is listed."""
        return tuple(date.fromisoformat(f"{text}") for text in sorted(self._chain(stock).expirations))

    def _chain(self, stock: Any) -> Any:
        chains = self._ib.reqSecDefOptParams(stock.symbol, "", "STK", stock.conId)
        chain = next((x for x in chains if x.exchange == "SMART" and x.tradingClass == stock.symbol), None)
        if chain is None:
            raise FixTheCommand(f"IB lists no options of {stock.symbol}")
        return chain

    def _ask(self, contract: Any, size: str, what: str, end: datetime, days: int) -> list[Any]:
        self._pace((contract.conId, what), (contract.conId, size, what, end, days))
        self._errors.clear()
        until = end.astimezone(UTC)
        found = self._ib.reqHistoricalData(
            contract, until, f"{days} D", size, what, True, _EPOCH_TIMES, timeout=self._timeout_s
        )
        if not found:
            code, text = self._errors[-1] if self._errors else (0, "")
            name = contract.localSymbol or contract.symbol
            raise NoHistory(f"{name} {what} up to {end:%Y-%m-%d}", code, text)
        for bar in found:  # the library made times of them; our reader wants what IB sent
            bar.date = f"{bar.date.timestamp():.0f}" if isinstance(bar.date, datetime) else str(bar.date)
        return list(found)

    def _pace(self, contract: object, whole: object) -> None:
        while (wait_s := self._pacer.take(time.monotonic(), contract, whole)) > 0:
            self._sleep(wait_s)

    def _note_error(self, _: int, code: int, text: str, __: Any) -> None:
        if code not in _LOCAL_CODES:
            self._errors.append((code, text))
