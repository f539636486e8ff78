"""One day in the replay runtime, step by step as lock-step has it over the wire: the same instants, in the same order.

A step of the market is told and handled whole; what the line sent is carried out when it has come to rest, and its answers
are handled then, until nothing moves; then time passes. So a replayed day and one over TCP come to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from bot.actors.replay import replay
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.world.steps import next_step
from bot.sim.world.world import World
from bot.wiring import BROKER, Machine


def _nothing(message: Message) -> None:
    """Keep no journal."""


class _Commands:
    """In the broker's place: keeps what it is told until the line has come to rest."""

    def __init__(self) -> None:
        self.kept: list[Message] = []

    def handle(self, message: Message) -> Iterator[Message]:
        self.kept.append(message)
        return iter(())

    def remember(self, message: Message) -> None:
        """The broker keeps its own books."""

    def take(self) -> list[Message]:
        kept, self.kept = self.kept, []
        return kept


def replay_day(
    world: World,
    machines: Mapping[str, Machine],
    is_over: Callable[[datetime], bool],
    *,
    first_message: Message | None = None,
    commit: Callable[[Message], None] = _nothing,
    observe: Callable[[Message], None] = _nothing,
) -> None:
    """From the world's now until ``is_over``, which is asked when all that came of a step has been handled.

    ``machines`` are the line's without its broker; ``commit`` sees what is durable before it is heard, ``observe`` all.
    """
    exchange, commands = LoopbackExchange(world), _Commands()

    def answers() -> Iterator[Message]:
        while kept := commands.take():
            yield from [fact for command in kept for fact in exchange.handle(command)]

    def feed() -> Iterator[Message]:
        if first_message is not None:
            yield first_message
        yield from list(exchange.connect())
        yield from answers()
        while True:
            yield m.TimePassed(world.now)
            yield from answers()
            if is_over(world.now):
                return
            yield from list(exchange.handle(m.TimePassed(next_step(world))))
            yield from answers()

    replay({**machines, BROKER: commands}, feed(), commit=commit, observe=observe)
