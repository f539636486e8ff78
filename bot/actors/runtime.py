"""The line, and Pykka actors around its machines. It decides nothing: it forwards what the machines say.

What is DURABLE is committed before anyone hears it; where the machines that decide share a desk (``bot.actors.desk``), before it
leaves that. An exception in a machine is never swallowed: it is journaled
with the message that caused it, and the main thread is told to stop the line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, cast

import pykka

from bot.actors.broker_link import BrokerLink
from bot.actors.inbox import Inbox
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.wiring import DURABLE, EVERY_STRATEGY, Machine, may_be_absent, strategies_among, subscribers

Commit = Callable[[Message], None]
CommitAll = Callable[[Sequence[Message]], None]
"""All of them or none."""
ComponentFailed = Callable[[str, BaseException, object], None]
"""(component, error, the message it was handling)"""


@dataclass(frozen=True, slots=True)
class Ping:
    """A question without content: its answer proves that everything sent before it was handled."""


class Peer(Protocol):
    """What the line asks of an actor, or of whatever takes its place."""

    @property
    def actor_inbox(self) -> Any: ...

    def is_alive(self) -> bool: ...

    def tell(self, message: Any) -> None: ...

    def ask(self, message: Any, *, timeout: float) -> Any: ...

    def stop(self, *, block: bool, timeout: float) -> Any: ...


class Line:
    """All peers by name, and the one way a message leaves a machine."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self.peers: dict[str, Peer] = {}

    def emit(self, message: Message) -> None:
        hearers = self.hearers(message)
        if type(message) in DURABLE:
            self._commit(message)
        for _, peer in hearers:
            peer.tell(message)

    def hearers(self, message: Message) -> list[tuple[str, Peer]]:
        """Who hears it, in the order of its row. Raises RestartTheLine where it has none."""
        found: list[tuple[str, Peer]] = []
        for name in subscribers(message):
            if name == EVERY_STRATEGY:
                found += [(one, self.peers[one]) for one in strategies_among(self.peers)]
            elif name in self.peers or not may_be_absent(name):
                found.append((name, self.peers[name]))
        return found


class MachineActor(pykka.ThreadingActor):
    """Runs one machine. ``handled`` counts messages, so that a barrier can tell rest from motion."""

    # A process that must end is not held up by a component that hangs.
    use_daemon_thread = True

    def __init__(self, name: str, machine: Machine | BrokerLink, line: Line, failed: ComponentFailed) -> None:
        super().__init__()
        self._name = name
        self._machine = machine
        self._line = line
        self._failed = failed
        self._current: object = None
        self.handled = 0

    @staticmethod
    def _create_actor_inbox() -> Any:
        return Inbox()

    def on_start(self) -> None:
        threading.current_thread().name = self._name

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Ping):
            return self.handled
        self._current = message
        self.handled += 1
        for out in self._machine.handle(message):
            self._line.emit(out)
        return None

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002  Pykka's signature
        exception_value: BaseException | None,
        traceback: TracebackType | None,  # noqa: ARG002  Pykka's signature
    ) -> None:
        self._failed(self._name, exception_value or RuntimeError("unknown failure"), self._current)


def start_actor(name: str, machine: Machine | BrokerLink, line: Line, failed: ComponentFailed) -> None:
    """Start one peer and let the line know it."""
    line.peers[name] = cast(Peer, MachineActor.start(name, machine, line, failed))


PATIENCE_SLICE_S = 0.5


def ping_component(line: Line, timeout_s: float) -> int:
    """Ask every peer in turn; the sum of messages handled so far. Raises pykka.Timeout or ActorDeadError."""
    return sum(_pinged(ref, timeout_s) for ref in list(line.peers.values()))


def _pinged(peer: Peer, timeout_s: float) -> int:
    """Asked slice by slice: while the whole process is stopped (a suspended machine, SIGSTOP) the wall's time goes on and
    nobody could answer, so that costs one slice of patience and not all of it."""
    left_s = timeout_s
    while True:
        try:
            return int(peer.ask(Ping(), timeout=min(left_s, PATIENCE_SLICE_S)))
        except pykka.Timeout:
            left_s -= PATIENCE_SLICE_S
            if left_s <= 0:
                raise


def settle(line: Line, timeout_s: float = 30.0) -> None:
    """Return when no peer has anything left to do: two full rounds of answers without a message between them."""
    before = -1
    while (now := ping_component(line, timeout_s)) != before:
        before = now


def waiting(line: Line) -> dict[str, int]:
    """How many messages each peer has still to handle. Asks nobody; may be called from any thread."""
    return {name: int(ref.actor_inbox.qsize()) for name, ref in list(line.peers.items())}


def stop(line: Line, order: Iterable[str], timeout_s: float) -> None:
    """Stop the peers named, each after it has handled what it was sent. Dead ones are passed over, and one that hangs
    is left behind."""
    for name in order:
        ref = line.peers.get(name)
        if ref is not None and ref.is_alive():
            with suppress(pykka.Timeout):
                ref.stop(block=True, timeout=timeout_s)


def failure(component: str, error: BaseException, message: object, at: datetime) -> m.MachineFailed:
    """The last entry of a line that stopped."""
    return m.MachineFailed(at, component, f"{type(error).__name__}: {error}", repr(message)[:2000])
