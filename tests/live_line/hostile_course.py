"""A bot that trades over a hostile wire, and what its books and the gateway's say of it.

Run: ``python -m tests.live_line.hostile_course SECONDS [SEED [SPEED]]``
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.types import ConId
from bot.ops.process.control_client import ask
from bot.sim.gateway.core import GatewayCore
from tests.gauntlet.judge import positions_of
from tests.gauntlet.score import Score
from tests.live_line.course import Course
from tests.live_line.hostile_proxy import HostileProxy, Malice

LAG_S = 3.0
"""A book is right if it is what the gateway's was within so much of its time: a fill is on its way for a while."""
HELD_S = 20.0
"""After so long a trade is let to its target, or to its stop, in turn."""
CALM_WALL_S = 120.0
OFTEN = {
    "EXECUTION__SNAPSHOT_EVERY_S": "30",
    "RISK__MAX_ORDERS_PER_DAY": "500",
    "RISK__MAX_CONTRACTS_PER_DAY": "5000",
    "RISK__MAX_LOSS_STREAK": "50",
    "RISK__MAX_CLOCK_SKEW_S": "60",
    "RISK__MAX_DRAWDOWN_PCT": "0.5",
    "RISK__COOLDOWN_AFTER_LOSS_MINUTES": "0",
}
Book = dict[ConId, int]


