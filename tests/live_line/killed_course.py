"""A bot that trades and is killed again and again at random moments, and what both books say of it.

Run: ``python -m tests.live_line.killed_course KILLS [SEED [SPEED]]``
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain import messages as m
from bot.ops.process.control_client import leave_halt
from tests.gauntlet.score import Score
from tests.live_line.hostile_course import OFTEN, HostileCourse, booked
from tests.live_line.hostile_proxy import Malice

LIFE_S = (0.5, 12.0)
"""A life's length on the wall's clock: from before the first import has ended to well into a trade. Every other life is
counted from its connection on, so that a slow machine kills traders, too, and not only beginners."""


@dataclass
class KilledCourse(HostileCourse):
    """``kills`` lives end by SIGKILL; in the ``halt_at``-th a halt is left as a file, and nothing may lift it."""

    kills: int = 100
    halt_at: int = 80
    life_s: tuple[float, float] = LIFE_S

    def signals(self) -> dict[str, str]:
        """One a minute, whatever life it falls into."""
        return {f"{hour}:{minute:02}": "bullish" for hour in range(10, 16) for minute in range(60)}

    def suffer(self) -> None:
        draw = random.Random(self.malice.seed)  # noqa: S311  a seeded course, no secret
        self.proxy.is_calm = True
        for number in range(1, self.kills + 1):
            self.start()
            while number % 2 and not self._is_connected():
                self._must_live()
            until_s = time.monotonic() + draw.uniform(*self.life_s)
            while time.monotonic() < until_s:
                self._must_live()
                self._turn_over()
            if number == self.halt_at:
                leave_halt(self.directory / "state", "kill it while it is halted", "test")
            assert self.bot is not None
            self.bot.kill()
            self.bot.wait()
        self.start()
        self.wait_for_agreement()

    def _is_connected(self) -> bool:
        return self.gateway.ask(lambda core: any(True for _ in core.started()))

    def score(self) -> Score:
        orders = self.gateway.ask(lambda core: core.world.open_orders())
        disk = self.disk()  # behind the orders: what is at the gateway was on disk before
        halts = Counter[str]()
        for x in disk:
            if isinstance(x, m.Halted):
                halts[x.cause] += 1
            elif isinstance(x, m.Resumed):
                halts.pop(x.cause, None)
        forgotten = () if "operator" in halts or self.kills < self.halt_at else ("the halt was forgotten",)
        return Score(
            scenario=f"{self.kills} kills",
            ids="G36",
            worst_unprotected_s=self.judge.worst_unprotected_s,
            reconcile_s=None,
            duplicated=tuple(self.judge.duplicated(self.gateway.books(), disk)),
            lost=tuple(self.judge.lost(disk, orders)),
            naked=tuple(self.gateway.ask(self.judge.naked)),
            faults=(*self.judge.faults, *forgotten),
            overnight_s=self.judge.overnight_unprotected_s,
        )

    def figures(self) -> dict[str, Any]:
        disk = self.disk()
        kinds = Counter(type(x).__name__ for x in disk)
        return {
            "kills": self.kills,
            "lives that traded": kinds["LineStarted"],
            "trades": kinds["BracketClosed"],
            "fills": kinds["FillBooked"],
            "position": {str(k): v for k, v in self.position().items()},
            "booked": {str(k): v for k, v in booked(disk).items()},
            **self.score().as_dict(),
        }


def main(kills: int, seed: int = 0, speed: float = 5.0) -> int:
    with tempfile.TemporaryDirectory() as folder:
        course = KilledCourse(
            Path(folder) / "course",
            kills=kills,
            malice=Malice(seed),
            speed=speed,
            variables=OFTEN,
            halt_at=kills * 4 // 5,
        )
        try:
            course.suffer()
        finally:
            figures = course.figures()
            sys.stdout.write(json.dumps(figures, indent=1) + "\n")
            course.close()
    return 1 if figures["complaints"] else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *map(float, sys.argv[3:])))
