"""One session with the gateway: reaching it, telling apart how that fails, and noticing its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import ConnectFailed, RequestTrouble
from bot.domain import broker_messages as b
from bot.domain.types import OrderId

_CURRENT_TIME = "currentTime"


class BrokerSession:
    """``ib`` is the library's object, used for this one session only."""

    def __init__(self, link: BrokerContext, ib: Any, port: int) -> None:
        self._link = link
        self._port = port
        self._ib = ib
        self._lost = asyncio.Event()
        self.rejection = ""
        """What the gateway said before it closed (326, say), or why we end the session."""
        ib.client.conn.disconnected += lambda _reason: self._lost.set()

    async def open(self) -> None:
        """TCP, handshake, and one answered request. Raises ConnectFailed with a reason a person understands."""
        settings = self._link.settings
        client = self._ib.client
        await self._link.pace(is_urgent=True)  # startApi, which the library sends by itself
        attempt = asyncio.ensure_future(client.connectAsync(settings.host, self._port, settings.client_id, 0))
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait(
                {attempt, lost}, timeout=settings.connect_timeout_wall_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not (attempt.done() and attempt.exception() is None and client.isReady()):
                error = attempt.exception() if attempt.done() else None
                raise ConnectFailed(self._failure(error))
        finally:
            lost.cancel()
            attempt.cancel()
            await asyncio.gather(attempt, lost, return_exceptions=True)

    def _failure(self, error: BaseException | None) -> str:
        where = f"{self._link.settings.host}:{self._port}"
        client = self._ib.client
        if self.rejection:
            return self.rejection
        if isinstance(error, ConnectionRefusedError):
            return f"nothing listens on {where}: is the gateway running, and is its API port open?"
        if error is not None and not self._lost.is_set():
            return f"{where} cannot be reached: {error}"
        if self._lost.is_set():
            return (
                f"{where} accepts and closes at once: does the gateway allow API clients from this address, "
                f"and is client id {self._link.settings.client_id} free?"
            )
        if client.conn.transport is None:
            return f"{where} does not answer (time-out): wrong address, or a firewall"
        if not client.serverVersion():
            return f"{where} accepts and stays silent: the gateway hangs, or waits for a login"
        return f"{where} speaks, but names no account: the gateway has not finished its login"

    def choose_account(self) -> str:
        """The configured account, or the only one. Raises ConnectFailed rather than trade in the wrong one."""
        offered = [str(name) for name in self._ib.client.getAccounts()]
        wanted = self._link.settings.account
        if wanted is None and len(offered) == 1:
            return offered[0]
        if wanted in offered and wanted is not None:
            return wanted
        if wanted is None:
            raise ConnectFailed(
                f"the gateway offers {len(offered)} accounts: name one of them in broker.account"
            )
        raise ConnectFailed("the gateway does not offer the account named in broker.account")

    async def check_pulse(self) -> float:
        """Seconds that the gateway's clock is ahead of ours, good to half a second, since it answers in whole ones.

        Raises RequestTrouble when the gateway leaves this simple question unanswered.
        """
        asked_at = self._link.now().timestamp()
        seconds = await self._link.ask_in_turn(
            _CURRENT_TIME,
            lambda client: client.reqCurrentTime(),
            is_urgent=True,
            while_opening=True,
            timeout_s=self._link.settings.heartbeat_timeout_s,
        )
        return float(seconds) + 0.5 - (asked_at + self._link.now().timestamp()) / 2

    async def until_lost(self, on_pulse: Callable[[float], None]) -> str:
        """Watch over the session; the reason of its end. ``on_pulse`` is told the clock's offset at each heartbeat."""
        pause = max(self._link.wall_s(self._link.settings.heartbeat_s), 1.0)
        while True:
            try:
                # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the end.
                async with asyncio.timeout(pause):
                    await self._lost.wait()
            except TimeoutError:
                try:
                    on_pulse(await self.check_pulse())
                except RequestTrouble as trouble:
                    if not self._lost.is_set():
                        return f"the gateway is silent: {trouble.text}"
            if self._lost.is_set():
                return self.rejection or "the gateway closed the connection"

    def end(self, why: str) -> None:
        """From our side; ``until_lost`` and ``until_gone`` return the reason."""
        self.rejection = why
        self._lost.set()

    async def until_gone(self) -> str:
        """The same without a heartbeat: where time goes in steps, each of them is one, and ``LockStep`` tells of it."""
        await self._lost.wait()
        return self.rejection or "the gateway closed the connection"

    def connected(self, next_order_id: OrderId) -> b.BrokerConnected:
        return b.BrokerConnected(
            at=self._link.now(),
            account=self._link.account,
            client_id=self._link.settings.client_id,
            server_version=int(self._ib.client.serverVersion()),
            next_order_id=next_order_id,
        )

    async def close(self) -> None:
        """End it from our side. What was written is flushed first; a dead peer is not waited for long."""
        transport = self._ib.client.conn.transport
        if transport is None:
            return
        self._ib.client.disconnect()
        try:
            async with asyncio.timeout(0.5):
                await self._lost.wait()
        except TimeoutError:
            transport.abort()


def current_time_handler(link: BrokerContext) -> Any:
    """The answer to ``check_pulse``, by the library's wrapper method ``currentTime``."""
    return lambda seconds: link.requests.end(_CURRENT_TIME, seconds)
