"""Faults that bots like this had, planted again by a small patch each: how many seeds does the swarm need to find them?

python -m tests.simulation --planted            # all of them; writes docs/simulation.md's table with --record
python -m tests.simulation --planted G23 --first 1
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from bot.broker.orders.account_queries import AccountQueries
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.execution import proof
from bot.execution.books.ledger import FillLedger
from bot.execution.order_manager import OrderManager
from bot.execution.protection_guard import ProtectionGuard
from bot.journal.store import Journal
from bot.ops.alerts.events import Alerts
from bot.risk.machine import RiskMachine
from tests.simulation.night import run_seed

MOST_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Plant:
    """``patches`` are (owner, name, replacement); the rules that may find it are those of the oracle."""

    row: str
    words: str
    patches: tuple[tuple[Any, str, Any], ...]


_REAL_REMEMBER = RiskMachine.remember


def _forgetful(machine: RiskMachine, row: Any) -> None:
    if not isinstance(row, m.Halted):
        _REAL_REMEMBER(machine, row)


def _nothing(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def _recorded(journal: Journal, message: Any) -> None:
    journal.record(message)


def _weigh(ledger: FillLedger, fill: Any) -> m.FillBooked:
    del ledger
    return m.FillBooked(fill, None)


async def _no_executions(_: AccountQueries) -> tuple[Any, ...]:
    return ()


async def _nothing_held(_: AccountQueries) -> tuple[Any, ...]:
    return ()


_REAL_TELL = Alerts.handle


def _deaf(alerts: Alerts, message: Any) -> Any:
    return iter(()) if isinstance(message, m.Halted) else _REAL_TELL(alerts, message)


_REAL_PLACE = OrderManager._place


def _twice(manager: OrderManager, place: m.PlaceBracket) -> Iterator[m.Message]:
    for message in _REAL_PLACE(manager, place):
        yield message
        if isinstance(message, b.SendOrders):
            yield message


PLANTS: Final[tuple[Plant, ...]] = (
    Plant("G36", "an order leaves before its intent is on disk", ((Journal, "commit", _recorded),)),
    Plant("G23", "a halt is forgotten at the restart", ((RiskMachine, "remember", _forgetful),)),
    Plant("G29", "a fill that is told twice is booked twice", ((FillLedger, "weigh", _weigh),)),
    Plant("G25", "fills during an outage are never asked for", ((AccountQueries, "executions", _no_executions),)),
    Plant("G30", "an empty answer is read as flat", ((AccountQueries, "positions", _nothing_held),)),
    Plant("G12", "the stop is not a stop, and nobody looks", ((ProtectionGuard, "_repair", _nothing),)),
    Plant("G41", "a stop moved to 0.01 counts as protection", ((proof, "_defect", lambda *_: ""),)),
    Plant("G42", "nobody is told of a halt", ((Alerts, "handle", _deaf),)),
    Plant("G27", "an intent is sent twice", ((OrderManager, "_place", _twice),)),
)  # fmt: skip


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, replacement in plant.patches:
            stack.enter_context(patch.object(owner, name, replacement))
        yield


@dataclass(frozen=True, slots=True)
class Detection:
    """``seeds``: how many it took; None for a fault that was not found. ``said``: by the oracle, at the first."""

    row: str
    words: str
    seeds: int | None
    said: str

    def __str__(self) -> str:
        took = "not found" if self.seeds is None else f"found by seed {self.seeds}"
        return f"{self.row} {self.words}: {took} {self.said[:160]}"


def seeds_to_detection(row: str, first: int, most: int = MOST_SEEDS) -> Detection:
    """A seed that fails without the fault, too, has found another one and does not count."""
    plant = next(one for one in PLANTS if one.row == row)
    for n in range(most):
        with planted(plant):
            run = run_seed(first + n)
        if run.failures and not run_seed(first + n).failures:
            return Detection(row, plant.words, n + 1, run.failures[0])
    return Detection(row, plant.words, None, "")
