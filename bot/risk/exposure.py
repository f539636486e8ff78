"""What has been approved and is not yet over, folded from rows that are on disk.

Rule: exposure counts from the moment of approval, not of the fill, so that two ideas in one second cannot both be
the last one allowed. It ends when the watcher says the bracket closed or the entry was abandoned; a fill that comes
after that brings it back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.broker_messages import Snapshot
from bot.domain.messages import FillBooked, PlaceBracket
from bot.domain.order import LIVE, bot_of
from bot.domain.session import new_york_day
from bot.domain.types import ConId, Direction, ExecId, IdeaId, Right, Side, Symbol


@dataclass(slots=True)
class OpenBracket:
    """One approved bracket. ``at_risk_usd`` is what its stop allows it to lose, ``notional_usd`` what it may cost."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    direction: Direction
    con_id: ConId
    quantity: int
    notional_usd: Decimal
    at_risk_usd: Decimal
    delta_usd: Decimal
    approved_at: datetime
    money_moved_at: datetime | None = None
    bought_on: set[date] = field(default_factory=set)
    fills: dict[ExecId, int] = field(default_factory=dict)
    settled_quantity: int = 0
    ended: bool = False

    @property
    def is_open(self) -> bool:
        return not self.ended or sum(self.fills.values()) != self.settled_quantity

    def end(self) -> None:
        # An option that expired leaves no sale behind; what is held now is the zero that later fills are measured by.
        self.ended = True
        self.settled_quantity = sum(self.fills.values())


@dataclass(slots=True)
class DayTotals:
    """What was approved on one New York day."""

    day: date | None = None
    orders: int = 0
    contracts: int = 0
    notional_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class OtherBots:
    """What other bots on this account hold and bought today, as of the last look at the broker's books.

    Only what bears another bot's mark: what the owner holds by hand is no bot's exposure.
    """

    positions: int = 0
    notional_usd: Decimal = Decimal(0)
    today: DayTotals = field(default_factory=DayTotals)


def seen_of_others(snapshot: Snapshot) -> OtherBots:
    """From orders and fills that bear another bot's mark, and the positions that they explain."""
    live = [x for x in snapshot.open_orders if bot_of(x.ref) is not None and x.status in LIVE]
    fills = [x for x in snapshot.fills if bot_of(x.order_ref) is not None]
    theirs = {x.contract.con_id for x in live} | {x.contract.con_id for x in fills}
    held = [x for x in snapshot.positions if x.contract.con_id in theirs and x.quantity > 0]
    entries = [x for x in live if x.side is Side.BUY]
    resting = sum(
        ((x.limit_price or Decimal(0)) * x.remaining * x.contract.multiplier for x in entries), Decimal(0)
    )
    day = new_york_day(snapshot.at)
    bought = [x for x in fills if x.side is Side.BUY and new_york_day(x.at) == day]
    return OtherBots(
        positions=len({x.contract.con_id for x in held} | {x.contract.con_id for x in entries}),
        notional_usd=sum((x.avg_cost * x.quantity for x in held), resting),
        today=DayTotals(
            day,
            orders=len({x.order_ref for x in bought}),
            contracts=sum(x.quantity for x in bought),
            notional_usd=sum((x.price * x.quantity * x.contract.multiplier for x in bought), Decimal(0)),
        ),
    )