@dataclass
class HostileCourse(Course):
    """``seconds`` of the wall's time under malice, then calm until both sides agree."""

    seconds: float = 600.0
    malice: Malice = field(default_factory=Malice)
    trades_every_minutes: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.proxy = HostileProxy(self.gateway.port, self.malice)
        self.port = self.proxy.port
        self.resumed = 0
        self._held_since: dict[ConId, datetime] = {}
        self._closed = 0
        self._history: list[tuple[datetime, Book]] = [(self.gateway.now, {})]
        self.gateway.ask(self._keep_history)

    def _keep_history(self, core: GatewayCore) -> None:
        tell = core.apply

        def apply(events: list[Any]) -> None:
            tell(events)
            book = dict(positions_of(core))
            if book != self._history[-1][1]:
                self._history.append((core.now, book))

        core.apply = apply  # type: ignore[method-assign]  # an observer between the world and its listeners

    def signals(self) -> dict[str, str]:
        first = self.gateway.now.replace(second=0)
        span = int(self.seconds * self.speed / 60) + 2
        return {
            f"{first + timedelta(minutes=n):%H:%M}": "bullish"
            for n in range(1, span, self.trades_every_minutes)
        }

    def suffer(self) -> None:
        """Trade through it, then come to rest."""
        self.start()
        end_s = time.monotonic() + self.seconds
        while time.monotonic() < end_s:
            self._must_live()
            self._turn_over()
            self._resume_if_halted()
        self.proxy.is_calm = True
        self.wait_for_agreement()

    def _must_live(self) -> None:
        assert self.bot is not None
        self.bot_rest()
        code = self.bot.poll()
        assert code is None, f"the bot ended with {code}: {(self.directory / 'out').read_text()[-3000:]}"

    def _turn_over(self) -> None:
        now, held = self.gateway.now, self.position()
        self._held_since = {con_id: self._held_since.get(con_id, now) for con_id in held}
        for con_id, since in self._held_since.items():
            if now - since > timedelta(seconds=HELD_S):
                self._closed += 1
                bid = 9.0 if self._closed % 2 else self._below_stop(con_id)
                self.gateway.faults.pin_quote(con_id, bid=bid, ask=bid + 0.02, size=50)
                self._held_since[con_id] = now + timedelta(minutes=5)

    def _below_stop(self, con_id: ConId) -> float:
        """Low enough to set the stop off, and no dearer lesson than that."""
        orders = self.gateway.ask(lambda core: core.world.open_orders())
        prices = [v.order.aux_price for v in orders if v.contract.con_id == con_id and v.order.aux_price]
        return max(float(min(prices)) - 0.02, 0.01) if prices else 9.0

    def _resume_if_halted(self) -> None:
        state = self.directory / "state"
        with suppress(FixTheMachine, KeyError):
            if ask(state, {"do": "status"}, 2.0)["status"]["trading_state"] == "HALTED":
                ask(state, {"do": "resume", "reason": "a garbled wire", "by": "test"}, 2.0)
                self.resumed += 1

    def wait_for_agreement(self) -> None:
        """On a calm wire the two books become one, whatever was garbled before."""
        until_s, began = time.monotonic() + CALM_WALL_S, self.gateway.now
        while not self._agrees_since(began):
            assert time.monotonic() < until_s, f"no agreement: {self.summary()}"
            self._must_live()

    def _agrees_since(self, began: datetime) -> bool:
        last = next((x for x in reversed(self.disk()) if isinstance(x, m.Reconciled)), None)
        is_new = last is not None and last.at > began
        return is_new and booked(self.disk()) == self.position()

    # ── what is judged afterwards ──

    def score(self) -> Score:
        """What the wire forged is not the bot's: an order whose id was garbled counts as no order sent twice."""
        return Score(
            scenario="hostile",
            ids="G62",
            worst_unprotected_s=self.judge.worst_unprotected_s,
            reconcile_s=None,
            lost=self._lost(),
            naked=tuple(self.gateway.ask(self.judge.naked)),
            faults=(*self.judge.faults, *self.wrong_books()),
            overnight_s=self.judge.overnight_unprotected_s,
        )

    def _lost(self) -> tuple[str, ...]:
        """The bot still trades: what was filled a moment ago may be on its way."""
        until_s = time.monotonic() + CALM_WALL_S
        while (lost := self.judge.lost(self.disk(), [])) and time.monotonic() < until_s:
            self._must_live()
        return tuple(lost)

    def wrong_books(self) -> list[str]:
        """Each reconciliation that names no mismatch, and after which the book is none of the gateway's then."""
        found, seen = list[str](), list[object]()
        for row in self.disk():
            seen.append(row)
            if isinstance(row, m.Reconciled) and not row.mismatches:
                book = booked(seen)
                if book not in self._books_around(row.at):
                    found.append(f"{row.at:%H:%M:%S}: {book}, the gateway {self._books_around(row.at)}")
        return found

    def _books_around(self, at: datetime) -> list[Book]:
        lag = timedelta(seconds=LAG_S * max(self.speed, 1.0))
        before = [book for when, book in self._history if when <= at - lag][-1:]
        return before + [book for when, book in self._history if at - lag < when <= at + lag]

    def summary(self) -> dict[str, Any]:
        disk = self.disk()
        kinds = Counter(type(x).__name__ for x in disk)
        return {
            "faults": dict(sorted(self.proxy.done.items())),
            "sessions": kinds["BrokerConnected"],
            "reconciled": kinds["Reconciled"],
            "set_aside": kinds["RowSetAside"],
            "line_restarts": [x.error[:200] for x in disk if isinstance(x, m.MachineFailed)],
            "trades": kinds["BracketClosed"],
            "halts": dict(Counter(x.cause for x in disk if isinstance(x, m.Halted))),
            "resumed": self.resumed,
            "worst_unprotected_s": self.judge.worst_unprotected_s,
            "worst_excess_s": self.judge.worst_excess_s,
            "wrong_books": self.wrong_books(),
            "judge": self.judge.faults,
            "position": {str(k): v for k, v in self.position().items()},
            "booked": {str(k): v for k, v in booked(disk).items()},
        }

    def close(self) -> None:
        super().close()
        self.proxy.close()


def booked(disk: list[object]) -> Book:
    """What the journal says is held: its fills, corrections in the place of what they correct."""
    fills = {x.fill.exec_id: x.fill for x in disk if isinstance(x, m.FillBooked)}
    for x in disk:
        if isinstance(x, m.FillBooked) and x.replaces is not None:
            fills.pop(x.replaces, None)
    held: Counter[ConId] = Counter()
    for fill in fills.values():
        held[fill.contract.con_id] += fill.signed_quantity
    return {con_id: count for con_id, count in held.items() if count}


def main(seconds: float, seed: int = 0, speed: float = 1.0) -> int:
    with tempfile.TemporaryDirectory() as folder:
        course = HostileCourse(
            Path(folder) / "course",
            seconds=seconds,
            malice=Malice(seed),
            speed=speed,
            variables=OFTEN,
        )
        try:
            course.suffer()
        finally:
            sys.stdout.write(json.dumps(course.summary(), indent=1) + "\n")
            course.close()
    return 0


if __name__ == "__main__":
    seconds, seed, speed = (float(word) for word in (*sys.argv[1:], *"01"[len(sys.argv) - 2 :]))
    sys.exit(main(seconds, int(seed), speed))
