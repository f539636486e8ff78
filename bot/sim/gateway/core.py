"""The gateway without sockets: clients' bytes and the passing of time go in, bytes for the clients come out.

Rule: everything that happens is caused by ``receive`` or ``advance_to``, so the same world, seed, scenario and calls
give the same bytes. A mistake of a client ends that client only; a mistake of ours ends its client too, is kept in
``failures`` and makes whoever owns the gateway fail.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from loguru import logger

from bot.domain.session import NEW_YORK
from bot.domain.text import made_safe
from bot.domain.types import ConId
from bot.sim.gateway.connectivity import FOR_THE_MARKET, Connectivity
from bot.sim.gateway.market_data_hub import Feeds
from bot.sim.gateway.message_faults import MessageFaults
from bot.sim.gateway.order_ids import OrderIds
from bot.sim.gateway.pace import Pace
from bot.sim.gateway.pacing_limits import Rate
from bot.sim.gateway.session import ClientSession
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.gateway.slices import Slices
from bot.sim.gateway.timers import Timers
from bot.sim.market.quotes import OptionModel
from bot.sim.world.world import World
from bot.wire import ClientHello, Closed, LocalProtocolError, RemoteProtocolError, WireMessage, encode

NO_ID = -1
_AT_ONCE = 25
"""Lines told in one go: about two milliseconds."""
# IB's clients, "error time": milliseconds since 1970.
_ERROR_TIME_SINCE: Final = 194
Handler = Callable[["GatewayCore", ClientSession, WireMessage], None]


class GatewayCore:
    """``handlers`` is the table of request kinds; see ``requests.HANDLERS``."""

    def __init__(
        self,
        world: World,
        handlers: dict[str, Handler],
        on_event: Callable[[GatewayCore, Any], None],
        settings: GatewaySettings | None = None,
        *,
        seed: int = 0,
    ) -> None:
        self.world = world
        self.settings = settings or GatewaySettings()
        self.timers = Timers()
        self.order_ids = OrderIds()
        self.faults = MessageFaults(seed)
        self.feeds = Feeds()
        self.link = Connectivity()
        self.pace: Pace | None = None
        """Where time waits for the clients."""
        self.sessions: dict[int, ClientSession] = {}
        self.failures: list[str] = []
        self._came: tuple[datetime, datetime] | None = None
        self.slices = Slices()
        self.does_slices_at_once = True
        """False where whoever owns the clock calls ``slices.do_one``."""
        self._soon: deque[Callable[[], None]] = deque()
        self._does_soon = False
        self._handlers = handlers
        self._on_event = on_event
        self._models: dict[ConId, OptionModel | None] = {}
        self._models_at: datetime | None = None
        self._numbers = iter(range(1, 1 << 62))

    @property
    def now(self) -> datetime:
        return self.world.now

    # ── clients

    def connect(self) -> ClientSession:
        """A connection was accepted."""
        session = ClientSession(next(self._numbers), self.settings.messages_per_second)
        session.is_silent = self.link.is_silent
        if self.link.closes_after_accept:
            session.ending = "scenario: accepts, then closes"
        self.sessions[session.number] = session
        return session

    def disconnected(self, session: ClientSession) -> None:
        """The connection is gone, whoever ended it. Orders stay as they are."""
        if self.sessions.pop(session.number, None) is not None:
            session.stop_all()
            if self.pace is not None:
                self.pace.leave(session)
            logger.debug("sim: {} disconnected", session.name)

    def client(self, client_id: int) -> ClientSession | None:
        """The started session with this id."""
        return next((s for s in self.started() if s.client_id == client_id), None)

    def started(self) -> Iterator[ClientSession]:
        return (session for session in list(self.sessions.values()) if session.is_started)

    def end(self, session: ClientSession, why: str) -> None:
        """Close this client's connection once what was said to it is sent."""
        if session.ending is None:
            session.ending = why
            session.stop_all()
            logger.info("sim: closing {}: {}", session.name, why)

    def cut(self, session: ClientSession, why: str) -> None:
        """Drop the connection with whatever was not sent yet."""
        self.end(session, why)
        session.drop_outbox()

    def receive(
        self, session: ClientSession, data: bytes, came: tuple[datetime, datetime] | None = None
    ) -> None:
        """Bytes from a client; b"" says it closed its end. ``came``: between which instants of the clock; None for now."""
        self._came = came
        if session.ending is not None or session.is_silent:
            return
        session.connection.receive_data(data)
        while session.ending is None and self._next_request(session):
            pass
        self.do_what_is_due()

    def _next_request(self, session: ClientSession) -> bool:
        try:
            event = session.connection.next_event()
        except RemoteProtocolError as error:
            self._on_bad_message(session, error)
            return True
        match event:
            case None:
                return False
            case ClientHello():
                session.put(session.connection.accept(self._greeting()))
            case Closed():
                self.end(session, "the client closed")
            case WireMessage():
                self.received(session, event)
        return True

    def _greeting(self) -> str:
        return f"{self.shown_time().astimezone(NEW_YORK):%Y%m%d %H:%M:%S %Z}"

    def shown_time(self) -> datetime:
        """The gateway's clock, which a scenario may set wrong."""
        return self.now + self.link.clock_skew

    def _on_bad_message(self, session: ClientSession, error: RemoteProtocolError) -> None:
        if not error.recoverable or not session.is_started:
            logger.warning("sim: {} broke the protocol: {}", session.name, error)
            self.end(session, f"protocol error: {error}")
            return
        req_id = NO_ID if error.request_id is None else error.request_id
        is_unknown = error.kind is None and error.message_id is not None
        cause = f"unknown message id {error.message_id}" if is_unknown else str(error)
        self.error(session, req_id, 320, f"Error reading request:{_one_line(cause)}")

    def received(self, session: ClientSession, message: WireMessage) -> None:
        """One request: rates and faults first, then its handler."""
        session.messages_received += 1
        if not self._within_rate(session):
            return
        for late in self.faults.incoming(session.client_id, message.kind):
            delay = late + self.settings.answer_delay
            if delay:
                self.timers.at(self.now + delay, partial(self._handle_late, session, message))
            else:
                self._handle(session, message)

    def _within_rate(self, session: ClientSession) -> bool:
        earliest, read_at = self._came or (None, self.now)
        rate = session.rate.count_one(read_at, earliest)
        if rate is Rate.NEAR:
            text = f"Warning: Approaching max rate of {self.settings.messages_per_second} messages per second"
            self.error(session, NO_ID, 0, f"{text} ({session.rate.count})")
        if rate is Rate.OVER:
            self.error(session, NO_ID, 100, "Max rate of messages per second has been exceeded")
            self.end(session, "too many messages a second")
        return rate is not Rate.OVER

    def _handle(self, session: ClientSession, message: WireMessage) -> None:
        if session.ending is not None:
            return
        handler = self._handlers.get(message.kind)
        if "whatToShow" in message.values:
            # Clients write Trades and trades, and IB answers them all.
            message.values["whatToShow"] = message.values["whatToShow"].strip().upper()
        if session.client_id is None and message.kind != "startApi":
            self.end(session, f"{message.kind} before startApi")
        elif handler is None:
            req_id = message.get("reqId", message.get("orderId", NO_ID))
            self.error(
                session, req_id, 321, f"Error validating request.-'{message.kind}' : cause - Not supported"
            )
        elif self.link.defers(message.kind, is_running=session.is_subscribed(message.get("reqId", NO_ID))):
            self.link.defer(partial(self._handle_late, session, message))
        else:
            self._guard(session, partial(handler, self, session, message), message.kind)

    def _handle_late(self, session: ClientSession, message: WireMessage) -> None:
        """Who asked may be gone meanwhile."""
        if self._is_there(session) or message.kind in FOR_THE_MARKET:
            self._handle(session, message)

    def _is_there(self, session: ClientSession) -> bool:
        return session.ending is None and session.number in self.sessions

    def _guard(self, session: ClientSession | None, action: Callable[[], None], what: str) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - one client's request must not end the others; kept, and raised by the owner
            logger.opt(exception=error).error("sim: a bug in {}", what)
            self.failures.append(f"{what}: {error!r}")
            if session is not None:
                self.end(session, f"internal error in {what}")

    def answer_in_slices(self, session: ClientSession, work: Generator[None, None, None], what: str) -> None:
        """Make a long answer piece by piece (see ``slices``); a bug in a piece ends this client."""

        def guarded() -> Iterator[None]:
            is_over = False

            def one() -> None:
                nonlocal is_over
                is_over = next(work, StopIteration) is StopIteration

            while not is_over:
                self._guard(session, one, what)
                if not self._is_there(session):
                    return
                yield

        self.slices.add(guarded(), lambda: self._is_there(session))
        while self.does_slices_at_once and self.slices:
            self.slices.do_one()

    def soon(self, action: Callable[[], None]) -> None:
        """Now; where a clock drives the gateway, in a moment, with others of the kind a few at a time.

        For what thousands of lines say at one instant: whoever asks something meanwhile does not wait for all of them.
        """
        if self.does_slices_at_once:
            action()
            return
        self._soon.append(action)
        if not self._does_soon:
            self._does_soon = True
            self.slices.add(self._what_is_soon(), lambda: True)

    def _what_is_soon(self) -> Iterator[None]:
        while self._soon:
            for _ in range(min(_AT_ONCE, len(self._soon))):
                self._guard(None, self._soon.popleft(), "a line")
            yield
        self._does_soon = False

    # ── speaking

    def send(self, session: ClientSession, kind: str, **values: Any) -> None:
        """Say something to one client, through the scenario's faults."""
        if session.ending is not None:
            return
        for delay, said, changed in self.faults.outgoing(session.client_id, kind, values):
            if changed is not values and not self._can_be_said(session, said, changed):
                said, changed = kind, values
            if delay:
                self.timers.at(self.now + delay, partial(self._send, session, said, changed))
            else:
                self._send(session, said, changed)
        for action in self.faults.triggered(kind):
            self.timers.at(self.now, action)

    def _can_be_said(self, session: ClientSession, kind: str, values: dict[str, Any]) -> bool:
        """Whether a rewritten message is one; else the scenario's rewriting ends, with a word."""
        try:
            encode(kind, session.version, **values)
        except LocalProtocolError as error:
            logger.error(
                "sim: a scenario rewrote {} into no message: {}; its rules for it end", kind, made_safe(error)
            )
            self.faults.forget(kind)
            return False
        return True

    def _send(self, session: ClientSession, kind: str, values: dict[str, Any]) -> None:
        session.write(kind, values)
        if session.outbox_bytes > self.settings.outbox_limit_bytes:
            self.cut(session, f"slow reader: {session.outbox_bytes} bytes unread")

    def error(self, session: ClientSession, req_id: int, code: int, text: str) -> None:
        at = {}
        if session.version >= _ERROR_TIME_SINCE:
            at["errorTime"] = int(self.shown_time().timestamp() * 1000)
        self.send(session, "error", reqId=req_id, errorCode=code, errorString=text, **at)

    def send_to_all(self, code: int, text: str) -> None:
        """A system message (id -1) to every client."""
        for session in self.started():
            self.error(session, NO_ID, code, text)

    # ── time

    def advance_to(self, at: datetime) -> None:
        """Let time pass up to and including ``at``; ValueError when it lies in the past."""
        while self.step(at):
            pass

    def step(self, limit: datetime) -> bool:
        """Go to the next instant at which something happens, at most ``limit``. False once ``limit`` is reached."""
        due_at = self.timers.next_at()
        point = self.world.next_point()
        target = min(limit, point, due_at or limit)
        self.apply(self.world.advance_to(max(target, self.now)))
        self.do_what_is_due()
        return self.now < limit

    def do_what_is_due(self) -> None:
        """Keep the promises whose instant has come."""
        while (action := self.timers.pop_due(self.now)) is not None:
            self._guard(None, action, "a timer")

    def apply(self, events: list[Any]) -> None:
        """Tell the clients what happened in the world."""
        for event in events:
            self._guard(None, partial(self._on_event, self, event), type(event).__name__)

    def model(self, con_id: ConId) -> OptionModel | None:
        """An option's model values now, worked out once however many clients are told."""
        if self._models_at != self.now:
            self._models_at, self._models = self.now, {}
        if con_id not in self._models:
            self._models[con_id] = self.world.model(con_id)
        return self._models[con_id]

    def books(self) -> Any:
        return self.world.books()


def _one_line(text: str) -> str:
    return text.replace("\0", " ").replace("\n", " ")[:200]
