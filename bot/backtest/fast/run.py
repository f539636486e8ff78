"""One stretch after the other, as in the exact gear, but from one instant that can matter to the next.

Nothing is skipped while a bracket is open, an idea is undecided, a signal waits, or data have a hole; and not around a bar
that may fire. Between such times nothing but bars reaches the machines, and the questions they ask on a clock of their own
(the routine look at the broker's books) are asked when their time has come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.backtest.exact.run import AFTER_CLOSE, ExactLine, Progress, note_day, plan_stretches
from bot.backtest.fast.broker import OnDemandExchange
from bot.backtest.fast.foresight import Foresight, loud_minutes
from bot.backtest.fast.quiet import calm_until, untouched
from bot.backtest.feed.markets import market_of
from bot.backtest.feed.stretches import Stretch
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.idea import Idea
from bot.domain.session import Session
from bot.domain.types import IdeaId, Symbol
from bot.market_data.machine import MarketData
from bot.sim.exchange.events import ExchangeEvent
from bot.sim.exchange.orders import OrderView
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.market.recorded.library import Library
from bot.sim.world.steps import LONGEST_STEP, next_step
from bot.sim.world.world import World
from bot.wiring import MARKET_DATA

_BEFORE: Final = timedelta(seconds=5)
"""A step before a bar that may fire everything registered is asked to be quoted; at the bar's end it is."""
_AFTER: Final = timedelta(seconds=5)
_SETTLED: Final = timedelta(seconds=15)
"""No skipping until this long after anything happened to an order: late reports, the last cancel, a first snapshot."""
_MINUTE: Final = timedelta(minutes=1)
_OPENING: Final = timedelta(minutes=1)


_STIRRING: Final[tuple[type, ...]] = (
    b.SendOrders, b.SendRevision, b.SendCancel, b.OrderStatusChanged, b.OrderRefused, b.Filled, b.CommissionCharged,
    m.ExitPosition, m.PlaceProtection, m.CancelEntry, m.CancelOrder, m.ProtectionChanged, m.FlattenAll,
)  # fmt: skip
"""After any of them the line is watched step by step for a while."""


class UnforeseenSignal(RestartTheLine):
    """A bar fired that was not expected to: the gear must not be trusted with this strategy."""


def _nobody(_: object) -> None:
    """For whoever is not listening."""


def run_fast(
    plan: BacktestPlan,
    library: Library,
    progress: Progress = _nobody,
    hear: Callable[[m.Message], None] = _nobody,
) -> Outcome:
    """As the exact gear's, and with the same outcome. Raises UnforeseenSignal where it could not be."""
    out = Outcome(plan.equity)
    for stretch in plan_stretches(plan, library):
        world = market_of(plan, stretch, library, out.end_equity)
        FastLine(plan, world, out, hear).play(stretch, library, progress)
    return out


