"""Trials on an existing Dask cluster. However it ends (scheduler, workers or network gone), it is one line, and what was found
is kept: the same command goes on, there or here.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from bot.backtest.sweep.parcel import pack
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial
from bot.domain.errors import FixTheCommand, FixTheMachine

_SCHEMES: Final = ("tcp", "tls", "ws", "wss", "ucx")
_CONNECT_S: Final = 10
_LOOK_S: Final = 5.0
"""Between two questions to the scheduler: whether it is there, and has workers."""
_PATIENCE_S: Final = 30.0
"""So long it may leave a question without an answer, or have no workers: one that was killed is started again within it."""
_LOST: Final = "what was found is kept: the same command goes on, there or without --scheduler"


class OnCluster:
    """A cluster for the length of a sweep, however many rounds it has: it is called on, and sent the data, for the first."""

    def __init__(self, job: Job, scheduler: str) -> None:
        """FixTheCommand for no address."""
        _check_address(scheduler)
        self._job, self._scheduler = job, scheduler
        self._cluster: _Cluster | None = None

    def __call__(self, wanted: Sequence[Changes]) -> Generator[Trial]:
        """Trials as they come. Raises FixTheMachine with what became of the cluster."""
        try:
            distributed = import_module("distributed")
        except ModuleNotFoundError:
            raise FixTheMachine("--scheduler needs Dask: pip install 'ibkr-options-bot[cluster]'") from None
        if self._cluster is None:
            self._cluster = _Cluster(_connect(distributed, self._scheduler), self._scheduler)
        try:
            yield from _trials(self._cluster, distributed, self._job, wanted)
        except (CancelledError, OSError, TimeoutError):
            what = "its workers were lost" if self._cluster.answers() else "it does not answer any more"
            raise FixTheMachine(f"--scheduler {self._scheduler}: {what}; {_LOST}") from None
        except distributed.scheduler.KilledWorker as error:
            raise FixTheMachine(
                f"--scheduler {self._scheduler}: its workers were killed again and again (out of memory?), the last "
                f"{error.last_worker.address}; {_LOST}"
            ) from None

    def close(self) -> None:
        """Let go of the cluster, and have it let go of the data."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()


def _connect(distributed: Any, scheduler: str) -> Any:
    # What Dask logs of a lost connection, with tracebacks, is said here in a line.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            # Other versions are told of in a table, and do well as a rule; where they do not, the line below says it.
            warnings.simplefilter("ignore")
            return distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise FixTheMachine(f"--scheduler {scheduler}: {_short(error)}") from None
    except Exception as error:  # noqa: BLE001  whatever a scheduler of another time says to a question it does not know
        raise FixTheMachine(
            f"--scheduler {scheduler}: it has another Dask than this machine's {distributed.__version__} ({_short(error)}); "
            "install the same there"
        ) from None


def _check_address(scheduler: str) -> None:
    """FixTheCommand for what is none: Dask would say so in a traceback."""
    try:
        parts = urlsplit(scheduler)
        is_one = bool(parts.scheme in _SCHEMES and parts.hostname and parts.port)
    except ValueError:
        is_one = False
    if not is_one:
        raise FixTheCommand(f"--scheduler {scheduler}: tcp://HOST:PORT is wanted")


def _trials(cluster: _Cluster, distributed: Any, job: Job, wanted: Sequence[Changes]) -> Iterator[Trial]:
    name = cluster.send(job)
    run = import_module("bot.backtest.sweep.delivery").run_delivered
    futures = [cluster.client.submit(run, name, changes, pure=False) for changes in wanted]
    waiting = distributed.as_completed(futures, loop=cluster.client.loop)
    del futures  # a result is let go of on the cluster when it has come
    while waiting.count():
        if not waiting.has_ready():
            time.sleep(0.05)
            cluster.look()
            continue
        for future in waiting.next_batch(block=False):
            yield cluster.result(future)


class _Cluster:
    """A scheduler that answered once."""

    def __init__(self, client: Any, scheduler: str) -> None:
        self.client, self._scheduler = client, scheduler
        self._sent = ""
        self._looked_s = self._had_workers_s = time.monotonic()

    def look(self, patience_s: float = _PATIENCE_S) -> None:
        """Ask, if it is time, whether anybody is there to work. Raises FixTheMachine."""
        now_s = time.monotonic()
        if patience_s and now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        if self._identity(_PATIENCE_S)["workers"]:
            self._had_workers_s = now_s
        elif now_s - self._had_workers_s >= patience_s:
            since = f" for {patience_s:.0f} s, and {_LOST}" if patience_s else ""
            raise FixTheMachine(
                f"--scheduler {self._scheduler}: it has no workers{since}; start some: dask worker {self._scheduler}"
            )

    def send(self, job: Job) -> str:
        """To every worker there is and will be, once; the name they find it by.

        Raises FixTheMachine where there is none, or they cannot read it.
        """
        if self._sent:
            return self._sent
        self.look(patience_s=0)
        delivery = import_module("bot.backtest.sweep.delivery").DataDelivery(pack(job))
        try:
            self.client.register_plugin(delivery)
        except (CancelledError, OSError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001  whatever a worker said, as Dask tells it
            raise self._unreadable(error) from None
        self._sent = f"{delivery.name}"
        return self._sent

    def close(self) -> None:
        """The scheduler would keep what it was sent for whoever comes."""
        if self._sent and self.answers():
            with suppress(CancelledError, OSError, TimeoutError):
                self.client.unregister_worker_plugin(self._sent)
        self.client.close(timeout=2)

    def result(self, future: Any) -> Trial:
        """What a worker found. Raises FixTheMachine where it could not read what it should do."""
        try:
            trial: Trial = future.result(timeout=_PATIENCE_S)
        except (ImportError, AttributeError, RuntimeError) as error:
            raise self._unreadable(error) from None
        return trial

    def _unreadable(self, error: Exception) -> FixTheMachine:
        return FixTheMachine(
            f"--scheduler {self._scheduler}: it or its workers cannot read what they are sent ({_short(error)}); install the "
            "ibkr-options-bot[cluster] of this machine there"
        )

    def answers(self) -> bool:
        """Whether the scheduler is there."""
        try:
            return bool(self._identity(_LOOK_S))
        except (OSError, TimeoutError, CancelledError):
            return False

    def _identity(self, patience_s: float) -> Any:
        if self.client.scheduler is None:  # it gave up, and closed itself
            raise OSError(f"no connection to {self._scheduler}")
        return self.client.sync(self.client.scheduler.identity, callback_timeout=patience_s)


def _short(error: Exception) -> str:
    return f"{error}".partition("\n")[0][:200] or type(error).__name__
