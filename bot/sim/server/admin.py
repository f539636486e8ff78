"""The admin port: breaking a running gateway by hand or from another process.

One JSON object a line in, one out: ``{"do": "outage", "seconds": 60}`` → ``{"ok": true}``. Beside the faults there are
``status``, ``books`` and, where time is stepped, ``advance`` (``seconds``).

Rule: loopback only, and every connection begins with the token that the gateway printed at its start: ``{"token": "…"}``. A
browser can be made to send lines to a local port, and cannot know it. A bad line is answered, never obeyed in part.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import timedelta
from typing import Any

from loguru import logger

from bot.domain.errors import BotError, FixTheConfiguration, FixTheMachine
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.faults.handle import bind
from bot.sim.faults.values import LONGEST_S
from bot.sim.server.tcp_server import LOOPBACK, SimGateway
from bot.sim.world.ledger import AccountLedger

_LINE_LIMIT_BYTES = 64 * 1024
_GREETING_S = 30.0
_GREETING = 'begin with {"token": "…"}, as the gateway printed it at its start ("admin_token")'


def largest_orders(books: AccountLedger) -> dict[str, Units]:
    """By its ``orderRef``, the largest quantity in which an order was ever sent, refused ones included."""
    largest: dict[str, Units] = {}
    for received in books.received:
        if received.kind != "what_if":
            ref = received.order_ref
            largest[ref] = max(largest.get(ref, 0), received.order.quantity)
    return largest


def _read(line: bytes) -> Any:
    """The line's JSON, or a text that says what is wrong with it."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {type(error).__name__}"


class AdminPort:
    """``can_advance``: the gateway's time is stepped, from here. ``token`` is new at each start."""

    def __init__(self, gateway: SimGateway, *, can_advance: bool) -> None:
        self.token = secrets.token_urlsafe(16)
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
            if not await self._is_greeted(reader, writer):
                return
            while line := await reader.readline():
                writer.write(json.dumps(await self.answer(line), default=float).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError, TimeoutError):
            # A line beyond the limit, or a peer that went away or says nothing: this connection only.
            pass
        finally:
            writer.close()

    async def _is_greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the first line has the token. Whoever has it not is told once, and the connection ends."""
        line = await asyncio.wait_for(reader.readline(), _GREETING_S)
        request = _read(line)
        given = request.get("token") if isinstance(request, dict) else None
        is_greeted = isinstance(given, str) and secrets.compare_digest(
            given.encode("utf-8", "replace"), self.token.encode()
        )
        answer: dict[str, Any] = {"ok": True} if is_greeted else {"ok": False, "error": _GREETING}
        writer.write(json.dumps(answer, default=float).encode() + b"\n")
        await writer.drain()
        return is_greeted

    async def answer(self, line: bytes) -> dict[str, Any]:
        """What one line comes to."""
        request = _read(line)
        if isinstance(request, str):
            return {"ok": False, "error": request}
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            return {"ok": False, "error": 'give one JSON object a line with a "do"'}
        try:
            return {"ok": True, **await self._do(request.pop("do"), request)}
        except BotError as error:
            return {"ok": False, "error": str(error)}
        except Exception as error:  # noqa: BLE001  whoever asks learns of it; the gateway goes on
            logger.opt(exception=error).error("sim: a bug in an admin command")
            return {"ok": False, "error": f"a bug in the gateway: {type(error).__name__}"}

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
                "largest": largest_orders(books),
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
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not self._can_advance or seconds is None or not is_number or not 0 <= seconds <= LONGEST_S:
            raise FixTheConfiguration(
                f"advance: needs a gateway with --stepped, and seconds between 0 and {LONGEST_S}"
            )
        await self._gateway.advance_to(self._gateway.core.now + timedelta(seconds=seconds))
