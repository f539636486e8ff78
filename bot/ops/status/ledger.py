"""The one model of profit and loss: what trades brought, what is open at the bid, what both have cost.

Rule: ``day = realised + unrealised − fees``. Realised and unrealised are before fees; fees are the commissions of every
execution booked so far, entries of open positions included. Whatever shows a result (panel, status, page, metrics, report)
reads it from here, so that two screens cannot disagree. A position that is held overnight counts from its entry, on the day
on which it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.order import Fill, Leg, leg_of
from bot.domain.session import new_york_day
from bot.domain.types import ConId, ExecId, IdeaId

ZERO = Decimal(0)
Bids = Callable[[ConId], Decimal | None]
"""The bid of a contract, None while nobody bids or nobody has said."""


@dataclass(frozen=True, slots=True)
class DayPnl:
    """Money in the account's currency. ``unrealized`` is None as soon as one position has no bid: unknown is not 0."""

    realized: Decimal = ZERO
    unrealized: Decimal | None = ZERO
    fees: Decimal = ZERO

    @property
    def net(self) -> Decimal | None:
        """What the day brought after everything, were it all sold at the bid now."""
        return None if self.unrealized is None else self.realized + self.unrealized - self.fees


@dataclass(frozen=True, slots=True)
class BookedTrade:
    """One bracket and its money. Prices per unit of the contract; ``fees`` and results in the account's currency."""

    plan: m.PlaceBracket
    fills: tuple[Fill, ...] = ()
    fees: Decimal = ZERO
    closed: m.BracketClosed | None = None

    @property
    def contract(self) -> Contract:
        return self.plan.contract

    @property
    def bought(self) -> int:
        return self.closed.quantity if self.closed else sum(fill.quantity for fill in self._entries)

    @property
    def held(self) -> int:
        """Contracts still held; below 0 would be a short that must not be."""
        return 0 if self.closed else self.bought + sum(fill.signed_quantity for fill in self._exits)

    @property
    def entry_price(self) -> Decimal | None:
        if self.closed:
            return self.closed.entry_price
        paid = sum((fill.price * fill.quantity for fill in self._entries), ZERO)
        return paid / self.bought if self.bought else None

    @property
    def cost(self) -> Decimal | None:
        """What the contracts still held were bought for, in money."""
        return None if self.entry_price is None else self.entry_price * self.held * self.contract.multiplier

    @property
    def opened_at(self) -> datetime | None:
        if self.closed:
            return self.closed.opened_at
        return min((fill.at for fill in self._entries), default=None)

    @property
    def realized(self) -> Decimal:
        """Of the contracts already sold, before fees."""
        if self.closed:
            return self.closed.pnl + self.closed.commission
        price = self.entry_price or ZERO
        got = sum((-fill.signed_quantity * (fill.price - price) for fill in self._exits), ZERO)
        return got * self.contract.multiplier

    def unrealized(self, bid: Decimal | None) -> Decimal | None:
        """Of the contracts still held, were they sold at the bid, before fees; None without a bid."""
        if self.held == 0 or self.entry_price is None:
            return ZERO
        return None if bid is None else (bid - self.entry_price) * self.held * self.contract.multiplier

    def counts_on(self, day: date) -> bool:
        """Closed on that New York day, or opened by then and still open."""
        if self.closed is not None:
            return new_york_day(self.closed.closed_at) == day
        return self.opened_at is not None and new_york_day(self.opened_at) <= day

    def ended_before(self, day: date) -> bool:
        """Closed, or never filled, on an earlier New York day."""
        if self.closed is None and self.fills:
            return False
        return new_york_day(self.closed.closed_at if self.closed else self.plan.at) < day

    @property
    def _entries(self) -> Iterator[Fill]:
        return (fill for fill in self.fills if leg_of(fill.order_ref) is Leg.ENTRY)

    @property
    def _exits(self) -> Iterator[Fill]:
        return (fill for fill in self.fills if leg_of(fill.order_ref) is not Leg.ENTRY)


