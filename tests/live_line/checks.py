"""The invariants of ARCHITECTURE.md, asserted from the gateway's own books and never from the bot's."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain.messages import Message
from bot.domain.session import session_at
from bot.domain.types import ConId, SecType, Side
from bot.risk.limits import SessionRules
from bot.sim.world.ledger import AccountLedger, ReceivedOrder
from bot.sim.world.world import World


class Invariants:
    """Shown the books after every step. ``disk`` is what had been committed by then."""

    def __init__(self, world: World, disk: list[Message]) -> None:
        self._world = world
        self._disk = disk
        self._seen = 0
        self._bought: Counter[ConId] = Counter()

    def check(self, books: AccountLedger) -> None:
        self._protected_and_never_short(books)
        for received in books.received[self._seen :]:
            self._intent_was_on_disk(received)
            if received.order.action is Side.BUY and received.kind == "new":
                self._long_option_on_the_grid(received)
                self._in_the_session(received)
        self._seen = len(books.received)
        self._nothing_sent_twice(books)

    def _protected_and_never_short(self, books: AccountLedger) -> None:
        """Invariants 1 and 4: working stops equal the position, of which there is no negative one."""
        for con_id, quantity in books.positions.items():
            assert quantity >= 0, f"{self._world.now}: short {quantity} of {con_id}"
            assert books.working_stops.get(con_id, 0) == quantity, (
                f"{self._world.now}: {con_id} is not protected"
            )

    def _intent_was_on_disk(self, received: ReceivedOrder) -> None:
        """Invariant 2. What-ifs are questions, not intents."""
        if received.kind == "new":
            intents = {
                order.ref
                for message in self._disk
                if isinstance(message, b.SendOrders)
                for order in message.orders
            }
            assert received.order_ref.partition("@")[0] in intents
        elif received.kind == "modify":
            revisions = {message.ref for message in self._disk if isinstance(message, b.SendRevision)}
            assert received.order_ref.partition("@")[0] in revisions

    def _nothing_sent_twice(self, books: AccountLedger) -> None:
        """Invariant 2 again."""
        sent = Counter(received.order_ref for received in books.received if received.kind == "new")
        assert all(count == 1 for count in sent.values()), sent

    def _long_option_on_the_grid(self, received: ReceivedOrder) -> None:
        """Invariant 4."""
        order = received.order
        contract = self._world.contract(order.con_id)
        assert contract is not None
        assert contract.sec_type is SecType.OPTION
        assert order.type == "LMT"
        assert contract.ticks.is_on_grid(order.limit_price or Decimal(-1))

    def _in_the_session(self, received: ReceivedOrder) -> None:
        """Invariant 6: in regular hours, away from both ends."""
        session, rules = session_at(received.at), SessionRules()
        assert session is not None
        assert received.at >= session.open + timedelta(minutes=rules.minutes_after_open)
        assert received.at <= session.close - timedelta(minutes=rules.minutes_before_close)