class FastLine(ExactLine):
    """The same line, moved by leaps."""

    _exchange: OnDemandExchange

    def __init__(
        self, plan: BacktestPlan, world: World, out: Outcome, hear: Callable[[m.Message], None] = _nobody
    ) -> None:
        super().__init__(plan, world, out, hear)
        self._foresight = {symbol: Foresight(plan, symbol) for symbol in plan.symbols}
        self._open: set[IdeaId] = set()
        self._waiting: set[IdeaId] = set()
        """Signals whose idea is still to come."""
        self._plans: dict[IdeaId, m.PlaceBracket] = {}
        self._calm_from = self._near_until = world.now
        self._snapshot_at = world.now
        self._listeners: dict[type, Callable[..., None]] = {
            m.HistoryLoaded: lambda x: self._foresight[x.symbol].warm_up(x),
            m.SignalFired: self._on_signal,
            m.PlaceBracket: self._on_place,
            m.IdeaDropped: self._on_idea,
            m.EntryDenied: self._on_end,
            m.EntryAbandoned: self._on_end,
            m.BracketClosed: self._on_end,
            m.TradeIdea: self._on_idea,
            m.Halted: self._stir,
            m.Resumed: self._stir,
            b.TakeSnapshot: self._on_snapshot,
            **dict.fromkeys(_STIRRING, self._stir),
        }

    def _make_exchange(self, world: World) -> LoopbackExchange:
        return OnDemandExchange(world)

    # ── what the line says ──

    def _hear(self, message: m.Message) -> None:
        super()._hear(message)
        listener = self._listeners.get(type(message))
        if listener is not None:
            listener(message)

    def _stir(self, _: object) -> None:
        self._calm_from = self._world.now + _SETTLED

    def _on_signal(self, signal: m.SignalFired) -> None:
        if not self._exchange.is_armed:
            raise UnforeseenSignal(
                f"{signal.strategy} fired on {signal.symbol} at {signal.bar_end}, unforeseen"
            )
        self._waiting.add(Idea(signal.symbol, signal.bar_end, signal.strategy).idea_id)

    def _on_idea(self, idea: m.TradeIdea | m.IdeaDropped) -> None:
        self._waiting.discard(idea.idea_id)
        if isinstance(idea, m.TradeIdea):
            self._open.add(idea.idea_id)

    def _on_place(self, place: m.PlaceBracket) -> None:
        self._plans[place.idea_id] = place
        self._exchange.hold(place.contract)
        self._stir(place)

    def _on_end(self, end: m.EntryDenied | m.EntryAbandoned | m.BracketClosed) -> None:
        self._open.discard(end.idea_id)
        place = self._plans.pop(end.idea_id, None)
        if place is not None:
            self._stir(end)
            con_id = place.contract.con_id
            if all(other.contract.con_id != con_id for other in self._plans.values()):
                self._exchange.release(con_id)

    def _on_snapshot(self, _: b.TakeSnapshot) -> None:
        self._snapshot_at = self._world.now

    # ── time ──

    def play(
        self, stretch: Stretch, library: Library, progress: Progress, until: datetime | None = None
    ) -> None:
        """The stretch's sessions in order. ``until`` is the exact gear's alone."""
        del until
        for session in stretch.sessions:
            self._morning(session)
            self._day(session)
            note_day(self._out, self._plan, self._world, library, session.day)
            progress(session.day)
        self._note_open()

    def _day(self, session: Session) -> None:
        end = session.close + AFTER_CLOSE
        while self._world.now < end and not all(x.is_warm for x in self._foresight.values()):
            self._exchange.arm()
            self._step(next_step(self._world))
        instants, loud = self._foreseen(session)
        while self._world.now < end:
            now = self._world.now
            while instants and instants[0] + _AFTER < now:
                instants.pop(0)
            self._arm_for(instants, now)
            target = self._target(session, instants, loud, now)
            if target > now:
                self._leap(target)
            else:
                self._step(next_step(self._world))

    def _foreseen(self, session: Session) -> tuple[list[datetime], list[tuple[datetime, datetime]]]:
        instants: set[datetime] = set()
        loud: list[tuple[datetime, datetime]] = []
        for symbol, foresight in self._foresight.items():
            bars = self._world.market.stocks[symbol].tape.minutes(session.day)
            instants.update(foresight.instants(session, bars))
            loud += loud_minutes(session, bars)
        return sorted(instants), sorted(loud)

    def _arm_for(self, instants: list[datetime], now: datetime) -> None:
        wanted = bool(self._waiting) or (bool(instants) and instants[0] - _BEFORE <= now)
        if wanted and not self._exchange.is_armed:
            self._exchange.arm()
        elif not wanted and self._exchange.is_armed:
            self._exchange.disarm()

    def _target(
        self, session: Session, instants: list[datetime], loud: list[tuple[datetime, datetime]], now: datetime
    ) -> datetime:
        """How far nothing can matter; ``now`` where something can at once."""
        if now < max(self._calm_from, session.open + _OPENING) or self._exchange.is_armed:
            return now
        if now >= session.close:
            return now if self._open else session.close + AFTER_CLOSE
        if any(start <= now < end for start, end in loud):
            return now
        marks = [session.close - _BEFORE, *(x - _BEFORE for x in instants[:1])]
        marks += [start for start, _ in loud if start > now]
        if self._open:
            return self._hold(now, min(marks))
        return max(now, min(marks))

    def _hold(self, now: datetime, limit: datetime) -> datetime:
        """While brackets are held: up to the next look at the account, as far as no exit can be touched."""
        if now < self._near_until or not self._open <= self._plans.keys():
            return now
        orders = self._world.open_orders()
        if not self._is_protected(orders):
            return now
        deadline = min(x.close_by for x in self._plans.values()) - _BEFORE
        to = min(limit, deadline, self._world.next_figures)
        start = now.replace(second=0, microsecond=0)
        for end in (to, start + 2 * _MINUTE, start + _MINUTE):
            whole = end + (_MINUTE if end.second else timedelta()) - timedelta(seconds=end.second)
            if now < end <= to and untouched(self._world.market, orders, start, whole):
                return end
        self._near_until = start + _MINUTE
        return now

    def _is_protected(self, orders: list[OrderView]) -> bool:
        """Whether what is at work is one target and one stop for each contract held, and nothing else."""
        exits = {(x.contract.con_id, x.stop_price is None) for x in orders if x.is_active}
        held = {x.contract.con_id for x in self._plans.values()}
        return len(orders) == len(exits) == 2 * len(held) and {con_id for con_id, _ in exits} == held

    def _leap(self, target: datetime) -> None:
        # A request is later than the step in which it is made, so the next one falls on the step after so long.
        wait = timedelta(seconds=self._plan.settings.execution.snapshot_every_s)
        every = (wait // LONGEST_STEP + 1) * LONGEST_STEP
        due = self._snapshot_at + every * ((target - self._snapshot_at) // every)
        for at in (due, target):
            if self._world.now < at <= target:
                self._glide(at)

    def _glide(self, at: datetime) -> None:
        """To ``at``, with leaps over whole minutes in which the watched strikes stay."""
        while self._world.now < at:
            to = at.replace(second=0, microsecond=0)
            calm = calm_until(self._world.market, self._world.now, to, self._reaches)
            if calm > self._world.now + 2 * _MINUTE:
                self._tell(self._world.leap_to(calm))
            step = at if calm >= to else min(at, max(calm, self._world.now) + _MINUTE)
            self._tell(self._world.advance_to(step))
        self._line.tell(m.TimePassed(at))

    def _tell(self, events: list[ExchangeEvent]) -> None:
        for fact in self._exchange.glide(events, self._moves):
            self._line.tell(fact)

    def _reaches(self, symbol: Symbol) -> list[tuple[float, float]] | None:
        data = self._machines[MARKET_DATA]
        assert isinstance(data, MarketData)  # noqa: S101  the composition's own
        return data.reaches(symbol)

    def _moves(self, symbol: Symbol, spot: float) -> bool:
        reaches = self._reaches(symbol)
        return reaches is None or any(abs(spot - centre) > far for centre, far in reaches)
