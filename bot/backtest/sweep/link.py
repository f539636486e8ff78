"""A Dask scheduler that answered once, for the length of a sweep: asked whether anybody is there to work, sent the data, given
combinations.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from bot.backtest.sweep.build import build_mark
from bot.backtest.sweep.parcel import pack
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, Unplayed
from bot.domain.errors import FixTheMachine

_LOOK_S: Final = 5.0
"""Between two questions to the scheduler: whether it is there, and has workers."""
_PATIENCE_S: Final = 30.0
"""So long it may leave a question without an answer, or have no workers: one that was killed is started again within it."""
LOST: Final = "what was found is kept: the same command goes on, there or without --scheduler"


class Link:
    """A scheduler that answered once."""

    def __init__(self, client: Any, scheduler: str, tell: Callable[[str], None]) -> None:
        self.client, self._scheduler, self._tell = client, scheduler, tell
        self._worker = import_module("bot.backtest.sweep.delivery")
        self._name, self._play = self._worker.name_for(client.id), self._worker.player()
        self._is_sent = False
        self._left_out = set[str]()
        self._looked_s = self._had_workers_s = time.monotonic()

    def look(self, patience_s: float = _PATIENCE_S) -> None:
        """Ask, if it is time, whether anybody is there to work. Raises FixTheMachine."""
        now_s = time.monotonic()
        if patience_s and now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        if self._workers():
            self._had_workers_s = now_s
        elif now_s - self._had_workers_s >= patience_s:
            since = f" for {patience_s:.0f} s, and {LOST}" if patience_s else ""
            raise FixTheMachine(
                f"--scheduler {self._scheduler}: it has no workers{since}; start some: dask worker {self._scheduler}"
            )

    def send(self, job: Job) -> None:
        """To every worker there is and will be, once. Raises FixTheMachine where there is none, or they cannot be reached."""
        if self._is_sent:
            return
        self.look(patience_s=0)
        with suppress(Exception):  # a scheduler that runs nothing for others, or is of another Python
            self.client.run_on_scheduler(self._worker.keeper(self._name, self.client.id))
        self._is_sent = True
        try:
            self.client.register_plugin(self._worker.delivery(self._name, pickle.dumps(pack(job))))
        except (CancelledError, OSError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  whatever a worker said, as Dask tells it
            raise self._unreadable(error) from None

    def submit(self, wanted: Sequence[Changes]) -> list[Any]:
        """Combinations to be played, by who is not left out as long as there is anybody."""
        fit = {*self._workers()} - self._left_out if self._left_out else ()
        where = {"workers": [*fit], "allow_other_workers": True} if fit else {}
        ask, build = self.client.submit, build_mark()
        return [ask(self._play, self._name, build, changes, pure=False, **where) for changes in wanted]

    def submit_again(self, unplayed: Sequence[Unplayed]) -> list[Any]:
        """What came back from workers that cannot play: they are left out. Raises FixTheMachine where all are."""
        found = {address: why for _, address, why in unplayed}
        if not {*self._workers()} - self._left_out - {*found}:
            address, why = next(iter(found.items()))
            raise FixTheMachine(
                f"--scheduler {self._scheduler}: none of its workers can play, as {address}: {why}; install the "
                f"ibkr-options-bot[cluster] of this machine there; {LOST}"
            )
        for address in found.keys() - self._left_out:
            self._tell(f"--scheduler {self._scheduler}: the worker {address} is left out: {found[address]}")
        self._left_out |= found.keys()
        return self.submit([changes for changes, _, _ in unplayed])

    def close(self) -> None:
        """A scheduler that runs nothing for others would keep what it was sent for whoever comes."""
        if self._is_sent and self.answers():
            with suppress(CancelledError, OSError, TimeoutError):
                self.client.unregister_worker_plugin(self._name)
        self.client.close(timeout=2)

    def result(self, future: Any) -> Trial | Unplayed:
        """What a worker found. Raises FixTheMachine where it could not read what it should do."""
        try:
            found: Trial | Unplayed = future.result(timeout=_PATIENCE_S)
        except (ImportError, AttributeError, RuntimeError) as error:
            raise self._unreadable(error) from None
        return found

    def _unreadable(self, error: Exception) -> FixTheMachine:
        return FixTheMachine(
            f"--scheduler {self._scheduler}: it or its workers cannot read what they are sent ({short(error)}); install the "
            "ibkr-options-bot[cluster] of this machine there"
        )

    def answers(self) -> bool:
        """Whether the scheduler is there."""
        try:
            return bool(self._identity(_LOOK_S))
        except (OSError, TimeoutError, CancelledError):
            return False

    def _workers(self) -> Any:
        """By their addresses."""
        return self._identity(_PATIENCE_S)["workers"]

    def _identity(self, patience_s: float) -> Any:
        if self.client.scheduler is None:  # it gave up, and closed itself
            raise OSError(f"no connection to {self._scheduler}")
        return self.client.sync(self.client.scheduler.identity, callback_timeout=patience_s)


def short(error: Exception) -> str:
    return f"{error}".partition("\n")[0][:200] or type(error).__name__
