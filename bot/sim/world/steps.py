"""How far time goes at once where it waits: over the wire in lock-step, and in a replayed day. One rule for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.sim.world.world import World

LONGEST_STEP = timedelta(seconds=5)
"""While the market is open; IB's bars are updated as often."""
LONGEST_CLOSED_STEP = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_step(world: World) -> datetime:
    """The whole second to which time goes next: ``currentTime`` has no smaller unit."""
    is_open = world.market.session is not None or world.market.is_extended(world.now)
    longest = world.now + (LONGEST_STEP if is_open else LONGEST_CLOSED_STEP)
    wanted = min(max(world.next_point(), world.now + timedelta(microseconds=1)), longest)
    return wanted + -(wanted - _EPOCH) % _SECOND
