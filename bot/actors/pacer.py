"""The clock of a simulated day in lock-step: it lets the market's time go on when the line has handled everything.

One thread takes the actors' turns and asks for the time, so a step of the market is handled whole, with every order and
answer that follows from it, before the next one exists.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from pykka import ActorDeadError

from bot.actors.turns import Turns
from bot.domain.messages import Message, TimePassed
from bot.domain.types import Now

_RETRY_S = 0.05
"""How often a lost connection is looked at."""
PACER = "pacer"


class PacedPort(Protocol):
    """What lock-step needs of the broker's adapter."""

    @property
    def is_connected(self) -> bool: ...

    def rest(self) -> None:
        """Carry out what it was sent and return when nothing is left to be told or answered."""

    def let_time_go_on(self) -> Future[datetime | None]:
        """The market's next instant, when everything up to it has been told; None when the connection was lost."""


class Pacer:
    """``is_over`` is asked when all that came of a step has been handled: time goes no further then."""

    def __init__(
        self,
        turns: Turns,
        port: PacedPort,
        now: Now,
        emit: Callable[[Message], None],
        failed: Callable[[str, BaseException, object], None],
        is_over: Callable[[], bool],
    ) -> None:
        self._turns, self._port, self._now, self._emit = turns, port, now, emit
        self._failed, self._is_over = failed, is_over
        self._has_ended = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Afterwards whoever called takes the turns."""
        self._stopped.set()
        self._turns.came.set()
        if self._thread.is_alive():
            self._thread.join()
        self._turns.adopt()

    def _run(self) -> None:
        self._turns.adopt()
        try:
            self._keep_going()
        except ActorDeadError:
            pass  # a dead peer has already told the main thread why
        except Exception as error:  # noqa: BLE001  never swallowed: it stops the line
            self._failed(PACER, error, "a step of the market")
        # Whoever asks the line something must be answered until somebody else takes the turns.
        while not self._stopped.is_set():
            self._turns.came.wait()
            self._turns.work_off()

    def _keep_going(self) -> None:
        while not (self._has_ended or self._stopped.is_set()):
            if self._port.is_connected:
                self._step()
            else:
                self._turns.came.wait(_RETRY_S)
                self._turns.work_off()

    def _step(self) -> None:
        self._rest()
        self._emit(TimePassed(self._now()))
        self._rest()
        self._has_ended = self._is_over()
        if not (self._has_ended or self._stopped.is_set()):
            self._wait_for(self._port.let_time_go_on())

    def _rest(self) -> None:
        """The line, then the adapter, then what that told the line, until nothing moves."""
        while not self._stopped.is_set():
            self._turns.work_off()
            self._port.rest()
            if not self._turns.has_work:
                return

    def _wait_for(self, step: Future[datetime | None]) -> None:
        """Until the time has come; a person's command does not wait for it."""
        step.add_done_callback(lambda _: self._turns.came.set())
        while not step.done() and not self._stopped.is_set():
            self._turns.came.wait()
            if not step.done():
                self._turns.work_off()
        if step.done() and not step.cancelled():
            step.result()
