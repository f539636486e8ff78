"""Plans that are played in processes made of this one, with all that this one has read; their outcomes come back over pipes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Final, TypeAlias

from bot.backtest.exact.run import Progress, nobody
from bot.backtest.outcome import Outcome
from bot.backtest.worker import begin_worker, deaf_to_ctrl_c, processors
from bot.domain.errors import FixTheMachine

Play: TypeAlias = Callable[[Progress], Outcome]
_KILLED: Final = "a process of the backtest was killed (out of memory?); with --no-spreads it needs one process instead of three"


class Elsewhere:
    """One of them. OSError where no process can be made."""

    def __init__(self, run: Play) -> None:
        fork = multiprocessing.get_context("fork")
        self.pipe, tell = fork.Pipe(duplex=False)
        self._run, self._process = run, fork.Process(target=_play, args=(run, tell), daemon=True)
        self._outcome: Outcome | None = None
        self.is_over = False
        with tell:
            self._process.start()

    def look(self, step: Progress) -> None:
        """Tell of the sessions that it has come through, without waiting for more."""
        while not self.is_over and self.pipe.poll():
            self.take(step)

    def take(self, step: Progress) -> None:
        """Wait for what it says next: a session, or its outcome. FixTheMachine where it was killed."""
        try:
            told = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            if (self._process.exitcode or 0) < 0:
                raise FixTheMachine(_KILLED) from None
            self.is_over = True
            return
        if isinstance(told, Outcome):
            self._outcome, self.is_over = told, True
        else:
            step(told)

    def outcome(self) -> Outcome:
        """When it is over. One that failed is played again here, and so fails as if it had never been elsewhere."""
        return self._run(nobody) if self._outcome is None else self._outcome

    def end(self) -> None:
        """At once, be it over or not."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


@contextmanager
def begun_elsewhere(runs: Sequence[Play]) -> Iterator[list[Elsewhere]]:
    """As many of these as processes can be made for, from the first on; none where one processor is all there is.

    All of them at once, be there fewer processors: so none rests while two runs are left.
    """
    begun: list[Elsewhere] = []
    may_fork = processors() > 1 and "fork" in multiprocessing.get_all_start_methods()
    try:
        with suppress(OSError), deaf_to_ctrl_c():
            for run in runs if may_fork else ():
                begun.append(Elsewhere(run))  # noqa: PERF401  those before one that cannot be made are kept
        yield begun
    finally:
        for one in begun:
            one.end()


def outcomes_of(all_of_them: Sequence[Elsewhere], step: Progress) -> list[Outcome]:
    """In their order, when the last of them is over."""
    while waiting := [x for x in all_of_them if not x.is_over]:
        ready = wait([x.pipe for x in waiting])
        for one in waiting:
            if one.pipe in ready:
                one.take(step)
    return [x.outcome() for x in all_of_them]


def _play(run: Play, tell: Connection) -> None:
    begin_worker()
    with suppress(Exception):  # it is played again where that can be told
        tell.send(run(tell.send))
