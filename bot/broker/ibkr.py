"""The broker port over ib_insync (or ib_async): connects, stays connected, and passes commands and facts.

Everything but ``start``, ``send``, ``settle`` and ``stop`` runs on one io thread. A session is made new for each
connection; what the bot wants survives it and is asked for again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from datetime import datetime

from bot.broker.adapter import Adapter
from bot.broker.connection import library as libraries
from bot.broker.connection.io_thread import IoThread
from bot.broker.connection.pacing import Pacers
from bot.broker.connection.settings import BrokerSettings
from bot.broker.connection.steps import RestingLoop
from bot.domain.clock import SteppedTime
from bot.domain.messages import MachineFailed, Message
from bot.domain.port import Publish


class IbkrBroker:
    """See the module's head.

    ``now`` is the bot's clock and ``speed`` how fast it runs against the wall's; ``library`` is ``ib_insync``, or
    ``ib_async`` whose drop-in compatibility the tests prove. ``stepped`` is the clock of a simulated gateway whose time
    waits: commands are kept for ``rest`` then, and ``let_time_go_on`` moves the clock. ``pacers`` are the process's, None for
    own ones.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        now: Callable[[], datetime],
        *,
        speed: float = 1.0,
        library: str = "ib_insync",
        stepped: SteppedTime | None = None,
        pacers: Pacers | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._speed = speed
        self._library = libraries.load_library(library)
        self._publish: Publish | None = None
        self._adapter: Adapter | None = None
        self._io: IoThread | None = None
        self._stepped = stepped
        self._pacers = pacers
        self._kept: list[Message] = []
        self.make_io: Callable[..., IoThread] = IoThread
        """What runs the event loop; a simulation of the whole bot has one loop for everything, and no thread."""

    def start(self, publish: Publish) -> None:
        """Connect in the background; every fact goes to ``publish``, on the io thread. Raises RuntimeError when started twice."""
        if self._io is not None:
            raise RuntimeError("a broker is started once")
        self._publish = publish
        self._adapter = Adapter(
            self._settings,
            self._library,
            self._now,
            self._speed,
            self._publish_fact,
            self._failed,
            self._stepped,
            self._pacers,
        )
        loop = {} if self._stepped is None else {"new_loop": RestingLoop}
        self._io = self.make_io("ib-io", self._adapter.run, self._failed, **loop)
        self._io.start()

    def send(self, command: Message) -> None:
        """Hand over a command of ``broker_messages``; never blocks. After ``stop`` it is passed over.

        Raises RuntimeError before ``start``.
        """
        if self._io is None or self._adapter is None:
            raise RuntimeError("a broker must be started before it is sent anything")
        adapter = self._adapter
        if self._stepped is None:
            self._io.post(lambda: adapter.dispatch(command))
        else:
            self._kept.append(command)

    def settle(self, timeout_s: float) -> None:
        """Return once everything the gateway had sent before has been told, and it has heard every command.

        For tests, and for a replayed day whose time moves in steps. Raises TimeoutError.
        """
        if self._io is None or self._adapter is None:
            raise RuntimeError("a broker must be started before it can settle")
        future = self._io.run(self._adapter.settle)
        try:
            future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    # ── lock-step ──

    @property
    def is_connected(self) -> bool:
        """A session is open, and BrokerConnected was told."""
        return self._adapter is not None and self._adapter.is_connected

    def rest(self) -> None:
        """Carry out what was sent, and return when nothing is left to be told or answered."""
        commands, self._kept = self._kept, []
        if self._io is None or self._adapter is None or (not commands and self._adapter.is_at_rest()):
            return
        adapter = self._adapter
        self._wait_for(self._io.run(lambda: adapter.rest(commands)))

    def let_time_go_on(self) -> Future[datetime | None]:
        """The market's next instant, once everything up to it was told; None when the connection was lost.

        Raises RuntimeError before ``start``.
        """
        if self._io is None or self._adapter is None:
            raise RuntimeError("a broker must be started before it lets time go on")
        return self._io.run(self._adapter.let_time_go_on)

    @staticmethod
    def _wait_for(done: Future[None]) -> None:
        with suppress(CancelledError):  # the io thread ends
            done.result()

    def stop(self, timeout_s: float) -> None:
        """Disconnect and return once nothing more will be told. Safe at any moment; orders stay as they are."""
        if self._io is not None:
            self._io.stop(timeout_s)
        self._publish = None

    def _publish_fact(self, fact: Message) -> None:
        publish = self._publish
        if publish is not None:
            publish(fact)

    def _failed(self, error: BaseException) -> None:
        """A fault of ours on the io thread: the last thing this line should hear before it stops."""
        where = "".join(traceback.format_exception(error)[-3:])
        self._publish_fact(
            MachineFailed(self._now(), "broker", f"{type(error).__name__}: {error}", where[-2000:])
        )
