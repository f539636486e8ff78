"""What the seeds have reached: rows of ROUTES, kinds on the wire, error codes, denials, states; and what never was."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import bot
from bot.broker.connection.error_codes import _ROWS
from bot.domain.bracket import BRACKET_TRANSITIONS, BracketEvent, BracketState, next_state
from bot.domain.order import OrderStatus
from bot.domain.types import TradingState
from bot.execution import bracket_book
from bot.risk.breakers import HaltCause
from bot.risk.denials import DenialCode
from bot.selection.no_contract import NoContractCode
from bot.sim.faults.commands import COMMANDS
from bot.wire import MessageDirection, message_kinds
from bot.wiring import ROUTES
from tests.simulation import fault_draws, rare_draws

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
        self._names: dict[tuple[type, str], tuple[tuple[str, str], tuple[str, ...]]] = {}

    def heard(self, peer: str, message: object) -> None:
        kind = type(message).__name__
        known = self._names.get((type(message), peer))
        if known is None:
            name = "route", f"{kind}→{peer.partition(':')[0]}"
            known = self._names[type(message), peer] = name, _WHERE.get(kind, ())
        self.counts[known[0]] += 1
        for field in known[1]:
            value = getattr(message, field, None)
            if value is not None:
                self.counts[f"{kind}.{field}", str(value)] += 1

    def note(self, what: str, which: object) -> None:
        self.counts[what, str(which)] += 1

    def note_halts(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """The process itself writes one past its machines."""
        for _, kind, body in rows:
            if kind == "Halted":
                self.counts["Halted.cause", json.loads(body)["cause"]] += 1

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
        "IdeaDropped.code": sorted(str(code) for code in NoContractCode),
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


_ANOTHERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "EntryDenied.code": {
        "the strategy that the seed tells what to say has no allocation of its own": ("ALLOCATION_SPENT",),
        "the recorded day is a whole one, inside the calendar": (
            *(
                "SESSION_HOLIDAY",
                "SESSION_HALF_DAY",
                "SESSION_CALENDAR_UNKNOWN",
                "SESSION_CLOSES_EARLY",
                "SESSION_CLOSED",
            ),
            "EVENT_BLACKOUT",
        ),
        "nights, Sundays and restarts by the clock are longer than a run": (
            *("EMBARGO_GATEWAY_RESTART", "EMBARGO_SERVER_RESET", "EMBARGO_TOKEN_EXPIRY"),
        ),
        "such a contract is not chosen to begin with (IdeaDropped says it)": (
            *("QUOTE_MISSING", "QUOTE_ONE_SIDED", "QUOTE_CROSSED", "QUOTE_SPREAD_WIDE", "PREMIUM_INSANE"),
            *("CONTRACT_WRONG", "EXPOSURE_SAME_CONTRACT"),
        ),
        "a minute is judged once, and an idea is named by its minute": ("IDEA_REPEATED",),
        "the recorded day's options run two days longer": ("CONTRACT_EXPIRING",),
        "an unknown equity halts first": ("EQUITY_UNKNOWN",),
        "the account is a margin account of one owner, in dollars": (
            *("PDT_DAY_TRADES", "FUNDS_UNSETTLED", "INTRADAY_MARGIN_DEFICIT"),
        ),
    },
    "route": {
        "of a position's mark, which only journals of earlier releases hold": ("PositionMarked→journal",),
        "the strategy that the seed tells what to say waits for nothing": ("SignalPostponed→board",),
        "of the last word of a line, which is written past its machines": (
            *("MachineFailed→journal", "MachineFailed→board"),
        ),
        "of a limit that is loosened or changed by a person, which no fault here does": (
            *(
                "LimitsChanged→strategies",
                "LoosenLimit→risk",
                "LimitLoosened→board",
                "LimitLoosened→alerts",
                "LooseningRefused→journal",
            ),
            *("LooseningRefused→board", "LimitsChanged→journal", "LimitsChanged→board"),
        ),
    },
    "IdeaDropped.code": {
        "a crossed quote is passed over where it is heard": ("QUOTE_CROSSED",),
        "the settings ask for no volume and no delta": ("VOLUME_LOW", "DELTA_UNKNOWN", "DELTA_OUT_OF_REACH"),
        "every option of the recorded day has an open interest, and an expiry that fits": (
            *("OPEN_INTEREST_LOW", "EXPIRY_NONE_FITS"),
        ),
        "what is chosen is at the money": ("PREMIUM_BELOW_INTRINSIC",),
    },
    "fault": {
        "it takes place before the next session": ("split",),
        "it looks at the bands for good, and no calm could follow": ("luld_bands",),
        "are the end of another fault, which the calm brings by itself": (
            *(
                "clear",
                "close_port",
                "log_in",
                "log_out",
                "show_quotes",
                "subscribed",
                "unpin_quote",
                "resume_trading",
            ),
        ),
    },
    "Halted.cause": {"a run is one day": ("drawdown", "loss_streak", "account_mismatch")},
}
"""Why some names cannot be reached here."""


@cache
def _bot_knows() -> str:
    """The source of the adapter, in which every request and answer that the bot uses is named."""
    files = sorted((Path(bot.__file__).parent / "broker").rglob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@cache
def _gateway_says() -> str:
    """The sources that name what the simulated gateway, or a fault, can say."""
    drawn = (Path(fault_draws.__file__), Path(rare_draws.__file__))
    files = [*sorted((Path(bot.__file__).parent / "sim").rglob("*.py")), *drawn]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def argued(what: str, name: str) -> str:
    """Why this is never reached; empty where nothing speaks against it and a night may yet."""
    if what in ("request", "answer") and not re.search(rf"\b{name}\b", _bot_knows()):
        return "are no words of this bot"
    if what == "error code" and not re.search(rf"\b{name}\b", _gateway_says()):
        return "are said by no fault and no handler here"
    return next((why for why, names in _ANOTHERS.get(what, {}).items() if name in names), "")


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
