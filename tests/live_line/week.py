"""A week in the life: five sessions from Monday before Thanksgiving to the Monday after, with all that a week brings.

Nightly gateway restarts that roll order ids back, IB's nightly reset, a restart of the bot, farm blips, a competing
session, broken sockets, a half-day, the end of the weekly log-in on Sunday, and order messages lost and doubled by
chance. The seed moves the faults about and makes another market.
"""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.session import new_york_day, session_on
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.session import ClientSession
from bot.sim.world.build import synthetic_world
from tests.gauntlet.rig import BEAR, BULL, Rig, clock

MONDAY, FRIDAY, LAST = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 30)
SIGNALS = {"09:50": BULL, "11:30": BEAR, "12:45": BULL, "15:00": BEAR}


def resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class HistoryPacing:
    """What the gateway calls a violation, with its limit applied to bars of every size, on the simulated clock."""

    def __init__(self, rig: Rig) -> None:
        self.violations: list[str] = []
        rig.ask(self._sit_down)

    def _sit_down(self, core: GatewayCore) -> None:
        # Steps are a minute and more: what a line says within one would be read all at once.
        core.settings = replace(
            core.settings,
            pace_all_bars=True,
            tick_interval=timedelta(seconds=30),
            greeks_delay=timedelta(seconds=60),
        )
        error: Callable[..., None] = core.error

        def say(session: ClientSession, req_id: int, code: int, text: str) -> None:
            if code == 100 or (code == 162 and "pacing" in text.lower()):
                self.violations.append(f"{core.now:%a %H:%M:%S} {code} {text}")
            error(session, req_id, code, text)

        core.error = say  # type: ignore[method-assign]  # an observer at the door


class Week:
    def __init__(self, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  a test's chance
        world = synthetic_world(
            ["SPY"], MONDAY, start=clock(MONDAY, "09:25"), seed=seed, equity=Decimal(60_000)
        )
        self.rig = Rig(directory, world, SIGNALS, OPTIONS__EXPIRY="7-14", MARKET_DATA__STRIKES_EACH_SIDE="1")
        self.pacing = HistoryPacing(self.rig)
        self.memory_mib: list[float] = []
        """Of bot, gateway and test together, after each day."""

    def run(self) -> None:
        self.rig.start()
        self._chance()
        day = MONDAY
        while day <= LAST:
            if session_on(day) is not None:
                self._session(day)
            self._night(day)
            self.memory_mib.append(resident_mib())
            day += timedelta(days=1)

    def _chance(self) -> None:
        for kind in ("openOrder", "orderStatus", "execDetails", "commissionReport", "tickPrice"):
            self.rig.faults.message(kind, "drop", count=None, chance=0.02)
            self.rig.faults.message(kind, "duplicate", count=None, chance=0.05)

    # ── a day ──

    def _session(self, day: date) -> None:
        session = session_on(day)
        assert session is not None
        troubles = sorted(self._troubles(day, session.open, session.close), key=lambda trouble: trouble[0])
        for at, act in troubles:
            self._go(at)
            act()
        self._go(session.close + timedelta(minutes=5))

    def _troubles(
        self, day: date, first: datetime, last: datetime
    ) -> list[tuple[datetime, Callable[[], Any]]]:
        rig, faults = self.rig, self.rig.faults
        every = {
            MONDAY: [lambda: faults.farm("usfarm", seconds=3, dead_after=True)],
            MONDAY + timedelta(days=1): [lambda: faults.competing_session(seconds=240), faults.drop_socket],
            MONDAY + timedelta(days=2): [
                lambda: faults.outage(seconds=90, then=1101),
                lambda: faults.farm("usopt", seconds=20),
                rig.restart,
            ],
            FRIDAY: [lambda: faults.refuse(seconds=60), lambda: faults.outage(seconds=45, then=1102)],
            LAST: [rig.restart, lambda: faults.farm("ushmds", seconds=30), faults.kill_feeds],
        }
        minutes = int((last - first).total_seconds() // 60) - 10
        return [
            (first + timedelta(minutes=self.random.randint(5, minutes)), act) for act in every.get(day, [])
        ]

    def _night(self, day: date) -> None:
        rig = self.rig
        if day.weekday() == 6:
            self._go(clock(day, "01:00"), 3600)
            rig.faults.log_out()
            self._go(clock(day, "09:00"), 3600)
            rig.faults.log_in()
            rig.step(60, 20)
        self._go(clock(day, "23:45"), 3600)
        rig.faults.restart(seconds=120, roll_back_ids=True)
        if self.random.random() < 0.5:
            rig.kill()
            rig.step(60, 60)
            rig.start()
        rig.step(180, 60)
        after = clock(day + timedelta(days=1), "00:15")
        self._go(after, 900)
        rig.faults.outage(seconds=120, then=self.random.choice((1101, 1102)))
        rig.step(150, 30)
        self._go(clock(day + timedelta(days=1), "09:25" if day < LAST else "00:30"), 3600)

    def _go(self, at: datetime, night_step: float = 60.0) -> None:
        """Minute by minute where something may happen, in larger steps where nothing can."""
        while self.rig.now < at:
            session = session_on(new_york_day(self.rig.now))
            is_open = (
                session is not None and session.open - timedelta(minutes=5) <= self.rig.now < session.close
            )
            step = self._busy_step() if is_open else max(night_step, 60.0)
            self.rig.tick(min(step, (at - self.rig.now).total_seconds()))
            self._while_disconnected()
            self._while_bare(at)

    def _while_disconnected(self) -> None:
        """The adapter calls again by the wall's clock: on a busy machine hours of the week would pass meanwhile."""
        rig = self.rig
        if rig.is_cut_off and rig.can_talk():
            rig.pause_until(lambda: not rig.is_cut_off)
            rig.rest()

    def _while_bare(self, at: datetime) -> None:
        """A gap is watched second by second: it must be measured, not rounded up to a step."""
        while self.rig.judge.is_bare and self.rig.now < at:
            self.rig.tick(1.0)

    def _busy_step(self) -> float:
        """A minute while something is held or a signal is near."""
        if self.rig.position or self.rig.orders():
            return 60.0
        signals = (clock(new_york_day(self.rig.now), minute) - self.rig.now for minute in SIGNALS)
        is_near = any(timedelta(minutes=-3) < wait < timedelta(minutes=7) for wait in signals)
        return 60.0 if is_near else 180.0

    # ── what came of it ──

    @property
    def trades(self) -> list[m.BracketClosed]:
        return self.rig.all(m.BracketClosed)

    @property
    def connections(self) -> int:
        return len(self.rig.all(b.BrokerConnected))
