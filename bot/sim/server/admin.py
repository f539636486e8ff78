"""The admin port: breaking a running gateway by hand or from another process.

One JSON object a line in, one out: ``{"do": "outage", "seconds": 60}`` → ``{"ok": true}``. Beside the faults there are
``status``, ``books`` and, where time is stepped, ``advance`` (``seconds``).

Rule: loopback only, like the gateway it has no authentication. A bad line is answered, never obeyed in part.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from bot.domain.errors import BotError, FixTheConfiguration, FixTheMachine
from bot.sim.faults.handle import bind
from bot.sim.server.tcp_server import LOOPBACK, SimGateway

_LINE_LIMIT_BYTES = 64 * 1024


class AdminPort:
    """``can_advance``: the gateway's time is stepped, from here."""

    def __init__(self, gateway: SimGateway, *, can_advance: bool) -> None:
        self._gateway = gateway
        self._can_advance = can_advance
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen; returns the port (0 finds one). Errors: FixTheMachine for a busy port."""
        try:
            self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=_LINE_LIMIT_BYTES)
        except OSError as error:
            raise FixTheMachine(
                f"cannot listen on {LOOPBACK}:{port} ({error.strerror}); choose another --admin-port"
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            # A line beyond the limit, or a peer that went away: this connection only.
            pass
        finally:
            writer.close()

    async def answer(self, line: bytes) -> dict[str, Any]:
        """What one line comes to."""
        try:
            request = json.loads(line)
        except ValueError as error:
            return {"ok": False, "error": f"not JSON: {error}"}
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            return {"ok": False, "error": 'give one JSON object a line with a "do"'}
        try:
            return {"ok": True, **await self._do(request.pop("do"), request)}
        except BotError as error:
            return {"ok": False, "error": str(error)}

    async def _do(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        core = self._gateway.core
        if name == "status":
            clients = [session.client_id for session in core.started()]
            return {"now": core.now.isoformat(), "clients": clients, "failures": core.failures}
        if name == "books":
            books = core.world.books()
            counters = {"orders": books.orders_received, "modifies": books.modifies, "cancels": books.cancels}
            return {
                "positions": dict(books.positions),
                "working_stops": dict(books.working_stops),
                **counters,
            }
        if name == "advance":
            await self._advance(arguments)
            return {"now": core.now.isoformat()}
        action = bind(name, arguments)
        action(core)
        core.do_what_is_due()
        self._gateway.flush()
        await self._gateway.sync_port()
        return {}

    async def _advance(self, arguments: dict[str, Any]) -> None:
        seconds = arguments.get("seconds")
        if not self._can_advance or not isinstance(seconds, int | float) or seconds < 0:
            raise FixTheConfiguration("advance: needs a gateway with --stepped, and seconds of at least 0")
        await self._gateway.advance_to(self._gateway.core.now + timedelta(seconds=seconds))
