"""What became of an order, when a message says too little: the broker's own books are asked, and only they conclude.

Several questions that come together are answered by one look.
"""

from __future__ import annotations

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import RequestTrouble
from bot.broker.orders.account_queries import AccountQueries
from bot.broker.orders.order_events import OrderEvents
from bot.broker.orders.order_index import KnownOrder
from bot.domain import broker_messages as b
from bot.domain.order import OpenOrder, OrderStatus


class Evidence:
    def __init__(self, link: BrokerContext, books: AccountQueries, order_events: OrderEvents) -> None:
        self._link = link
        self._books = books
        self._order_events = order_events
        self._questions: dict[int, tuple[KnownOrder, RequestTrouble]] = {}
        self._is_looking = False

    def want(self, known: KnownOrder, trouble: RequestTrouble) -> None:
        """Look, and say what is found of this order."""
        self._questions[id(known)] = (known, trouble)
        self._start()

    def want_open_orders(self) -> None:
        """An order of this client nobody knows: the list of open orders brings its name."""
        self._start()

    def want_unless_ended(self, known: KnownOrder, trouble: RequestTrouble, after_s: float) -> None:
        """The status that should follow an announced end may be missing: look then."""
        self._link.spawn(self._look_later(known, trouble, after_s))

    async def _look_later(self, known: KnownOrder, trouble: RequestTrouble, after_s: float) -> None:
        await self._link.sleep(max(after_s, self._link.settings.shortest_deadline_wall_s * self._link.speed))
        if known.is_live:
            self.want(known, trouble)

    def _start(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._link.spawn(self._look())

    async def _look(self) -> None:
        try:
            while True:
                questions, self._questions = self._questions, {}
                await self._answer(list(questions.values()))
                if not self._questions:
                    return
        finally:
            self._is_looking = False

    async def _answer(self, questions: list[tuple[KnownOrder, RequestTrouble]]) -> None:
        try:
            at_rest = await self._books.all_open_orders()
            fills = await self._books.executions()
            completed = await self._books.completed_orders()
        except RequestTrouble as failed:
            for known, trouble in questions:
                text = f"{trouble.text}; asking the broker failed too: {failed.text}"
                self._link.publish_failure(f"order:{known.ref}", RequestTrouble(trouble.code, text))
            return
        for fill in fills:
            self._link.publish(b.Filled(fill))
        for known, trouble in questions:
            if known in at_rest:
                self._link.publish_failure(
                    f"order:{known.ref}", trouble
                )  # its sighting and status are told already
            else:
                self._conclude(known, trouble, [x for x in completed if _is_same(x, known)])

    def _conclude(self, known: KnownOrder, trouble: RequestTrouble, ended: list[OpenOrder]) -> None:
        """Not among the open orders of a complete list."""
        if ended:
            found = ended[-1]
            known.perm_id = known.perm_id or found.perm_id
            known.status, known.filled = found.status, max(known.filled, found.filled)
            known.text = f"{trouble.code}: {trouble.text}"
            self._order_events.publish_status(known, found.status, found.remaining)
        elif known.is_acknowledged or known.filled:
            self._link.publish_failure(f"order:{known.ref}", trouble)
        else:
            known.status = OrderStatus.REJECTED
            self._link.publish(b.OrderRefused(known.ref, trouble.code, trouble.text, self._link.now()))


def _is_same(completed: OpenOrder, known: KnownOrder) -> bool:
    if known.perm_id:
        return completed.perm_id == known.perm_id
    return bool(known.ref) and completed.ref == known.ref
