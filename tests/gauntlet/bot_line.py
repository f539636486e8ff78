"""One life of the whole bot: journal on disk, memory, line, socket. It can be stopped, or killed, and lived again.

Built from the parts the composition root uses, in its order; what differs is that the test moves the clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pykka

from bot.actors.runtime import ping_component, settle
from bot.actors.supervisor import Parts, Supervisor
from bot.assembly.machines import make_machines
from bot.broker.connection.settings import BrokerSettings
from bot.broker.dry_run import DryRunPort
from bot.broker.ibkr import IbkrBroker
from bot.config import Settings, hand_down
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.port import BrokerPort
from bot.journal.listener import JournalListener
from bot.journal.recover import open_journal, order_id_floor, restore_state
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.alerts.alert import Alert
from bot.ops.alerts.events import Alerts
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.loopback.dry_run_journal import REPLAYED_KINDS
from bot.sim.loopback.loopback import DryRunExchange
from bot.wiring import ALERTS, BOARD, DURABLE, JOURNAL, Machine
from tests.live_line.lines import NO_PACING

T = TypeVar("T")
TIMEOUT_S = 240.0


class Killed(Exception):
    """The process died: nothing more reaches the disk or the wire."""


@dataclass
class Heard:
    """Everything said in the line that the journal or the board hears, over all lives, with the wall's time."""

    log: list[tuple[float, Message]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, message: Message) -> None:
        with self.lock:
            self.log.append((time.monotonic(), message))

    def all(self, kind: type[T]) -> list[T]:
        return [x for _, x in list(self.log) if isinstance(x, kind)]

    def last(self, kind: type[T]) -> T:
        found = self.all(kind)
        assert found, f"no {kind.__name__} was said"
        return found[-1]

    def reconcile_s(self) -> float | None:
        """The longest wait, on the wall, from a connection (or a line restored) to the agreement after it."""
        worst, since = None, None
        for at, message in self.log:
            opens = isinstance(message, b.BrokerConnected) or (
                isinstance(message, b.LinkChanged) and message.code in (1101, 1102)
            )
            if opens and since is None:
                since = at
            elif isinstance(message, m.Reconciled) and since is not None:
                worst, since = max(worst or 0.0, at - since), None
            elif isinstance(message, b.BrokerDisconnected):
                since = None
        return worst


class Ear:
    """In front of the board: notes what is said, then lets the board hear it."""

    def __init__(self, board: StatusBuilder, heard: Heard) -> None:
        self._board, self._heard = board, heard

    def handle(self, message: Message) -> Iterator[Message]:
        if type(message) not in DURABLE and not isinstance(message, m.TimePassed | m.QuoteUpdated):
            self._heard.add(message)
        yield from self._board.handle(message)

    def remember(self, message: Message) -> None:
        self._board.remember(message)


@dataclass
class Life:
    """From start to stop or kill."""

    settings: Settings
    directory: Path
    broker_settings: BrokerSettings
    heard: Heard
    now: Callable[[], datetime]
    strategies: Callable[[], dict[str, Machine]]
    told: list[Alert] = field(default_factory=list)
    """What a person was told, over all lives."""

    def __post_init__(self) -> None:
        self.journal, self.repair = open_journal(self.directory / JOURNAL_FILE, self.now)
        self.board = StatusBuilder(self.settings.symbols)
        machines: dict[str, Machine] = {
            JOURNAL: JournalListener(self.journal),
            BOARD: Ear(self.board, self.heard),
            ALERTS: Alerts(self.told.append),
            **make_machines(self.settings, 1.0),
            **self.strategies(),
        }
        restore_state(self.journal, machines)
        self.broker = IbkrBroker(
            replace(self.broker_settings, order_id_floor=order_id_floor(self.journal) + 1), now=self.now
        )
        port: BrokerPort = self.broker
        if self.settings.dry_run:
            exchange = DryRunExchange()
            for row in self.journal.living(REPLAYED_KINDS):
                exchange.remember(row.message)
            port = DryRunPort(self.broker, exchange, self.now)
        self.is_dead = False
        self.supervisor = Supervisor(
            Parts(
                machines=machines,
                port=port,
                commit=self._commit,
                commit_all=self._commit_all,
                record=self.journal.record,
                now=self.now,
                tick_s=1e6,
                first_message=m.LineStarted(
                    self.now(), "test", self.settings.mode, self.settings.dry_run, self.settings.symbols
                ),
            )
        )

    def _commit(self, message: Message) -> None:
        self._commit_all((message,))

    def _commit_all(self, messages: Sequence[Message]) -> None:
        if self.is_dead:
            raise Killed
        self.journal.commit_all(messages)
        for message in messages:
            self.heard.add(message)

    def start(self) -> None:
        self.supervisor.start()

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.supervisor.line.emit(message)

    def handled(self) -> int:
        """Let the actors come to rest; how many messages they have handled in all."""
        if self.supervisor.failed is None:
            with suppress(pykka.ActorDeadError):
                settle(self.supervisor.line, TIMEOUT_S)
                return ping_component(self.supervisor.line, TIMEOUT_S)
        return -1

    def stop(self) -> None:
        """As a person's Ctrl-C."""
        self.supervisor.request_stop("test")
        self.supervisor.stop()
        self.journal.close()

    def kill(self) -> None:
        """As SIGKILL: what is not committed is gone, the socket breaks, nobody says good-bye."""
        self.is_dead = True
        self.broker.stop(5.0)
        for ref in self.supervisor.line.peers.values():
            with suppress(pykka.ActorDeadError):
                ref.stop(block=True, timeout=5.0)
        self.journal._db.close()


def quick(settings: Settings, port: int, **changes: object) -> BrokerSettings:
    """The adapter's time_scale, shortened: the simulated clock stands still while it waits on the wall's."""
    values: dict[str, object] = {
        "port": port,
        "quote_interval_s": 0.0,
        "pacing": NO_PACING,
        "retry_first_s": 0.05,
        "retry_most_s": 0.1,
        "request_timeout_s": 8.0,
        "history_timeout_s": 8.0,
        "shortest_deadline_wall_s": 1.0,
        "connect_timeout_wall_s": 5.0,
        **changes,
    }
    return replace(hand_down.broker_settings(settings), **values)  # type: ignore[arg-type]  # a table of overrides


def rows_on_disk(directory: Path, now: Callable[[], datetime]) -> list[Message]:
    """What the journal holds, for whoever compares it with the broker's books."""
    journal = Journal(directory / JOURNAL_FILE, now)
    try:
        return [row.message for row in journal.rows()]
    finally:
        journal.close()
