"""A scripted gateway: a real TCP server that speaks the wire protocol, answers what its table says, and can be told to
misbehave. It trades nothing; whatever an order becomes, the test says.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bot.broker.connection.settings import BrokerSettings, PacingLimits
from bot.broker.ibkr import IbkrBroker
from bot.domain.messages import Message
from bot.wire import ClientHello, Closed, Connection, RemoteProtocolError, Role, WireMessage

ACCOUNT = "DU1234567"
NOW = datetime(2011, 1, 7, 15, 0, tzinfo=UTC)
TIMEOUT_S = 60.0
LIBRARIES = ("ib_insync", "ib_async")

Said = list[tuple[str, dict[str, Any]]]
Answer = Callable[[WireMessage], Said]


def one(kind: str, **values: Any) -> Said:
    return [(kind, values)]


def error(request_id: int, code: int, text: str = "as scripted") -> Said:
    return one("error", reqId=request_id, errorCode=code, errorString=text)


class Heard:
    """An append-only list that can be waited on."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._changed = threading.Condition()

    def add(self, item: Any) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def all(self) -> list[Any]:
        with self._changed:
            return list(self._items)

    def of(self, kind: type) -> list[Any]:
        return [item for item in self.all if isinstance(item, kind)]

    def wait(self, wanted: Callable[[Any], bool], count: int = 1) -> Any:
        """The ``count``-th item that is wanted. Fails the test when it does not come."""

        def found() -> list[Any]:
            return [item for item in self._items if wanted(item)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, TIMEOUT_S), (
                f"not heard: {self._items}"
            )
            return found()[count - 1]

    def wait_for(self, kind: type, count: int = 1) -> Any:
        return self.wait(lambda item: isinstance(item, kind), count)


class ScriptedGateway:
    """One client at a time. ``answers`` maps a request's kind to what is said back; tests replace entries."""

    def __init__(self) -> None:
        self.accounts = ACCOUNT
        self.next_id = 1
        self.greeting = "speak"
        """Or ``silent``: accept and say nothing; ``close``: accept and close; ``in_use``: error 326 and close."""
        self.received = Heard()
        self.answers: dict[str, Answer] = dict(_DEFAULTS)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._client: socket.socket | None = None
        self._connection = Connection(Role.SERVER)
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def say(self, kind: str, **values: Any) -> None:
        self._write([(kind, values)])

    def drop_client(self) -> None:
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):  # it left by itself
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # close() alone leaves a blocked accept() waiting.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop_client()
        self._thread.join(TIMEOUT_S)

    def requests(self, kind: str) -> list[WireMessage]:
        return [message for message in self.received.all if message.kind == kind]

    def wait_request(self, kind: str, count: int = 1) -> WireMessage:
        found: WireMessage = self.received.wait(lambda message: message.kind == kind, count)
        return found

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client, contextlib.suppress(OSError):
                self._client = client
                self._serve(client)
            self._client = None

    def _serve(self, client: socket.socket) -> None:
        connection = self._connection = Connection(Role.SERVER)
        if self.greeting == "close":
            return
        while True:
            try:
                data = client.recv(65536)
            except OSError:
                return
            connection.receive_data(data)
            try:
                while (event := connection.next_event()) is not None:
                    if isinstance(event, Closed):
                        return
                    if self.greeting != "silent" and not self._hear(client, event):
                        return
            except RemoteProtocolError:
                return

    def _hear(self, client: socket.socket, event: Any) -> bool:
        if isinstance(event, ClientHello):
            client.sendall(self._connection.accept("20110107 10:00:00 EST"))
            return True
        self.received.add(event)
        if event.kind == "startApi" and self.greeting == "in_use":
            self._write(error(-1, 326, "Unable to connect as the client id is already in use."))
            return False
        if event.kind == "startApi":
            self._write(one("managedAccounts", accountsList=self.accounts))
            self._write(one("nextValidId", orderId=self.next_id))
        elif event.kind in self.answers:
            self._write(self.answers[event.kind](event))
        return True

    def _write(self, said: Said) -> None:
        client = self._client
        with self._sending:
            for kind, values in said:
                frame = self._connection.send(kind, **values)
                if client is not None:
                    client.sendall(frame)


def _account(_: WireMessage) -> Said:
    return [
        (
            "updateAccountValue",
            {"key": "NetLiquidation", "value": "25000.50", "currency": "USD", "accountName": ACCOUNT},
        ),
        ("accountDownloadEnd", {"accountName": ACCOUNT}),
    ]


_DEFAULTS: dict[str, Answer] = {
    "reqCurrentTime": lambda _: one("currentTime", time=int(NOW.timestamp())),
    "reqOpenOrders": lambda _: one("openOrderEnd"),
    "reqAllOpenOrders": lambda _: one("openOrderEnd"),
    "reqCompletedOrders": lambda _: one("completedOrdersEnd"),
    "reqExecutions": lambda x: one("execDetailsEnd", reqId=x.reqId),
    "reqPositions": lambda _: one("positionEnd"),
    "reqAccountUpdates": _account,
}


def settings(port: int, **changes: Any) -> BrokerSettings:
    """Quick and unpaced; what a test is about, it changes."""
    quick: dict[str, Any] = {
        "port": port,
        "client_id": 7,
        "connect_timeout_wall_s": 0.5,
        "request_timeout_s": 1.0,
        "history_timeout_s": 0.5,
        "heartbeat_timeout_s": 2.0,
        "shortest_deadline_wall_s": 0.2,
        "retry_first_s": 0.02,
        "retry_most_s": 0.1,
        "quote_interval_s": 0.0,
        "pacing": PacingLimits(messages_per_s=100_000, identical_after_s=0.0, same_contract_per_2s=1000),
    }
    return BrokerSettings(**quick | changes)


@contextlib.contextmanager
def running(
    gateway: ScriptedGateway,
    library: str = "ib_insync",
    *,
    now: datetime = NOW,
    speed: float = 1.0,
    **changes: Any,
) -> Iterator[tuple[IbkrBroker, Heard]]:
    """A started adapter and everything it tells; stopped at the end."""
    facts = Heard()
    broker = IbkrBroker(settings(gateway.port, **changes), lambda: now, speed=speed, library=library)
    tell: Callable[[Message], None] = facts.add
    broker.start(tell)
    try:
        yield broker, facts
    finally:
        broker.stop(TIMEOUT_S)
