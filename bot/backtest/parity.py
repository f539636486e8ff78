"""What a day came to, and where two ways to the same day differ: trades, times, prices, judgements and denials.

Rule: only what is decided counts. How often the broker repeated a status, and which ids it gave, does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from itertools import zip_longest

from bot.assembly.machines import make_machines
from bot.assembly.timing import day_is_over
from bot.backtest.day import replay_day
from bot.config import Settings
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.session import Session
from bot.ops.status import slippage
from bot.ops.status.day_outcome import SeenDay
from bot.ops.status.slippage import FillSlip, SlipBook
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.world.world import World
from bot.wiring import BOARD, JOURNAL, Machine

DECIDED = (
    m.BarJudged,
    m.SignalFired,
    m.IdeaDropped,
    m.TradeIdea,
    m.EntryDenied,
    m.PlaceBracket,
    m.EntryAbandoned,
    m.FillBooked,
    m.BracketClosed,
    m.Halted,
)
"""The kinds that are compared, each in its own order; the journal has them all."""
HEARD = (*dict.fromkeys((*DECIDED, *slippage.KINDS)),)
"""What it takes to say what a day came to."""
_SHOWN = 400


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a day came to. ``decided`` is every message of the kinds in ``DECIDED``, in order; ``fills`` against the model."""

    decided: tuple[Message, ...]
    fills: tuple[FillSlip, ...] = ()

    @classmethod
    def of(cls, messages: Iterable[Message]) -> RunOutcome:
        decided, slips, fills = list[Message](), SlipBook(), list[FillSlip]()
        for message in messages:
            if isinstance(message, DECIDED):
                decided.append(message)
            if (slip := slips.hear(message)) is not None:
                fills.append(slip)
        return cls(tuple(decided), tuple(fills))

    def of_kind(self, kind: type) -> list[Message]:
        return [message for message in self.decided if type(message) is kind]


def differences(one: RunOutcome, other: RunOutcome) -> Iterator[str]:
    """The first difference of each kind, in words; nothing where both came to the same."""
    for kind in DECIDED:
        pairs = zip_longest(one.of_kind(kind), other.of_kind(kind))
        for n, (left, right) in enumerate(pairs):
            if left != right:
                yield f"{kind.__name__} {n + 1}: {'; '.join(_unequal(left, right))}"
                break


def _unequal(one: object, other: object, where: str = "") -> Iterator[str]:
    """Only the fields that differ: a fill is long, and its time may be all."""
    if is_dataclass(one) and type(one) is type(other):
        for name in (field.name for field in fields(one)):
            yield from _unequal(getattr(one, name), getattr(other, name), f"{where}.{name}".lstrip("."))
    elif one != other:
        yield f"{where} {one!s:.{_SHOWN}} / {other!s:.{_SHOWN}}".lstrip()


class _Nobody:
    """Hears everything and keeps nothing: in the journal's place."""

    def handle(self, message: Message) -> Iterator[Message]:
        del message
        return iter(())

    def remember(self, message: Message) -> None:
        """There is nothing to restore."""


def replayed(settings: Settings, world: World, session: Session) -> tuple[RunOutcome, SeenDay]:
    """The day in the replay runtime, from the world's now to the close; it ends as ``ibkr-bot run`` does."""
    board, seen, heard = StatusBuilder(settings.symbols), SeenDay(), list[Message]()
    machines: dict[str, Machine] = {**make_machines(settings, 1.0), BOARD: board, JOURNAL: _Nobody()}

    def is_over(now: datetime) -> bool:
        seen.note(board.status)
        return day_is_over(session, now, seen.last)

    first = m.LineStarted(world.now, "replay", settings.mode, settings.dry_run, settings.symbols)
    replay_day(world, machines, is_over, first_message=first, observe=heard.append)
    return RunOutcome.of(heard), seen
