"""A scenario's stage: a simulated gateway, the whole bot over real TCP, stepped time, and a judge in the gateway.

How time moves: a step advances the gateway, then everything is settled (gateway, adapter, actors) until a whole round
moved nothing, then the bot hears the time. While the socket is down only what can be settled is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from bot.broker.ibkr import IbkrBroker
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.messages import Message
from bot.domain.session import NEW_YORK, new_york_day
from bot.domain.types import ConId, Direction
from bot.ops.alerts.alert import Alert, Severity
from bot.sim.exchange.orders import OrderView
from bot.sim.gateway.core import GatewayCore
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.world import World
from bot.wiring import Machine
from tests.gauntlet.bot_line import TIMEOUT_S, Heard, Life, quick, rows_on_disk
from tests.gauntlet.dangers import Dangers
from tests.gauntlet.judge import Judge, bare, positions_of, stops_of
from tests.gauntlet.score import Score
from tests.gauntlet.signals import Signals, told_strategy
from tests.live_line.lines import settings as settings_of

T = TypeVar("T")
DAY = date(2011, 1, 26)
BULL, BEAR = Direction.BULLISH, Direction.BEARISH
# Few lines, and no denial for a spread: what is proved here is something else.
FEW = {"MARKET_DATA__STRIKES_EACH_SIDE": "2", "OPTIONS__MIN_VOLUME": "0", "OPTIONS__MAX_SPREAD_PCT": "0.10"}


_OF_LINKS = (b.BrokerConnected, b.BrokerDisconnected)


def clock(day: date, text: str) -> datetime:
    """A New York minute of that day."""
    hour, minute = map(int, text.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)


class Rig:
    """``signals`` come from a strategy that is told what to say. ``limit_s`` is how long a gap may last."""

    limit_s = 5.0
    pacing: tuple[str, ...] | None = None

    def __init__(
        self,
        directory: Path,
        world: World,
        signals: Signals,
        *,
        spread: bool = False,
        whale: bool = False,
        time_scale: dict[str, object] | None = None,
        **variables: str,
    ) -> None:
        self.world = world
        self.settings = settings_of(**{**FEW, **variables})
        self.directory = directory
        self.gateway = SimGatewayThread(world)
        self.faults = self.gateway.faults
        self.judge = Judge(self.gateway)
        self.dangers = Dangers()
        self.heard = Heard()
        self.now = self.gateway.now
        self.bot_now: Callable[[], datetime] = lambda: self.now
        """The bot's own clock; a scenario may put it wrong."""
        self._spread, self._signals, self._name = spread, signals, "whale" if whale else "scalp"
        self._patience = time_scale or {}
        self._life: Life | None = None
        self.told: list[Alert] = []

    # ── lives ──

    @property
    def life(self) -> Life:
        assert self._life is not None, "the bot does not live"
        return self._life

    def start(self) -> Rig:
        self.start_unconnected()
        self.rest()
        return self

    def start_unconnected(self) -> None:
        strategies: Callable[[], dict[str, Machine]] = lambda: {  # noqa: E731  a table made anew for each life
            f"strategy:{symbol}": told_strategy(
                symbol, self.settings, self._signals, self._name, spread=self._spread
            )
            for symbol in self.settings.symbols
        }
        time_scale = quick(self.settings, self.gateway.port, **self._patience)
        self._life = Life(
            self.settings,
            self.directory,
            time_scale,
            self.heard,
            lambda: self.bot_now(),
            strategies,
            self.told,
        )
        self._life.start()

    def second_bot(self) -> Callable[[], None]:
        """Another program with the same client id; the answer ends it."""
        heard: list[Message] = []
        other = IbkrBroker(quick(self.settings, self.gateway.port), now=lambda: self.now)
        other.start(heard.append)
        self.pause_until(lambda: any(isinstance(x, b.BrokerConnected) for x in heard))
        return lambda: other.stop(5.0)

    @property
    def is_cut_off(self) -> bool:
        """The bot lives, and lost a connection that it has not had again."""
        of_links = (x for _, x in reversed(self.heard.log) if isinstance(x, _OF_LINKS))
        return self._life is not None and isinstance(next(of_links, None), b.BrokerDisconnected)

    def pause_until(self, holds: Callable[[], bool]) -> None:
        """For what the adapter does by the wall's clock: give it the wall's time, while the simulated clock stands."""
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            assert time.monotonic() < deadline, "did not come"
            self.gateway.settle()
            threading.Event().wait(0.02)

    def kill(self) -> None:
        self.life.kill()
        self._life = None
        self.gateway.settle()

    def stop(self) -> None:
        self.life.stop()
        self._life = None
        self.gateway.settle()

    def restart(self) -> None:
        """SIGKILL, then the start path."""
        self.kill()
        self.start()
        self.step(1)

    def close(self) -> None:
        if self._life is not None:
            with suppress(RestartTheLine):
                self.life.stop()
        self.gateway.stop()

    def say(self, *messages: Message) -> None:
        """What comes from inside the bot, or from a person, once the bot knows all that has happened outside: a quote goes by
        another machine than a command, and the one that is overtaken would be acted on as it was."""
        self.rest()
        self.life.say(*messages)

    # ── time ──

    def rest(self) -> None:
        """Return when nothing moves any more, on either side of the socket."""
        before = -2
        while self._life is not None:
            self.gateway.settle()
            if self.can_talk():
                self.life.broker.settle(TIMEOUT_S)
            handled = self.life.handled()
            if handled in (before, -1):
                return
            before = handled

    def can_talk(self) -> bool:
        """Whether the gateway would answer the bot."""

        def ask(core: GatewayCore) -> bool:
            link = core.link
            return link.is_listening and not link.is_silent and not link.closes_after_accept

        return self.gateway.ask(ask)

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.gateway.advance_to(self.now)
        self.rest()
        if self._life is not None and self.life.supervisor.failed is None:
            self.life.say(m.TimePassed(self.bot_now()))
            self.rest()
            self._look_for_dangers()
        elif self._life is None:
            self.ask(self.dangers.look_dead)

    def _look_for_dangers(self) -> None:
        """While the bot lives."""
        self.dangers.sample(self.life.board.status, self.now)
        closing = self.dangers.hear(self.heard.log, self.now)
        self.ask(
            lambda core: self.dangers.look(core, closing, self.judge.executed.values(), self.judge.foreign)
        )

    def step(self, seconds: float, every: float = 1.0) -> None:
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.tick(min(every, (until - self.now).total_seconds()))

    def until(self, text: str, every: float = 15.0) -> None:
        """To a New York minute of the day."""
        self.step((clock(new_york_day(self.now), text) - self.now).total_seconds(), every)

    def wait_for(self, holds: Callable[[], bool], seconds: float, every: float = 1.0) -> None:
        until = self.now + timedelta(seconds=seconds)
        while not holds():
            assert self.now < until, f"did not come within {seconds} s"
            self.tick(every)

    # ── the market ──

    def pin(self, con_id: ConId, bid: float, ask: float, size: int = 50) -> None:
        self.faults.pin_quote(con_id, bid=bid, ask=ask, size=size)
        self.rest()

    def ask(self, question: Callable[[GatewayCore], T]) -> T:
        return self.gateway.ask(question)

    # ── what is ──

    @property
    def position(self) -> dict[ConId, int]:
        return dict(self.ask(positions_of))

    @property
    def stopped(self) -> dict[ConId, int]:
        return {con_id: count for con_id, count in self.ask(stops_of).items() if count}

    def orders(self) -> list[OrderView]:
        """Live at the gateway."""
        return self.ask(lambda core: core.world.open_orders())

    def leg(self, leg: str) -> OrderView:
        """The one live order with this leg."""
        found = [view for view in self.orders() if f"/{leg}" in view.order.order_ref]
        assert len(found) == 1, f"{len(found)} live orders are a {leg}"
        return found[0]

    @property
    def sent(self) -> list[str]:
        """The bot's refs of all new orders that the gateway received."""
        return [bare(one.order_ref) for one in self.gateway.books().received if one.kind == "new"]

    def all(self, kind: type[T]) -> list[T]:
        return self.heard.all(kind)

    def disk(self) -> list[Message]:
        if self._life is not None:
            self.life.journal.flush()
            return [row.message for row in self.life.journal.rows()]
        return rows_on_disk(self.directory, lambda: self.now)

    @property
    def alarms(self) -> list[str]:
        """The critical alerts, title and body."""
        return [f"{x.title} | {x.body}" for x in self.told if x.severity is Severity.CRITICAL]

    @property
    def halts(self) -> set[str]:
        """Causes that are latched on disk."""
        causes: set[str] = set()
        for message in self.disk():
            if isinstance(message, m.Halted):
                causes.add(message.cause)
            elif isinstance(message, m.Resumed):
                causes.discard(message.cause)
        return causes

    # ── usual beginnings ──

    def opened(self) -> ConId:
        """A filled and protected position: the contract's id."""
        self.wait_for(lambda: bool(self.position), 180, 15)
        self.step(1)
        (con_id,) = self.position
        assert self.stopped == self.position
        return con_id

    def opened_late(self) -> ConId:
        """A position whose protection the bot may not have been told of yet."""
        self.wait_for(lambda: bool(self.position), 180, 15)
        self.step(6)
        (con_id,) = self.position
        return con_id

    def price_paid(self) -> float:
        fills = [x.fill for x in self.all(m.FillBooked) if x.fill.order_ref.endswith("/entry")]
        return float(sum((f.price * f.quantity for f in fills), Decimal(0)) / sum(f.quantity for f in fills))

    # ── the verdict ──

    def score(self, name: str, ids: str) -> Score:
        books, disk = self.gateway.books(), self.disk()
        orders = self.ask(lambda core: core.world.open_orders())
        self.ask(self.judge.look)
        return Score(
            scenario=name,
            ids=ids,
            worst_unprotected_s=self.judge.worst_unprotected_s,
            reconcile_s=self.heard.reconcile_s(),
            duplicated=tuple(self.judge.duplicated(books, disk)),
            lost=tuple(self.judge.lost(disk, orders)),
            naked=tuple(self.ask(self.judge.naked)),
            faults=(*self.judge.faults, *self.dangers.unsaid(self.told, self.now, self.directory)),
            overnight_s=self.judge.overnight_unprotected_s,
            pacing=self.pacing,
            limit_s=self.limit_s,
        )
