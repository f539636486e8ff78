"""The map does not lie: whoever stands in a row hears it, and whatever can be said has a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assembly.machines import make_machines
from bot.config import Settings
from bot.domain import broker_messages, messages
from bot.domain.limits import messages as limit_messages
from bot.domain.machine import StateMachine
from bot.journal.listener import JournalListener
from bot.journal.store import Journal
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.events import Alerts
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import ALERTS, BOARD, BROKER, DURABLE, EVERY_STRATEGY, JOURNAL, ROUTES, STRATEGY, Names
from tests.risk.house import NOON
from tests.sources import PARSED_ONCE, sources

PARTS = frozenset({broker_messages.Snapshot})
"""Classes of the message modules that are never said alone."""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[dict[str, StateMachine]]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    journal = Journal(tmp_path / "journal.db", lambda: NOON)
    machines = {
        JOURNAL: JournalListener(journal),
        BOARD: StatusBuilder(settings.symbols),
        ALERTS: Alerts(lambda _: None, lasting=LastingConditions()),
        **make_machines(settings, 1.0),
    }
    assert all(isinstance(machine, StateMachine) for machine in machines.values())
    yield {name: machine for name, machine in machines.items() if isinstance(machine, StateMachine)}
    journal.close()


def hearers(row: Names) -> Names:
    """A row's names; a strategy's stands for all of them."""
    return tuple("strategy:SPY" if name in (STRATEGY, EVERY_STRATEGY) else name for name in row)


@pytest.mark.parametrize("table", [ROUTES, DURABLE], ids=["ROUTES", "DURABLE"])
def test_nobody_is_sent_what_it_does_not_hear(
    table: dict[type, Names], line: dict[str, StateMachine]
) -> None:
    deaf = [
        (name, kind.__name__)
        for kind, row in table.items()
        for name in hearers(row)
        if name != BROKER and kind not in line[name].hears
    ]

    assert deaf == []


def test_every_message_has_a_row_in_the_table() -> None:
    classes = {
        kind
        for module in (messages, broker_messages, limit_messages)
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    }

    assert classes - PARTS == set(ROUTES)


@PARSED_ONCE
def test_every_row_has_somebody_who_says_it() -> None:
    said = {name for source in sources() for name in source.called}

    assert {kind.__name__ for kind in ROUTES} - said == set()
