"""The bot as a real process that kills itself at a numbered step. Run: ``python -m tests.live_line.mortal PLAN``.

PLAN is JSON: settings as environment variables, signals, ``die_at`` (0: never), ``die_by`` (a signal's number) and
``steps``, a file to which each step is written before it may be the last. A step is every durable commit, before and
after, and every order message on the wire, before and after, from the signal on. Only this module knows of dying; the
bot is the one that is shipped.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ib_insync.client import Client

import bot.app
import bot.assembly.machines
from bot.actors.clock import scaled_now
from bot.assembly.timing import Hooks, Timing
from bot.config import Settings, load_settings
from bot.domain import messages as m
from bot.domain.clock import ScaledTime
from bot.domain.market import Bar
from bot.domain.messages import Message
from bot.domain.types import Direction, Symbol
from bot.journal.store import Journal
from bot.strategies.base import Judgement
from bot.strategies.symbol import Mode, SymbolStrategy, Unfit
from tests.gauntlet.signals import Told, spoken_by

IDLE = (m.EquityMarked, m.DayOpened)
"""Committed by the clock, whatever becomes of an order."""


class Broken(Told):
    """A strategy with a mistake in it."""

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        raise ZeroDivisionError("a mistake in a strategy")


def has_all_quotes(strategy: SymbolStrategy) -> bool:
    is_priced = strategy._spot is not None
    return is_priced and bool(strategy._contracts) and strategy._quotes.keys() >= strategy._contracts.keys()


def no_choice(*_: object) -> Unfit:
    return Unfit("NONE", {})


class Steps:
    """Counts, writes down, and dies."""

    def __init__(self, path: Path, die_at: int, die_by: int) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._die_at, self._die_by = die_at, die_by
        self._count = 0
        self._lock = threading.Lock()
        self.has_begun = False
        self.has_reconciled = False

    def take(self, what: str) -> None:
        if not self.has_begun:
            return
        with self._lock:
            self._count += 1
            self._file.write(what + "\n")
            self._file.flush()
            if self._count == self._die_at:
                os.kill(os.getpid(), self._die_by)


def around_commit(
    steps: Steps, commit_all: Callable[[Journal, Sequence[Message]], None]
) -> Callable[[Journal, Sequence[Message]], None]:
    """A group's rows one by one before its sync, and behind it."""

    def counted(journal: Journal, messages: Sequence[Message]) -> None:
        for message in messages:
            steps.has_begun = steps.has_begun or isinstance(message, m.SignalFired)
            steps.has_reconciled = steps.has_reconciled or isinstance(message, m.Reconciled)
        names = [type(message).__name__ for message in messages if not isinstance(message, IDLE)]
        for name in names:
            steps.take(f"before the commit of {name}")
        commit_all(journal, messages)
        for name in names:
            steps.take(f"after the commit of {name}")

    return counted


def around_send(steps: Steps, name: str, send: Callable[..., Any]) -> Callable[..., Any]:
    def counted(client: Client, *fields: Any) -> Any:
        steps.take(f"before {name}")
        answer = send(client, *fields)
        steps.take(f"after {name}")
        return answer

    return counted


def main(plan: dict[str, Any]) -> int:
    steps = Steps(Path(plan["steps"]), plan["die_at"], plan["die_by"])
    signals = {minute: Direction(direction) for minute, direction in plan["signals"].items()}

    def make_strategy(settings: Settings, symbol: Symbol, *_: object) -> SymbolStrategy:
        if plan["raises"]:
            return SymbolStrategy(symbol, (Broken({}),), Mode(settings.mode), no_choice)
        told = Told(signals)
        strategy = spoken_by(told, symbol, settings)
        # The market's clock does not wait for a slow machine: a signal before the quotes, or before the broker and the
        # bot agree, would be denied, and there would be no trade to die in.
        told.is_ready = lambda: steps.has_reconciled and has_all_quotes(strategy)
        return strategy

    setattr(bot.assembly.machines, "make_strategy", make_strategy)  # noqa: B010  the tests' own strategy, and the steps to die at
    setattr(Journal, "commit_all", around_commit(steps, Journal.commit_all))  # noqa: B010
    for name in ("placeOrder", "cancelOrder"):
        setattr(Client, name, around_send(steps, name, getattr(Client, name)))
    settings = load_settings(None, plan["variables"]).with_state(Path(plan["state"]))
    scale = ScaledTime.parse(plan["clock"])
    return bot.app.run(settings, Timing(scaled_now(scale), scale.speed), Hooks(lambda _: None, every_s=0.05))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
