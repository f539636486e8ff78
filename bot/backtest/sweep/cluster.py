"""Trials on an existing Dask cluster. However it ends (scheduler, workers or network gone), it is one line, and what was found
is kept: the same command goes on, there or here.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from bot.backtest.sweep.link import LOST, Link, short
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, Unplayed
from bot.domain.errors import FixTheCommand, FixTheMachine

_SCHEMES: Final = ("tcp", "tls", "ws", "wss", "ucx")
_CONNECT_S: Final = 10


class OnCluster:
    """A cluster for the length of a sweep, however many rounds it has: it is called on, and sent the data, for the first."""

    def __init__(self, job: Job, scheduler: str, tell: Callable[[str], None]) -> None:
        """``tell``: told in a line of each worker that cannot play, and is left out. FixTheCommand for no address."""
        _check_address(scheduler)
        self._job, self._scheduler, self._tell = job, scheduler, tell
        self._link: Link | None = None

    def __call__(self, wanted: Sequence[Changes]) -> Generator[Trial]:
        """Trials as they come. Raises FixTheMachine with what became of the cluster."""
        try:
            distributed = import_module("distributed")
        except ModuleNotFoundError:
            raise FixTheMachine("--scheduler needs Dask: pip install 'ibkr-options-bot[cluster]'") from None
        if self._link is None:
            self._link = Link(_connect(distributed, self._scheduler), self._scheduler, self._tell)
        try:
            yield from _trials(self._link, distributed, self._job, wanted)
        except (CancelledError, OSError, TimeoutError):
            what = "its workers were lost" if self._link.answers() else "it does not answer any more"
            raise FixTheMachine(f"--scheduler {self._scheduler}: {what}; {LOST}") from None
        except distributed.scheduler.KilledWorker as error:
            raise FixTheMachine(
                f"--scheduler {self._scheduler}: its workers were killed again and again (out of memory?), the last "
                f"{error.last_worker.address}; {LOST}"
            ) from None

    def close(self) -> None:
        """Let go of the cluster, and have it let go of the data."""
        link, self._link = self._link, None
        if link is not None:
            link.close()


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
        raise FixTheMachine(f"--scheduler {scheduler}: {short(error)}") from None
    except Exception as error:  # noqa: BLE001  whatever a scheduler of another time says to a question it does not know
        raise FixTheMachine(
            f"--scheduler {scheduler}: it has another Dask than this machine's {distributed.__version__} ({short(error)}); "
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


def _trials(link: Link, distributed: Any, job: Job, wanted: Sequence[Changes]) -> Iterator[Trial]:
    link.send(job)
    # A result is let go of on the cluster when it has come: nobody else here holds its future.
    waiting = distributed.as_completed(link.submit(wanted), loop=link.client.loop)
    while waiting.count():
        if not waiting.has_ready():
            time.sleep(0.05)
            link.look()
            continue
        unplayed = list[Unplayed]()
        for future in waiting.next_batch(block=False):
            found = link.result(future)
            if isinstance(found, Trial):
                yield found
            else:
                unplayed.append(found)
        if unplayed:
            waiting.update(link.submit_again(unplayed))
