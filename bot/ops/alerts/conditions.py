"""Conditions that last: told once when they have lasted too long, and once when they are over.

Rule: where Alertmanager is told to do this, the bot has no such listener at all, so that nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import DataType
from bot.domain.session import NEW_YORK, CalendarRangeError, is_open
from bot.ops.alerts.wording import span
from bot.risk.limits import EmbargoWindow, next_start

Said = tuple[str, str, str, bool]
"""(key, title, body, whether it is good news)"""

LOG_IN_DUE = (timedelta(hours=12), timedelta(hours=1))
"""How long before the weekly log-in expires a person is reminded."""


@dataclass(frozen=True, slots=True)
class LastingLimits:
    """How long a condition may last before it is told; nights and weekends bring restarts of IB's own."""

    while_open: timedelta = timedelta(minutes=5)
    while_closed: timedelta = timedelta(hours=3)
    log_in: EmbargoWindow | None = None
    """When the weekly log-in expires; None where nobody logs in."""

    def scaled(self, time_scale: float) -> LastingLimits:
        """For bot time that runs faster than threads and sockets do."""
        return replace(
            self, while_open=self.while_open * time_scale, while_closed=self.while_closed * time_scale
        )


@dataclass(slots=True)
class _Condition:
    title: str
    over: str
    body: str
    since: datetime
    is_alerted: bool = False


@dataclass(slots=True)
class LastingConditions:
    """Hears facts; ``handle`` gives what is to be said because of this one."""

    limits: LastingLimits = field(default_factory=LastingLimits)
    _on: dict[str, _Condition] = field(default_factory=dict)
    _at: datetime | None = None
    _symbols: dict[int, str] = field(default_factory=dict)
    _handlers: dict[type, Callable[..., Iterator[Said]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._handlers = {
            m.TimePassed: self._time,
            m.LineStarted: lambda x: self._begin(
                "connection", x.at, _GATEWAY, "not connected since the start"
            ),
            b.BrokerDisconnected: lambda x: self._begin("connection", x.at, _GATEWAY, x.reason),
            b.BrokerConnected: self._connected,
            b.LinkChanged: self._link,
            b.RequestFailed: self._request_failed,
            m.Reconciled: lambda x: self._end("books", x.at),
            b.UnderlyingQualified: self._named,
            b.DataTypeChanged: self._data_type,
            m.FeedChanged: self._feed,
        }

    @property
    def hears(self) -> frozenset[type]:
        return frozenset(self._handlers)

    def handle(self, message: m.Message) -> Iterator[Said]:
        answer = self._handlers.get(type(message))
        return iter(()) if answer is None else answer(message)

    def _begin(self, key: str, at: datetime, words: tuple[str, str], body: str) -> Iterator[Said]:
        known = self._on.get(key)
        if known is None:
            self._on[key] = _Condition(*words, body, at)
        else:
            known.body = body
        return iter(())

    def _end(self, key: str, at: datetime) -> Iterator[Said]:
        ended = self._on.pop(key, None)
        if ended is not None and ended.is_alerted:
            yield f"{key}:over:{at.isoformat()}", ended.over, f"it lasted {span(at - ended.since)}", True

    # ── what begins and ends them ──

    def _connected(self, x: b.BrokerConnected) -> Iterator[Said]:
        yield from self._end("connection", x.at)
        yield from self._end("ib", x.at)

    def _link(self, x: b.LinkChanged) -> Iterator[Said]:
        if x.part != "ib":
            return iter(())
        body = f"IB's code {x.code}; positions stay protected at the broker; restart the gateway if IB works elsewhere"
        return self._end("ib", x.at) if x.up else self._begin("ib", x.at, _IB, body)

    def _request_failed(self, x: b.RequestFailed) -> Iterator[Said]:
        return (
            self._begin("books", x.at, _BOOKS, f"{x.text}; no entries meanwhile")
            if x.subject in b.BOOKS
            else iter(())
        )

    def _named(self, x: b.UnderlyingQualified) -> Iterator[Said]:
        self._symbols[x.contract.con_id] = x.contract.symbol
        return iter(())

    def _data_type(self, x: b.DataTypeChanged) -> Iterator[Said]:
        symbol = self._symbols.get(x.con_id)
        if symbol is None:
            return iter(())
        key, words = (
            f"data:{symbol}",
            (f"{symbol}: data are {x.data_type}, not live", f"{symbol}: live data again"),
        )
        body = "no market data subscription, or another log-in of the same user; `ibkr-bot doctor` says which"
        return self._end(key, x.at) if x.data_type is DataType.LIVE else self._begin(key, x.at, words, body)

    def _feed(self, x: m.FeedChanged) -> Iterator[Said]:
        if x.feed == m.TRADING:
            return iter(())  # told at once, among the events
        key = f"feed:{x.symbol}:{x.feed}"
        words = (f"{x.symbol}: no fresh {x.feed}", f"{x.symbol}: {x.feed} flow again")
        body = "no entries meanwhile; `ibkr-bot doctor` if it stays so"
        return self._end(key, x.at) if x.is_fresh else self._begin(key, x.at, words, body)

    # ── time ──

    def _time(self, x: m.TimePassed) -> Iterator[Said]:
        before, self._at = self._at, x.at
        limit = self.limits.while_open if _is_open(x.at) else self.limits.while_closed
        for key, on in self._on.items():
            if not on.is_alerted and x.at - on.since >= limit:
                on.is_alerted = True
                yield (
                    f"{key}:{on.since.isoformat()}",
                    on.title,
                    f"for {span(x.at - on.since)}: {on.body}",
                    False,
                )
        if before is not None and self.limits.log_in is not None:
            yield from _log_in_due(self.limits.log_in, before, x.at)


_GATEWAY = ("No connection to the gateway", "Connected to the gateway again")
_BOOKS = ("The gateway does not say what the account holds", "The account's books are read again")
_IB = ("The gateway has lost IB", "The gateway has IB again")


def _log_in_due(window: EmbargoWindow, before: datetime, now: datetime) -> Iterator[Said]:
    expiry = next_start(window, before)
    for lead in LOG_IN_DUE:
        if before < expiry - lead <= now:
            title = f"The gateway's log-in expires in {span(lead)}"
            at = f"{expiry.astimezone(NEW_YORK):%a %H:%M} New York"
            body = f"at {at}; log in again with the second factor, or nothing trades on Monday"
            yield f"log_in:{expiry.isoformat()}:{lead}", title, body, False


def _is_open(at: datetime) -> bool:
    try:
        return is_open(at)
    except CalendarRangeError:
        return True
