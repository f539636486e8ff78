"""One stretch after the other, as in the exact gear, but from one instant that can matter to the next.

Nothing is skipped while a bracket is open, an idea is undecided, a signal waits, or data have a hole; and not around a bar
that may fire. Between such times nothing but bars reaches the machines, and the questions they ask on a clock of their own
(the routine look at the broker's books) are asked when their time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.assembly.machines import make_machines
from bot.backtest.collector import seldom_collected
from bot.backtest.exact.run import AFTER_CLOSE, ExactLine, Progress, nobody, note_day, plan_stretches, the_one
from bot.backtest.fast.broker import OnDemandExchange
from bot.backtest.fast.foresight import Foresight, loud_minutes
from bot.backtest.fast.marks import Marks
from bot.backtest.fast.quiet import first_stir, first_touch
from bot.backtest.feed.markets import market_of
from bot.backtest.feed.stretches import Stretch
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.idea import Idea
from bot.domain.market import Bar, BarSize
from bot.domain.session import Session
from bot.domain.types import IdeaId, Symbol
from bot.execution.order_manager import OrderManager
from bot.execution.watcher import OcoWatcher
from bot.risk.machine import RiskMachine
from bot.sim.exchange.events import AccountChanged, ExchangeEvent
from bot.sim.exchange.orders import OrderView
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.market.recorded.library import Library
from bot.sim.world.steps import LONGEST_STEP, next_step
from bot.sim.world.world import World
from bot.strategies.symbol import SymbolStrategy
from bot.wiring import EXECUTION, OCO_WATCHER, RISK, STRATEGY, Machine

_BEFORE: Final = timedelta(seconds=5)
"""A step before a bar that may fire everything registered is asked to be quoted; at the bar's end it is."""
_MINUTE: Final = timedelta(minutes=1)
_OPENING: Final = timedelta(seconds=20)
_POINT: Final = timedelta(seconds=15)
"""Between two points of the market, or more."""
_MOMENT: Final = timedelta(microseconds=1)
_LOOK_AHEAD: Final = timedelta(minutes=16)
"""How far an option's path is looked up at once."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STIRRING: Final[tuple[type, ...]] = (
    b.SendOrders, b.SendRevision, b.SendCancel, b.OrderStatusChanged, b.OrderRefused, b.Filled, b.CommissionCharged,
    m.ExitPosition, m.PlaceProtection, m.CancelEntry, m.CancelOrder, m.ProtectionChanged, m.FlattenAll,
)  # fmt: skip
"""After any of them the line is watched step by step until desk and watcher say that they rest."""


class UnforeseenSignal(RestartTheLine):
    """A bar fired that was not expected to: the gear must not be trusted with this strategy."""


def _unforeseen(strategy: str, bar: Bar) -> UnforeseenSignal:
    return UnforeseenSignal(f"{strategy} fired on {bar.symbol} at {bar.end}, unforeseen")


def run_fast(
    plan: BacktestPlan,
    library: Library,
    progress: Progress = nobody,
    hear: Callable[[m.Message], None] = nobody,
) -> Outcome:
    """As the exact gear's, and with the same outcome. Raises UnforeseenSignal where it could not be."""
    out = Outcome(plan.equity)
    with seldom_collected():
        for stretch in plan_stretches(plan, library):
            world = market_of(plan, stretch, library, out.end_equity)
            FastLine(plan, world, out, hear).play(stretch, library, progress)
    return out