@dataclass(slots=True)
class DayLedger:
    """Folds plans, fills and commissions into trades. Each execution and each commission counts once, by its id."""

    _trades: dict[IdeaId, BookedTrade] = field(default_factory=dict)
    _idea_of: dict[ExecId, IdeaId] = field(default_factory=dict)
    # The broker repeats its reports after each reconnect, and one may come before its fill is booked.
    _charges: dict[ExecId, Decimal] = field(default_factory=dict)

    def handle(self, message: m.Message) -> BookedTrade | None:
        """Take a message in; the trade that it changed, None where none did."""
        match message:
            case m.PlaceBracket():
                return self._put(BookedTrade(message))
            case m.BracketAdopted():
                return self._trades.get(message.place.idea_id) or self._put(BookedTrade(message.place))
            case m.FillBooked():
                return self._filled(message)
            case b.CommissionCharged():
                return self._charged(message)
            case m.BracketClosed():
                return self._closed(message)
        return None

    def is_charged(self, exec_id: ExecId) -> bool:
        """Whether this execution's commission is booked."""
        return exec_id in self._charges

    @property
    def trades(self) -> tuple[BookedTrade, ...]:
        """Every trade that reached the market, oldest first."""
        return tuple(trade for trade in self._trades.values() if trade.fills or trade.closed)

    @property
    def charges(self) -> dict[ExecId, Decimal]:
        """Every commission that is booked, by its execution."""
        return dict(self._charges)

    def of_day(self, day: date) -> tuple[BookedTrade, ...]:
        """The trades that count on that New York day: closed on it, or opened by then and still open."""
        return tuple(trade for trade in self.trades if trade.counts_on(day))

    def forget_before(self, day: date) -> None:
        """Trades that ended earlier leave, so that the ledger of a long run stays as small as a day's."""
        gone = {idea_id for idea_id, trade in self._trades.items() if trade.ended_before(day)}
        for exec_id in [known for known, idea_id in self._idea_of.items() if idea_id in gone]:
            del self._idea_of[exec_id]
            self._charges.pop(exec_id, None)
        for idea_id in gone:
            del self._trades[idea_id]

    def _put(self, trade: BookedTrade) -> BookedTrade:
        self._trades[trade.plan.idea_id] = trade
        return trade

    def _filled(self, x: m.FillBooked) -> BookedTrade | None:
        trade = self._trades.get(x.fill.order_ref.rpartition("/")[0])
        if trade is None:
            return None
        counted = tuple(one for one in trade.fills if one.exec_id not in (x.replaces, x.fill.exec_id))
        self._idea_of[x.fill.exec_id] = trade.plan.idea_id
        return self._put(self._with_fees(replace(trade, fills=(*counted, x.fill))))

    def _charged(self, x: b.CommissionCharged) -> BookedTrade | None:
        self._charges[x.exec_id] = x.amount
        idea_id = self._idea_of.get(x.exec_id)
        return self._put(self._with_fees(self._trades[idea_id])) if idea_id in self._trades else None

    def _closed(self, x: m.BracketClosed) -> BookedTrade | None:
        trade = self._trades.get(x.idea_id)
        if trade is None:
            return None
        return self._put(replace(trade, closed=x, fees=x.commission))

    def _with_fees(self, trade: BookedTrade) -> BookedTrade:
        if trade.closed is not None:
            return trade  # what its end says counts, until a later one of the same trade takes its place
        return replace(trade, fees=sum((self._charges.get(x.exec_id, ZERO) for x in trade.fills), ZERO))


def day_pnl(trades: Iterable[BookedTrade], bid: Bids) -> DayPnl:
    """The result of these trades, those still open at their bids."""
    found = tuple(trades)
    open_parts = [trade.unrealized(bid(trade.contract.con_id)) for trade in found]
    known = [part for part in open_parts if part is not None]
    return DayPnl(
        realized=sum((trade.realized for trade in found), ZERO),
        unrealized=sum(known, ZERO) if len(known) == len(open_parts) else None,
        fees=sum((trade.fees for trade in found), ZERO),
    )
