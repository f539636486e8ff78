"""Who is told when a contract's market moves.

Rule: a registry only. A feed hears books, prints and bars of its contract from the moment it is added until it is
removed, in the order of adding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from bot.domain.contract import Contract
from bot.domain.types import ConId
from bot.sim.market.events import BarFormed, BookChanged, Traded


class Feed:
    """Something that streams to one client; ``family`` says what counts together against a limit."""

    family: ClassVar[str] = ""
    contract: Contract

    def on_book(self, event: BookChanged) -> None:
        """The contract's book moved."""

    def on_trade(self, event: Traded) -> None:
        """The contract traded."""

    def on_bar(self, event: BarFormed) -> None:
        """A bar of the contract formed or closed."""

    def refresh(self) -> None:
        """What keeps data from the client has changed: look again."""

    def stop(self) -> None:
        """Be told nothing any more."""


class Feeds:
    """All running feeds, by contract."""

    def __init__(self) -> None:
        self._by_con_id: dict[ConId, dict[int, Feed]] = {}
        self._counts: Counter[str] = Counter()

    def add(self, feed: Feed) -> None:
        self._by_con_id.setdefault(feed.contract.con_id, {})[id(feed)] = feed
        self._counts[feed.family] += 1

    def remove(self, feed: Feed) -> None:
        """Forget it; a second time is of no effect."""
        feeds = self._by_con_id.get(feed.contract.con_id, {})
        if feeds.pop(id(feed), None) is not None:
            self._counts[feed.family] -= 1
        if not feeds:
            self._by_con_id.pop(feed.contract.con_id, None)

    def of(self, con_id: ConId) -> Iterator[Feed]:
        """The contract's feeds; one may end another while they are told."""
        return iter(list(self._by_con_id.get(con_id, {}).values()))

    def everyone(self) -> Iterator[Feed]:
        return (feed for con_id in list(self._by_con_id) for feed in self.of(con_id))

    def count(self, *families: str) -> int:
        """How many feeds of these families run."""
        return sum(self._counts[family] for family in families)
