"""No danger without a word: what the gateway's books show for over half a minute, the bot's own alerts and Prometheus' rules
each say by themselves.

The bot's channel is its alerts as they were sent; Prometheus is given what the bot's metrics showed at each step of the
scenario, and its rules are judged by promtool.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Final

import yaml

from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.types import ConId, IdeaId
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.metrics.family import Picture
from bot.ops.metrics.money import MONEY, POSITIONS
from bot.ops.status.status import Status
from bot.sim.exchange.events import Executed
from bot.sim.gateway.core import GatewayCore
from tests.gauntlet.judge import positions_of, stops_of

LASTS = timedelta(seconds=30)
UNPROTECTED, UNFILLABLE = "unprotected", "cannot be closed"
WORDS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    UNPROTECTED: (("UNPROTECTED", "could not be protected"), "PositionUnprotected"),
    UNFILLABLE: (("Cannot close",), "ExitOverdue"),
}
"""Danger → words of which one stands in a critical alert of the bot, and the rule of Prometheus that fires."""
SAMPLED = ("positions_unprotected", "stop_quantity_mismatch", "exits_overdue")
_FAMILIES = {family.name: family for family in (*MONEY, *POSITIONS) if family.name in SAMPLED}
_RULES = Path(__file__).parents[2] / "configs" / "prometheus" / "rules" / "money.yml"
STEP_S = 5


@dataclass
class Dangers:
    """``found``: each danger that lasted, with the time at which it had. Contracts of another hand are nobody's danger."""

    found: dict[str, datetime] = field(default_factory=dict)
    _since: dict[tuple[str, ConId], datetime] = field(default_factory=dict)
    _read: int = 0
    _samples: list[tuple[datetime, dict[str, float]]] = field(default_factory=list)

    def hear(self, log: Sequence[tuple[float, Message]]) -> set[IdeaId]:
        """The ideas that the bot has begun to close since it was last listened to: a refused order stands in no book."""
        new, self._read = log[self._read :], len(log)
        return {x.idea_id for _, x in new if isinstance(x, m.ExitPosition)}

    def look(
        self, core: GatewayCore, closing: set[IdeaId], executed: Iterable[Executed], foreign: set[ConId]
    ) -> None:
        """At the gateway's books as they are now; ``executed`` says which contract an idea's orders are of."""
        held = {con_id: count for con_id, count in positions_of(core).items() if con_id not in foreign}
        stopped = stops_of(core)
        for con_id, count in held.items():
            self._note(UNPROTECTED, con_id, stopped[con_id] < count, core.now)
        due = {
            one.execution.contract.con_id
            for one in (executed if closing else ())
            if one.execution.order_ref.partition("/")[0] in closing
        }
        for con_id in due & held.keys():
            self._since.setdefault((UNFILLABLE, con_id), core.now)
        for kind, con_id in [*self._since]:
            if con_id not in held:
                del self._since[kind, con_id]
            elif core.now - self._since[kind, con_id] > LASTS:
                self.found.setdefault(kind, core.now)

    def _note(self, kind: str, con_id: ConId, stands: bool, now: datetime) -> None:
        if stands:
            self._since.setdefault((kind, con_id), now)
        else:
            self._since.pop((kind, con_id), None)

    def sample(self, status: Status, now: datetime) -> None:
        """What a scrape would read."""
        picture = Picture(status)
        values = {name: float(family.collect(picture).samples[0].value) for name, family in _FAMILIES.items()}
        if not self._samples or self._samples[-1][1] != values:
            self._samples.append((now, values))

    def unsaid(self, told: list[Alert], until: datetime, folder: Path) -> list[str]:
        """Dangers that the bot, or Prometheus, said nothing of."""
        critical = [f"{x.title} {x.body}" for x in told if x.severity is Severity.CRITICAL]
        silent = [
            f"the bot never said that a position is {kind}"
            for kind in self.found
            if not any(word in text for word in WORDS[kind][0] for text in critical)
        ]
        if self.found and which("promtool") is not None:
            rules = {WORDS[kind][1] for kind in self.found}
            silent += [f"Prometheus: {one}" for one in _quiet_rules(rules, self._series(until), folder)]
        return silent

    def _series(self, until: datetime) -> dict[str, str]:
        """promtool's series: the value at each step, the last one known."""
        first = self._samples[0][0]
        steps = int((until - first).total_seconds()) // STEP_S + 1
        lines: dict[str, list[str]] = {name: [] for name in SAMPLED}
        place = 0
        for step in range(steps):
            at = first + timedelta(seconds=step * STEP_S)
            while place + 1 < len(self._samples) and self._samples[place + 1][0] <= at:
                place += 1
            for name in SAMPLED:
                lines[name].append(f"{self._samples[place][1][name]:g}")
        return {
            f'ibbot_{name}{{instance="pi",host="pi"}}': " ".join(values) for name, values in lines.items()
        }


def _quiet_rules(rules: set[str], series: dict[str, str], folder: Path) -> list[str]:
    steps = max(len(values.split()) for values in series.values())
    document = {
        "rule_files": [str(_RULES)],
        "evaluation_interval": f"{STEP_S}s",
        "tests": [
            {
                "interval": f"{STEP_S}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(max_over_time(ALERTS{{alertname="{rule}",alertstate="firing"}}[30d]))',
                        "eval_time": f"{steps * STEP_S}s",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for rule in sorted(rules)
                ],
            }
        ],
    }
    made = folder / "danger.yml"
    made.write_text(yaml.safe_dump(document, width=10**9), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(made)], capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else [(done.stdout + done.stderr)[-600:]]
