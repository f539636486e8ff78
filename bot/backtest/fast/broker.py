"""The loopback exchange that quotes an option only when somebody could act on it: while it is held, and when a bar may fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.messages import Message
from bot.domain.types import ConId, SecType, Symbol
from bot.sim.exchange import events as e
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.loopback.translate import to_quote
from bot.sim.market.events import BarFormed, BookChanged
from bot.sim.world.world import World

Moves = Callable[[Symbol, float], bool]
"""Whether this price of the underlying has any consequence."""

Due = Callable[[e.AccountChanged], Iterable[e.AccountChanged]]
"""Which of the account's figures up to these must be told by now."""

_POINT = timedelta(seconds=15)
"""A contract's first quote is told when it is registered, if there is one, and then at the market's next point."""


@dataclass(frozen=True, slots=True)
class _Registered:
    contract: Contract
    at: datetime


class _Shown(Mapping[ConId, Quote]):
    """Quotes made when somebody looks at them."""

    def __init__(self, exchange: OnDemandExchange) -> None:
        self._exchange = exchange

    def __getitem__(self, con_id: ConId) -> Quote:
        found = self._exchange.shown(con_id)
        if found is None:
            raise KeyError(con_id)
        return found

    def __iter__(self) -> Iterator[ConId]:
        return self._exchange.registered()

    def __len__(self) -> int:
        return sum(1 for _ in self._exchange.registered())


class OnDemandExchange(LoopbackExchange):
    """Registered contracts are known; quoted are the stocks, the held ones and, while ``armed``, all."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._registered: dict[ConId, _Registered] = {}
        self._held: set[ConId] = set()
        self._late_quotes: dict[ConId, BookChanged] = {}
        self._late_account: e.AccountChanged | None = None
        self.is_armed = False
        self.answers = False
        """Whether a quote may be asked for instead of told; not where books are recorded, as crossed ones are passed over."""
        self._commands[b.WatchQuote] = self._register
        self._commands[b.UnwatchQuote] = self._forget

    def arm(self) -> None:
        """Quote everything that is registered, from the next point on."""
        self.is_armed = True
        for con_id, registered in self._registered.items():
            self._quote(con_id, registered.contract)

    def disarm(self) -> None:
        """Quote only what is held."""
        self.is_armed = False
        for con_id in [x for x in self._quotes if x in self._registered and x not in self._held]:
            del self._quotes[con_id]
            self.world.unwatch(con_id)

    def hold(self, contract: Contract) -> None:
        """Quote this contract until it is released."""
        self._held.add(contract.con_id)
        self._quote(contract.con_id, contract)

    def release(self, con_id: ConId) -> None:
        """Its bracket has ended."""
        self._held.discard(con_id)
        if not self.is_armed and con_id in self._registered and con_id in self._quotes:
            del self._quotes[con_id]
            self.world.unwatch(con_id)

    def _quote(self, con_id: ConId, contract: Contract) -> None:
        if con_id not in self._quotes:
            self._quotes[con_id] = contract
            self.world.watch(con_id)

    def _register(self, command: b.WatchQuote) -> Iterator[Message]:
        contract = command.contract
        if contract.sec_type is not SecType.OPTION:
            return self._watch_quote(command)
        self._registered[contract.con_id] = _Registered(contract, self.world.now)
        if self.is_armed or contract.con_id in self._held:
            return self._watch_quote(command)
        return iter(())

    def quotes_by(self, told: Mapping[ConId, Quote]) -> Mapping[ConId, Quote]:
        """What was told while everything is, else what is shown when it is asked for."""
        return told if self.is_armed or not self.answers else _Shown(self)

    def shown(self, con_id: ConId) -> Quote | None:
        """The quote that would have been told by now; None where none would."""
        registered, ticker = self._registered.get(con_id), self.world.ticker(con_id)
        if registered is None or ticker is None:
            return None
        is_new = self.world.now - registered.at < _POINT
        if is_new and ticker.book.bid is None and ticker.book.last is None:
            return None
        model = self.world.market.model(con_id, self.world.now, full=False)
        return to_quote(ticker, model, registered.contract)

    def registered(self) -> Iterator[ConId]:
        """What may be asked for."""
        return iter(self._registered)

    def _forget(self, command: b.UnwatchQuote) -> Iterator[Message]:
        self._registered.pop(command.contract.con_id, None)
        if command.contract.con_id in self._held:
            return iter(())
        return self._unwatch_quote(command)

    def glide(self, events: list[e.ExchangeEvent], moves: Moves, due: Due) -> Iterator[Message]:
        """What is to be told at once of a stretch in which nothing but bars can matter.

        Every closed bar; the underlying's quote and the account's figures where they have a consequence. The last of the
        others are told by :meth:`settle`.
        """
        for event in events:
            if isinstance(event, BookChanged):
                yield from self._glide_quote(event, moves)
            elif isinstance(event, BarFormed):
                feed = self._feeds.get((event.con_id, event.bar.size))
                if event.is_closed and feed is not None and feed.is_open:
                    yield b.BarReceived(event.bar)
            elif isinstance(event, e.AccountChanged):
                self._late_account = event
                for one in due(event):
                    self._late_account = None if one is event else event
                    yield from self._orders.facts([one])
            else:
                yield from self._orders.facts([event])

    def _glide_quote(self, event: BookChanged, moves: Moves) -> Iterator[Message]:
        con_id, mid = event.ticker.con_id, event.ticker.book.mid
        self._late_quotes[con_id] = event
        contract = self._quotes.get(con_id)
        if contract is not None and mid is not None and moves(contract.symbol, float(mid)):
            del self._late_quotes[con_id]
            yield self._told(event, contract)

    def settle(self, figures: Iterable[e.AccountChanged]) -> Iterator[Message]:
        """At a stretch's end: these figures, and then the newest figures and quotes that were not told."""
        for one in figures:
            if one is not self._late_account:
                yield from self._orders.facts([one])
        yield from self._settle_account()
        late, self._late_quotes = self._late_quotes, {}
        for con_id, event in late.items():
            known = self._quotes.get(con_id)
            if known is not None:
                yield self._told(event, known)

    def _settle_account(self) -> Iterator[Message]:
        late, self._late_account = self._late_account, None
        return self._orders.facts([] if late is None else [late])

    @staticmethod
    def _told(event: BookChanged, contract: Contract) -> Message:
        return b.QuoteReceived(to_quote(event.ticker, event.model, contract))
