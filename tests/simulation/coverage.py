"""What the seeds have reached: rows of ROUTES, kinds on the wire, error codes, denials, states; and what never was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from bot.broker.connection.error_codes import _ROWS
from bot.domain.bracket import BRACKET_TRANSITIONS, BracketEvent, BracketState, next_state
from bot.domain.order import OrderStatus
from bot.domain.types import TradingState
from bot.execution import bracket_book
from bot.risk.breakers import HaltCause
from bot.risk.denials import DenialCode
from bot.sim.faults.commands import COMMANDS
from bot.wire import MessageDirection, message_kinds
from bot.wiring import ROUTES

_WHERE: dict[str, tuple[str, ...]] = {
    "TradingStateChanged": ("state",),
    "EntryDenied": ("code",),
    "IdeaDropped": ("code",),
    "OrderStatusChanged": ("status",),
    "Halted": ("cause",),
    "BracketClosed": ("reason",),
    "EntryAbandoned": ("reason",),
    "ProtectionChanged": ("state",),
    "FeedChanged": ("state",),
}


class Coverage:
    """Counts by (what, which)."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def heard(self, peer: str, message: object) -> None:
        kind = type(message).__name__
        self.counts["route", f"{kind}→{peer.partition(':')[0]}"] += 1
        for field in _WHERE.get(kind, ()):
            value = getattr(message, field, None)
            if value is not None:
                self.counts[f"{kind}.{field}", str(value)] += 1

    def note(self, what: str, which: object) -> None:
        self.counts[what, str(which)] += 1

    def add(self, other: Iterable[tuple[str, str, int]]) -> None:
        for what, which, count in other:
            self.counts[what, which] += count

    def rows(self) -> list[tuple[str, str, int]]:
        return [(what, which, count) for (what, which), count in sorted(self.counts.items())]

    def reached(self, what: str) -> set[str]:
        return {which for (known, which), count in self.counts.items() if known == what and count}


def wanted() -> Mapping[str, list[str]]:
    """Everything that could be reached, by what it is."""
    kinds = list(message_kinds())
    return {
        "route": [f"{kind.__name__}→{name}" for kind, row in ROUTES.items() for name in row],
        "request": sorted(kind.name for kind in kinds if kind.direction is MessageDirection.REQUEST),
        "answer": sorted(kind.name for kind in kinds if kind.direction is MessageDirection.ANSWER),
        "error code": [str(row.number) for row in _ROWS],
        "EntryDenied.code": sorted(str(code) for code in DenialCode),
        "Halted.cause": sorted(str(cause) for cause in HaltCause),
        "TradingStateChanged.state": [str(state) for state in TradingState],
        "OrderStatusChanged.status": [str(status) for status in OrderStatus],
        "bracket transition": [f"{state} {event}" for state, event in BRACKET_TRANSITIONS],
        "bracket state": [str(state) for state in BracketState if state is not BracketState.PLANNED],
        "fault": sorted(COMMANDS),
    }


def nevers(coverage: Coverage) -> dict[str, list[str]]:
    """What no seed has reached, by what it is."""
    return {what: [x for x in all_ if x not in coverage.reached(what)] for what, all_ in wanted().items()}


@contextmanager
def noting_transitions(coverage: Coverage) -> Iterator[None]:
    """While the block runs, each transition that a bracket makes is noted."""

    def noted(idea_id: str, now: BracketState, event: BracketEvent) -> BracketState:
        after = next_state(idea_id, now, event)
        coverage.note("bracket transition", f"{now} {event}")
        coverage.note("bracket state", after)
        return after

    with patch.object(bracket_book, "next_state", noted):
        yield