class Exposure:
    """The brackets of this account, the day's totals and the day trades. Limits are the account's: what ``others`` hold
    and bought counts as if it were ours."""

    def __init__(self) -> None:
        self.others = OtherBots()
        self.brackets: dict[IdeaId, OpenBracket] = {}
        self._open: dict[IdeaId, OpenBracket] = {}
        self.approved_at: deque[datetime] = deque(maxlen=1000)
        self._totals = DayTotals()
        self._day_trades: dict[date, set[IdeaId]] = {}

    def place(self, order: PlaceBracket) -> None:
        """Count an approval."""
        units = order.quantity * order.contract.multiplier
        self.brackets[order.idea_id] = OpenBracket(
            idea_id=order.idea_id,
            symbol=order.symbol,
            strategy=order.strategy,
            direction=Direction.BULLISH if order.contract.right is Right.CALL else Direction.BEARISH,
            con_id=order.contract.con_id,
            quantity=order.quantity,
            notional_usd=order.entry_limit * units,
            at_risk_usd=(order.entry_limit - order.stop) * units
            if order.risk_usd is None
            else order.risk_usd,
            delta_usd=_delta_usd(order, units),
            approved_at=order.at,
        )
        self._note(self.brackets[order.idea_id])
        self.approved_at.append(order.at)
        self._count(order, units)

    def _note(self, bracket: OpenBracket) -> None:
        if bracket.is_open:
            self._open[bracket.idea_id] = bracket
        else:
            self._open.pop(bracket.idea_id, None)

    def adopt(self, order: PlaceBracket) -> None:
        """Count a bracket that was approved and forgotten, unless it is known."""
        if order.idea_id not in self.brackets:
            self.place(order)

    def _count(self, order: PlaceBracket, units: int) -> None:
        day = new_york_day(order.at)
        if self._totals.day is not None and day < self._totals.day:
            return  # what is adopted from an earlier day belongs to no total that is still asked for
        totals = self.totals(day)
        totals.orders += 1
        totals.contracts += order.quantity
        totals.notional_usd += order.entry_limit * units
        self._totals = totals

    def fill(self, booked: FillBooked) -> None:
        """Count a fill: money moved, and perhaps a day trade was made."""
        fill = booked.fill
        bracket = self.brackets.get(fill.order_ref.rsplit("/", 1)[0])
        if bracket is None:
            return
        if booked.replaces is not None:
            bracket.fills.pop(booked.replaces, None)
        bracket.fills[fill.exec_id] = fill.signed_quantity
        bracket.money_moved_at = fill.at
        day = new_york_day(fill.at)
        if fill.side is Side.BUY:
            bracket.bought_on.add(day)
        elif day in bracket.bought_on:
            self._day_trades.setdefault(day, set()).add(bracket.idea_id)
        self._note(bracket)

    def end(self, idea_id: IdeaId) -> None:
        """Release a bracket that closed or never opened."""
        if idea_id in self.brackets:
            self.brackets[idea_id].end()
            self._note(self.brackets[idea_id])

    def see_others(self, snapshot: Snapshot) -> None:
        """Whoever shares the account has its limits, too."""
        self.others = seen_of_others(snapshot)

    def totals(self, day: date) -> DayTotals:
        """Our own approvals of that New York day."""
        return self._totals if self._totals.day == day else DayTotals(day)

    def account_totals(self, day: date) -> DayTotals:
        """The same with what other bots bought."""
        ours, theirs = self.totals(day), self.others.today
        if theirs.day != day:
            return ours
        return DayTotals(
            day,
            ours.orders + theirs.orders,
            ours.contracts + theirs.contracts,
            ours.notional_usd + theirs.notional_usd,
        )

    @property
    def position_count(self) -> int:
        """Open brackets and other bots' positions."""
        return len(self.open()) + self.others.positions

    def open(self) -> list[OpenBracket]:
        return list(self._open.values())

    def approvals_since(self, at: datetime, length: timedelta) -> int:
        return sum(at - length < approved for approved in self.approved_at)

    def day_trades_since(self, first: date, today: date) -> int:
        """Day trades made from ``first`` on, with every bracket approved today counted as the day trade it may become."""
        made = {(day, x) for day, ideas in self._day_trades.items() if day >= first for x in ideas}
        may_become = {(today, b.idea_id) for b in self.open() if new_york_day(b.approved_at) == today}
        return len(made | may_become)

    def at_risk_usd(self) -> Decimal:
        return sum((bracket.at_risk_usd for bracket in self.open()), Decimal(0))

    def notional_usd(self) -> Decimal:
        return sum((bracket.notional_usd for bracket in self.open()), self.others.notional_usd)

    def delta_usd(self, direction: Direction) -> Decimal:
        """How many dollars of the underlyings all open brackets together move like, in that direction."""
        total = sum((bracket.delta_usd for bracket in self.open()), Decimal(0))
        return total if direction is Direction.BULLISH else -total

    def allocated_usd(self, strategy: str) -> Decimal:
        return sum((b.notional_usd for b in self.open() if b.strategy == strategy), Decimal(0))

    def unseen_by_account_usd(self, account_at: datetime) -> Decimal:
        """Premium promised but perhaps not yet in account figures of that time: unfilled entries and newer fills."""
        unseen = (b for b in self.open() if b.money_moved_at is None or b.money_moved_at > account_at)
        return sum((bracket.notional_usd for bracket in unseen), Decimal(0))


def _delta_usd(order: PlaceBracket, units: int) -> Decimal:
    """As approved; a row from before it was counted has a whole delta at the strike."""
    if order.delta_usd is not None:
        return order.delta_usd
    sign = 1 if order.contract.right is Right.CALL else -1
    return sign * units * (order.contract.strike or Decimal(0))
