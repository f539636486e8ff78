"""Bars: a back-fill and then every closed bar once, for as long as they are wanted.

Rules: regular hours only, times as seconds since 1970 so that no zone can be mistaken; every request has a deadline; an
empty answer is not an answer; after a few failures the reason is told, and the asking goes on more slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.error_codes import CodeEffect, HistoryTrouble, code, history_trouble
from bot.broker.connection.errors import NotConnected, RequestTrouble
from bot.broker.data.bars import SETTLING, to_bar
from bot.broker.data.subscriptions import BarLine, Subscriptions
from bot.domain import broker_messages as b
from bot.domain.market import Bar, BarSize
from bot.domain.types import ConId

_ATTEMPTS_BEFORE_FAILURE = 3
# IBKR Campus, "Historical Data Limitations": identical requests 15 s apart, 60 in ten minutes. A minute is our choice:
# clear of the first rule and a tenth of the second's window.
_AFTER_PACING_VIOLATION_S = 60.0
_QUIET_WALL_S = 1.0
# reqHistoricalData, formatDate 2: seconds since 1970 for bars within a day, so that no zone is guessed.
_EPOCH_TIMES = 2
# IBKR Campus, "TWS API: Error Codes": the history service's error; only its text tells pacing from "no data".
_HISTORY = 162


class Bars:
    def __init__(
        self, link: BrokerContext, subscriptions: Subscriptions, flush_heard: Callable[[], None]
    ) -> None:
        self._link = link
        self._subs = subscriptions
        self._flush_heard = flush_heard
        self._closed: list[Bar] = []
        """Where time goes in steps: closed in this one, and told when all of it has been heard."""
        self._tasks: dict[tuple[ConId, BarSize], tuple[asyncio.Task[None], int]] = {}
        """Who asks, and for how many sessions."""

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        return {
            "historicalData": self._link.requests.add,
            "historicalDataEnd": lambda request_id, *_: self._link.requests.end(request_id),
            "historicalDataUpdate": self._update,
        }

    # ── commands ──

    def watch(self, command: b.WatchBars) -> None:
        """Also requests a feed again that is watched already: with the back-fill the stream starts over.

        Not while one that asks for as much is on its way: it has a deadline and is repeated. The feed of a line that starts in
        mid-session is silent, and asked for again, before its history can have come.
        """
        try:
            line = self._subs.watch_bars(command.contract, command.size, command.sessions)
        except RequestTrouble as trouble:
            self._link.publish_failure(f"bars:{command.contract.symbol}:{command.size.value}", trouble)
        else:
            if self._is_under_way(line, command.sessions):
                return
            self._start(line, command.sessions)

    def _is_under_way(self, line: BarLine, sessions: int) -> bool:
        task, asked = self._tasks.get((line.contract.con_id, line.size), (None, 0))
        return task is not None and not task.done() and asked >= sessions

    def resubscribe(self) -> None:
        for line in self._subs.bars.values():
            self._start(line, line.sessions)

    def _start(self, line: BarLine, sessions: int) -> None:
        line.stream.is_asked = True
        key = (line.contract.con_id, line.size)
        if key in self._tasks:
            self._tasks[key][0].cancel()
        self._tasks[key] = self._link.spawn(self._keep_asking(line, sessions)), sessions

    async def _keep_asking(self, line: BarLine, sessions: int) -> None:
        pause_s = self._link.settings.retry_first_s
        attempt = 0
        while True:
            try:
                await self._open(line, sessions)
            except NotConnected:
                return  # the next session asks again
            except RequestTrouble as trouble:
                attempt += 1
                if attempt >= _ATTEMPTS_BEFORE_FAILURE:
                    self._link.publish_failure(line.subject, trouble)
                pause_s = self._pause_s(trouble, pause_s)
                await self._link.sleep(pause_s)
            else:
                return

    def _pause_s(self, trouble: RequestTrouble, before_s: float) -> float:
        if trouble.code == _HISTORY and history_trouble(trouble.text) is HistoryTrouble.PACING:
            return _AFTER_PACING_VIOLATION_S
        return min(before_s * 2, self._link.settings.retry_most_s)

    async def _open(self, line: BarLine, sessions: int) -> None:
        """One attempt: the request with its back-fill. What it opened is closed again when it fails."""
        await self._close(line)
        contract, size = line.contract, line.size.value
        await self._link.pace_history((contract.con_id, "TRADES"), (contract.con_id, size, sessions))
        request_id = self._link.next_id()
        self._subs.open(line, request_id)
        asked_at = self._link.now()
        try:
            await self._link.ask(
                request_id,
                lambda client: self._request(client, request_id, line, sessions),
                timeout_s=self._link.settings.history_timeout_s,
                # At once: of a line's history the library's own objects take twice as much as ours, and four answers may come
                # in one read of the socket.
                each=lambda raw: to_bar(contract.symbol, line.size, raw),
                on_end=lambda found: self._backfilled(line, found, asked_at),
            )
        except BaseException:
            if line.request_id == request_id:  # a newer attempt may have taken the line over
                await self._close(line)
            raise

    def _request(self, client: Any, request_id: int, line: BarLine, sessions: int) -> None:
        client.reqHistoricalData(
            request_id,
            self._subs.instrument(line.contract),
            "",
            f"{sessions} D",
            line.size.value,
            "TRADES",
            True,
            _EPOCH_TIMES,
            True,
            [],
        )

    async def _close(self, line: BarLine) -> None:
        request_id = self._subs.release(line)
        if request_id is not None:
            try:
                await self._link.post(lambda client: client.cancelHistoricalData(request_id))
            except NotConnected:
                return

    # ── what comes ──

    def _backfilled(self, line: BarLine, found: list[Bar | None], asked_at: datetime) -> None:
        """Taken at the very end of the answer, since the first update may follow in the same read of the socket."""
        bars = [bar for bar in found if bar is not None]
        if not bars:
            raise RequestTrouble(0, "the answer held no bars")
        settling = timedelta(0) if self._link.is_in_steps else SETTLING
        closed = line.stream.backfill(bars, asked_at, self._link.now(), settling)
        self._link.publish(b.BarsBackfilled(line.contract.symbol, line.size, closed))

    def _update(self, request_id: int, raw: Any) -> None:
        line = self._subs.of_request(request_id)
        if not isinstance(line, BarLine):
            return
        line.received_wall_s = asyncio.get_running_loop().time()
        bar = to_bar(line.contract.symbol, line.size, raw)
        self._publish(None if bar is None else line.stream.update(bar, self._link.now()))
        self._ask_again_where_doubtful(line)

    def _ask_again_where_doubtful(self, line: BarLine) -> None:
        """Once: with the new request the old one's updates end."""
        if line.stream.is_doubtful and line.request_id is not None:
            line.stream.is_doubtful, line.stream.forming = False, None
            self._start(line, line.sessions)

    def close_by_clock(self, *, all_received: bool = False) -> None:
        """Bars whose successor does not come: the session's last ones.

        Bot time may run so fast that the successor is still on its way: unless ``all_received``, a feed must also have
        been quiet for a moment of the wall's time. Where time goes in steps nothing is on its way when one has ended.
        """
        late = timedelta(seconds=0 if self._link.is_in_steps else self._link.settings.late_bar_s)
        now, wall_s = self._link.now(), asyncio.get_running_loop().time()
        for line in sorted(self._subs.bars.values(), key=lambda line: line.size is not BarSize.M1):
            if line.request_id is not None and (
                all_received or wall_s - line.received_wall_s >= _QUIET_WALL_S
            ):
                self._publish(line.stream.close_by_clock(now, late))
                self._ask_again_where_doubtful(line)
        closed, self._closed = self._closed, []
        for bar in sorted(closed, key=lambda bar: bar.size is not BarSize.M1):
            self._tell(bar)

    def _publish(self, closed: Bar | None) -> None:
        if closed is None:
            return
        if self._link.is_in_steps:
            self._closed.append(closed)
        else:
            self._tell(closed)

    def _tell(self, closed: Bar) -> None:
        self._flush_heard()  # whoever acts on the bar knows the quotes and the account up to it
        self._link.publish(b.BarReceived(closed))

    # ── what goes wrong ──

    def on_error(self, line: BarLine, number: int, text: str) -> None:
        """A stream that was running has ended. Silence would look like a quiet market."""
        if code(number).effect is CodeEffect.INFO:
            return
        if number == _HISTORY and history_trouble(text) is HistoryTrouble.CANCELLED:
            return
        self._link.publish_failure(line.subject, RequestTrouble(number, text))
        self._start(line, line.sessions)