class FastLine(ExactLine):
    """The same line, moved by leaps."""

    _exchange: OnDemandExchange

    def __init__(
        self, plan: BacktestPlan, world: World, out: Outcome, hear: Callable[[m.Message], None] = nobody
    ) -> None:
        super().__init__(plan, world, out, hear)
        self._is_heard = hear is not nobody
        self._desk = the_one(self._machines[EXECUTION], OrderManager)
        self._watcher = the_one(self._machines[OCO_WATCHER], OcoWatcher)
        self._risk = the_one(self._machines[RISK], RiskMachine)
        names = {symbol: f"{STRATEGY}:{symbol}" for symbol in plan.symbols}
        self._strategies = {x: the_one(self._machines[name], SymbolStrategy) for x, name in names.items()}
        self._foresight = {symbol: Foresight(plan, symbol) for symbol in plan.symbols}
        self._open: set[IdeaId] = set()
        self._waiting: set[IdeaId] = set()
        """Signals whose idea is still to come."""
        self._plans: dict[IdeaId, m.PlaceBracket] = {}
        self._postponed: set[IdeaId] = set()
        """Those that are judged again with each minute's bar."""
        self._is_stirred = False
        self._marks = Marks(self._risk)
        self._touch: tuple[tuple[OrderView, ...], datetime, datetime | None] = ((), world.now, None)
        """The exits at work, how far their prices were looked up, and where one of them may act."""
        self._listeners: dict[type, Callable[..., None]] = {
            m.HistoryLoaded: lambda x: self._foresight[x.symbol].warm_up(x),
            m.SignalFired: self._on_signal,
            m.SignalPostponed: lambda x: self._postponed.add(x.idea_id),
            m.PlaceBracket: self._on_place,
            m.IdeaDropped: self._on_idea,
            m.EntryDenied: self._on_end,
            m.EntryAbandoned: self._on_end,
            m.BracketClosed: self._on_end,
            m.TradeIdea: self._on_idea,
            m.Halted: self._stir,
            m.Resumed: self._stir,
            **dict.fromkeys(_STIRRING, self._stir),
        }

    def _make_exchange(self, world: World) -> LoopbackExchange:
        return OnDemandExchange(world)

    def _make_machines(self, plan: BacktestPlan) -> dict[str, Machine]:
        return make_machines(plan.settings, 1.0, self._exchange.quotes_by)

    # ── what the line says ──

    def _ears_of(self, kind: type) -> Iterator[Callable[[Any], None]]:
        yield from super()._ears_of(kind)
        if (listener := self._listeners.get(kind)) is not None:
            yield listener

    def _stir(self, _: object) -> None:
        self._is_stirred = True

    def _rests(self) -> bool:
        """Whether nothing is under way at the desk or at the watcher."""
        if self._is_stirred:
            self._is_stirred = not (self._desk.is_at_rest and self._watcher.is_at_rest)
        return not self._is_stirred

    def _on_signal(self, signal: m.SignalFired) -> None:
        if self._world.now != signal.bar_end:
            raise UnforeseenSignal(
                f"{signal.strategy} fired on {signal.symbol} at {signal.bar_end}, unforeseen"
            )
        self._waiting.add(Idea(signal.symbol, signal.bar_end, signal.strategy).idea_id)

    def _on_idea(self, idea: m.TradeIdea | m.IdeaDropped) -> None:
        self._waiting.discard(idea.idea_id)
        self._postponed.discard(idea.idea_id)
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

    # ── time ──

    def play(
        self, stretch: Stretch, library: Library, progress: Progress, until: datetime | None = None
    ) -> None:
        """The stretch's sessions in order. ``until`` is the exact gear's alone."""
        del until
        for session in stretch.sessions:
            self._morning(session, library)
            self._exchange.answers = self._plan.is_synthetic or not any(
                library.chain(symbol, session.day) for symbol in self._plan.symbols
            )
            self._day(session)
            note_day(self._out, self._plan, self._world, library, session.day)
            progress(session.day)
        self._note_open()

    def _day(self, session: Session) -> None:
        end = session.close + AFTER_CLOSE
        present = [x for symbol, x in self._foresight.items() if symbol not in self._data.absent]
        while self._world.now < end and not all(x.is_warm for x in present):
            self._exchange.arm()
            self._step(next_step(self._world))
        instants, loud = self._foreseen(session)
        while self._world.now < end:
            now = self._world.now
            while instants and instants[0] <= now:
                instants.pop(0)
            soon = self._next_instant(instants, now)
            self._arm_for(soon, now, loud)
            target = self._target(session, soon, loud, now)
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
            if symbol not in self._data.absent:
                loud += loud_minutes(session, bars)
        return sorted(instants), sorted(loud)

    def _next_instant(self, instants: list[datetime], now: datetime) -> datetime | None:
        """When a bar may fire next, or a signal that waits for its window is judged again."""
        found = instants[:1]
        if self._postponed:
            found.append(now.replace(second=0, microsecond=0) + _MINUTE)
        return min(found, default=None)

    def _arm_for(self, soon: datetime | None, now: datetime, loud: list[tuple[datetime, datetime]]) -> None:
        """Everything is told where an idea may come of a quote, and where it cannot be asked for.

        An idea comes of a quote where its hour's bar does not come: where minutes are missing.
        """
        is_whole = soon is None or soon.minute != 0 or not loud
        is_asked = self._exchange.answers and is_whole
        wanted = bool(self._waiting - self._postponed) or (self._is_soon(soon, now) and not is_asked)
        if wanted and not self._exchange.is_armed:
            self._exchange.arm()
        elif not wanted and self._exchange.is_armed:
            self._exchange.disarm()

    @staticmethod
    def _is_soon(soon: datetime | None, now: datetime) -> bool:
        return soon is not None and soon - _BEFORE <= now

    def _target(
        self, session: Session, soon: datetime | None, loud: list[tuple[datetime, datetime]], now: datetime
    ) -> datetime:
        """How far nothing can matter; ``now`` where something can at once."""
        is_early = now < session.open + _OPENING
        if is_early or self._exchange.is_armed or self._is_soon(soon, now) or not self._rests():
            return now
        if now >= session.close:
            return now if self._open else session.close + AFTER_CLOSE
        if any(start <= now < end for start, end in loud):
            return now
        marks = [session.close - _BEFORE, *(x - _BEFORE for x in (soon,) if x is not None)]
        marks += [start for start, _ in loud if start > now]
        if self._open:
            return self._hold(now, min(marks))
        return max(now, min(marks))

    def _hold(self, now: datetime, limit: datetime) -> datetime:
        """While brackets are held: as far as no exit can be touched and no deadline is near."""
        if not self._open <= self._plans.keys():
            return now
        orders = self._world.open_orders()
        if not self._is_protected(orders):
            return now
        deadline = min(x.close_by for x in self._plans.values()) - _BEFORE
        to = min(limit, deadline)
        touch = self._next_touch(tuple(orders), now, to)
        return max(now, to if touch is None else min(to, touch - _BEFORE))

    def _next_touch(self, orders: tuple[OrderView, ...], now: datetime, to: datetime) -> datetime | None:
        known, looked_up, touch = self._touch
        if known != orders or (touch is not None and touch <= now):
            looked_up, touch = now, None
        settings = self._world.exchange_settings
        while touch is None and looked_up < to:
            since, looked_up = looked_up, looked_up + _LOOK_AHEAD
            touch = first_touch(self._world.market, orders, since, looked_up, settings)
        self._touch = (orders, looked_up, touch)
        return touch

    def _is_protected(self, orders: list[OrderView]) -> bool:
        """Whether what is at work is one target and one stop for each contract held, and nothing else."""
        exits = {(x.contract.con_id, x.stop_price is None) for x in orders if x.is_active}
        held = {x.contract.con_id for x in self._plans.values()}
        return len(orders) == len(exits) == 2 * len(held) and {con_id for con_id, _ in exits} == held

    @property
    def _next_look(self) -> datetime | None:
        """The step in which the desk will look at the broker's books."""
        due = self._desk.next_look
        return None if due is None else due + -(due - _EPOCH) % LONGEST_STEP

    def _leap(self, target: datetime) -> None:
        self._glide(target)
        for fact in self._exchange.settle(self._marks.rest()):
            self._line.tell(fact)
        # At the target, too: what follows is dated by the step before it.
        self._line.tell(m.TimePassed(target))

    def _glide(self, at: datetime) -> None:
        """To ``at``, with leaps over what leaves the watched strikes as they are."""
        while self._world.now < at:
            now = self._world.now
            stir = first_stir(self._world.market, now, at, self._reaches)
            # The last point is made as ever: exits see it, and the newest quotes are told.
            quiet = at - _POINT if stir is None else min(at - _POINT, stir - _MOMENT)
            if quiet > now and stir != now:
                self._move(self._world.leap_to, quiet)
            step = at if stir is None else min(at, stir if stir > now else now + _MINUTE)
            self._move(self._world.advance_to, step)

    def _move(self, by: Callable[[datetime], list[ExchangeEvent]], to: datetime) -> None:
        """Let the world move, past the desk's looks at the broker's books: of each risk is shown what is held.

        Desk and watcher rest, so a look would find what it found before.
        """
        while (look := self._next_look) is not None and look <= to:
            if self._open and look > self._world.now:
                self._tell(by(look))
                self._tell([AccountChanged(look, self._world.account_figures())])
            if (asked_at := self._desk.pass_over_look(look)) is None:
                break
            self._watcher.look_passed(asked_at)
        if self._world.now < to:
            self._tell(by(to))

    def _tell(self, events: list[ExchangeEvent]) -> None:
        for fact in self._exchange.glide(events, self._moves, self._due):
            if type(fact) is b.BarReceived and fact.bar.size is BarSize.M1 and self._is_unread:
                self._take(fact)
            else:
                self._line.tell(fact)

    @property
    def _is_unread(self) -> bool:
        """Whether a bar that is leapt over is of interest to its strategies alone."""
        return not (self._waiting or self._postponed or self._is_heard)

    def _take(self, fact: b.BarReceived) -> None:
        """A bar's way through the line without its messages."""
        for said in self._data.decide(fact):  # it keeps nothing of either message
            if type(said) is not m.BarClosed or said.bar.size is not BarSize.M1:
                self._line.tell(said)
                continue
            self._out.bars += 1
            for name, fired, reason in self._strategies[said.bar.symbol].look(said.bar, is_live=said.is_live):
                self._out.judged[name, str(reason)] += 1
                if fired:
                    raise _unforeseen(name, said.bar)

    def _due(self, event: AccountChanged) -> Iterator[AccountChanged]:
        """What risk is shown by now; while nothing is held only the last figures are of interest."""
        return self._marks.due(event) if self._open else iter(())

    def _reaches(self, symbol: Symbol) -> list[tuple[float, float]] | None:
        return self._data.reaches(symbol)

    def _moves(self, symbol: Symbol, spot: float) -> bool:
        reaches = self._reaches(symbol)
        return reaches is None or any(abs(spot - centre) > far for centre, far in reaches)
