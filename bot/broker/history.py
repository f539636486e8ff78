"""Bars and quotes of the past, asked for one request at a time: for research, never while a bot trades on this client id.

Rule: its own session, read-only, in the calling thread. IB's limits for historical data are kept (see ``pacing``); an answer
that fails names IB's code and words.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
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
from bot.domain.session import new_york_day
from bot.domain.types import Symbol

_EPOCH_TIMES: Final = 2
QUOTE_REQUESTS: Final = ("BID", "ASK", "TRADES")
"""What IB is asked for, of a contract, to know its quotes."""
_USUAL_ANSWER_S: Final = 0.5
"""Before the first answer; from then on the answers' own mean."""
_LOCAL_CODES: Final = range(2000, 3000)
"""IBKR Campus, "System Message Codes": warnings and notes, which end no request."""
_HISTORY_SERVICE: Final = 162


class NoHistory(FixTheMachine):
    """The gateway gave no data; ``code`` is IB's, 0 for silence."""

    def __init__(self, what: str, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{what}: IB error {code}: {text}" if code else f"{what}: no answer in time")

    @property
    def is_empty(self) -> bool:
        """IB knows nothing of that time ("HMDS query returned no data"); its 162 stands for pacing and much else, too."""
        return self.code == _HISTORY_SERVICE and "no data" in self.text.lower()


@dataclass(frozen=True, slots=True)
class PastQuote:
    """A contract's bid and ask at the end of the minute that began at ``start``; None where nobody quoted.

    ``volume`` is what the day had traded by then, in contracts; None where IB tells of no trade in the days asked for.
    """

    start: datetime
    bid: float | None
    ask: float | None
    volume: float | None = None


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
        self._chains: dict[int, Any] = {}
        self._answered, self._answering_s = 0, 0.0
        self.waits_until: float | None = None
        """The monotonic time at which IB's limit lets the next request go; None while nothing waits for it."""
        ib.errorEvent += self._note_error

    def now(self) -> datetime:
        """What time it is at the gateway, aware UTC: this machine's clock may be wrong. FixTheMachine where it does not say."""
        try:
            found: datetime = self._library.util.run(self._ib.reqCurrentTimeAsync(), timeout=self._timeout_s)
        except (TimeoutError, ConnectionError):
            raise FixTheMachine("the gateway does not say what time it is; is it logged in?") from None
        return found.astimezone(UTC)

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
        """Bid and ask at each minute's end, and the day's volume by then; nothing where IB has neither side.

        They are the closes of IB's BID and ASK bars, which count nothing, and the volumes of its TRADES bars: a request each.
        """
        found = {what: self._minutes(option, what, end, days) for what in QUOTE_REQUESTS}
        bid, ask = ({bar_time(x.date): figure(x.close) for x in found[side]} for side in ("BID", "ASK"))
        starts = sorted({*bid, *ask})
        traded = _volumes(starts, found["TRADES"])
        return tuple(PastQuote(at, bid.get(at), ask.get(at), traded.get(at)) for at in starts)

    def _minutes(self, option: Any, what: str, end: datetime, days: int) -> list[Any]:
        try:
            return self._ask(option, BarSize.M1.value, what, end, days)
        except NoHistory as error:
            if error.is_empty:
                return []
            raise

    def options(self, stock: Any, expiry: date | None, low: float, high: float, each_side: int) -> list[Any]:
        """Listed contracts from ``low`` to ``high`` and ``each_side`` strikes beyond: of that expiry, or of the nearest.

        Expired ones are not IB's any more. A chain names strikes that an expiry does not have, so twice as many are asked about.

        Raises FixTheCommand where none is listed.
        """
        chain = self._chain(stock)
        wanted = min(chain.expirations) if expiry is None else f"{expiry:%Y%m%d}"
        strikes = _within(chain.strikes, low, high, 2 * each_side)
        asked = [
            self._library.Option(stock.symbol, wanted, strike, right, "SMART", tradingClass=stock.symbol)
            for strike in strikes
            for right in ("C", "P")
        ]
        listed = [option for option in self._ib.qualifyContracts(*asked) if option.conId]
        near = set(_within({option.strike for option in listed}, low, high, each_side))
        return [option for option in listed if option.strike in near]

    def expiries(self, stock: Any) -> tuple[date, ...]:
        """Every listed expiry, earliest first. Raises FixTheCommand where none is listed."""
        return tuple(date.fromisoformat(f"{text}") for text in sorted(self._chain(stock).expirations))

    def time_left_s(self, requests: int) -> float:
        """Seconds that so many more requests take, IB's limits and the answers so far considered."""
        each_s = self._answering_s / self._answered if self._answered else _USUAL_ANSWER_S
        return self._pacer.lasts_s(time.monotonic(), requests, each_s)

    def _chain(self, stock: Any) -> Any:
        if stock.conId not in self._chains:
            self._chains[stock.conId] = self._listed_chain(stock)
        return self._chains[stock.conId]

    def _listed_chain(self, stock: Any) -> Any:
        chains = self._ib.reqSecDefOptParams(stock.symbol, "", "STK", stock.conId)
        chain = next((x for x in chains if x.exchange == "SMART" and x.tradingClass == stock.symbol), None)
        if chain is None:
            raise FixTheCommand(f"IB lists no options of {stock.symbol}")
        return chain

    def _ask(self, contract: Any, size: str, what: str, end: datetime, days: int) -> list[Any]:
        self._pace((contract.conId, what), (contract.conId, size, what, end, days))
        self._errors.clear()
        until, begun = end.astimezone(UTC), time.monotonic()
        found = self._ib.reqHistoricalData(
            contract, until, f"{days} D", size, what, True, _EPOCH_TIMES, timeout=self._timeout_s
        )
        self._answered += 1
        self._answering_s += time.monotonic() - begun
        if not found:
            code, text = self._errors[-1] if self._errors else (0, "")
            name = contract.localSymbol or contract.symbol
            raise NoHistory(f"{name} {what} up to {end:%Y-%m-%d}", code, text)
        for bar in found:  # the library made times of them; our reader wants what IB sent
            bar.date = f"{bar.date.timestamp():.0f}" if isinstance(bar.date, datetime) else str(bar.date)
        return list(found)

    def _pace(self, contract: object, whole: object) -> None:
        while (wait_s := self._pacer.take(now := time.monotonic(), contract, whole)) > 0:
            self.waits_until = now + wait_s
            self._sleep(wait_s)
        self.waits_until = None

    def _note_error(self, _: int, code: int, text: str, __: Any) -> None:
        if code not in _LOCAL_CODES:
            self._errors.append((code, text))


def _within(strikes: Iterable[float], low: float, high: float, beyond: int) -> list[float]:
    """The strikes from ``low`` to ``high``, and so many next to them on both sides, ascending."""
    ladder = sorted(strikes)
    return ladder[max(0, bisect_right(ladder, low) - beyond) : bisect_right(ladder, high) + beyond]


def _volumes(starts: Iterable[datetime], trades: Iterable[Any]) -> dict[datetime, float]:
    """By minute what its day had traded at its end; nothing where IB tells of no trade at all."""
    traded = {bar_time(x.date): figure(x.volume) or 0.0 for x in trades}
    if not traded:
        return {}
    found: dict[datetime, float] = {}
    day, so_far = None, 0.0
    for at in sorted({*starts, *traded}):
        if day != (day := new_york_day(at)):
            so_far = 0.0
        so_far += max(0.0, traded.get(at, 0.0))
        found[at] = so_far
    return found
