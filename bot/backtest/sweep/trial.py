"""One combination of settings over the days, and what of it is kept. Runs in a worker process.

Rule: data go to a worker once: it opens the store (or the package's days) by name, and keeps what it has read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from bot.backtest.fast.run import run_fast
from bot.backtest.feed.library import StoreLibrary
from bot.backtest.feed.markets import SHELF
from bot.backtest.plan import BacktestPlan, Halts
from bot.backtest.report.metrics import daily_returns
from bot.backtest.store.store import Store
from bot.backtest.sweep.space import Changes
from bot.config import Settings, load_settings
from bot.domain.errors import BotError, FixTheConfiguration
from bot.sim.market.option_pricing import load as load_option_prices
from bot.sim.market.recorded.library import BUNDLE, Library

NO_DOTENV: Final = Path(os.devnull) / ".env"
"""What ``.env`` says is among a job's variables: a worker of a cluster may stand in a folder with another one."""
_QUOTES_KEPT: Final = 300_000
"""Of about 500 bytes each: two settings of a sweep ask for some nine quotes in ten alike."""


@dataclass(frozen=True, slots=True)
class Job:
    """The same for every trial of a sweep. ``variables`` are the settings' environment; ``data`` None: the package's days.

    ``config`` None: no settings file.
    """

    config: Path | None
    variables: tuple[tuple[str, str], ...]
    data: Path | None
    symbols: tuple[str, ...]
    first: date
    last: date
    equity: Decimal
    seed: int
    is_synthetic: bool
    halts: Halts


@dataclass(frozen=True, slots=True)
class Trial:
    """What is kept: ``returns`` by day. ``error`` where the settings contradict each other."""

    changes: Changes
    days: tuple[str, ...] = ()
    returns: tuple[float, ...] = ()
    trades: int = 0
    result: float = 0.0
    error: str = ""


Unplayed: TypeAlias = tuple[Changes, str, str]
"""A combination that a cluster's worker could not play, that worker's address, and why."""


def prepare(job: Job) -> None:
    """Load here what every worker needs, before they are made of this process: the days there are, and the option prices."""
    library = library_at(job.data)
    for symbol in job.symbols:
        library.sessions(symbol)
    load_option_prices()


def run_trial(job: Job, changes: Changes) -> Trial:
    """Play one combination. What a setting's own check refuses is a trial with an error, not the end of the sweep.

    Raises what a backtest raises, with the combination named.
    """
    SHELF.room = _QUOTES_KEPT
    try:
        settings = settings_of_trial(job, changes)
    except FixTheConfiguration as error:
        said = f"{error}".partition("\n")[0]
        for key, _ in changes:
            said = said.replace(f"from environment: {_variable(key)})", "from --grid)")
        return Trial(changes, error=said)
    plan = BacktestPlan(
        settings, job.symbols, job.first, job.last, job.equity, job.seed, job.is_synthetic, job.halts
    )
    try:
        out = run_fast(plan, library_at(job.data))
    except BotError as error:  # a strategy's own code may fail with some values and not with others
        told = ", ".join(f"{key}={value}" for key, value in changes)
        raise type(error)(f"with {told}: {error}") from error
    returns = tuple(round(float(x), 10) for x in daily_returns(out))
    days = tuple(f"{x.day}" for x in out.days)
    return Trial(changes, days, returns, len(out.trades), float(out.end_equity - out.start_equity))


def settings_of_trial(job: Job, changes: Changes) -> Settings:
    """The settings with the changes on top."""
    variables = dict(job.variables) | {_variable(key): value for key, value in changes}
    settings = load_settings(job.config, variables, NO_DOTENV)
    return settings.model_copy(update={"symbols": job.symbols})


def _variable(key: str) -> str:
    return key.upper().replace(".", "__")


@lru_cache(maxsize=4)
def library_at(data: Path | None) -> Library:
    """The days at a place, opened once in each process."""
    return BUNDLE if data is None else StoreLibrary(Store(data))


def as_row(trial: Trial) -> dict[str, Any]:
    """A trial as a line of the results file."""
    return {
        "changes": dict(trial.changes),
        "days": trial.days,
        "returns": trial.returns,
        "trades": trial.trades,
        "result": trial.result,
        "error": trial.error,
    }


def from_row(row: dict[str, Any]) -> Trial:
    """The trial of such a line. KeyError, TypeError or ValueError for a line that is none."""
    return Trial(
        tuple(sorted((str(k), str(v)) for k, v in row["changes"].items())),
        tuple(map(str, row["days"])),
        tuple(map(float, row["returns"])),
        int(row["trades"]),
        float(row["result"]),
        str(row["error"]),
    )
