"""No danger without a word: what the gateway's books show for over half a minute (a connection that is lost while something
is held: for longer than the minute that is allowed), the bot's own alerts and Prometheus' rules each say by themselves.

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

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.session import is_open
from bot.domain.types import ConId, IdeaId
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.metrics.exposition import collected
from bot.ops.metrics.family import Picture
from bot.ops.metrics.link import connection_state
from bot.ops.metrics.money import MONEY, POSITIONS
from bot.ops.metrics.orders import ORDERS
from bot.ops.metrics.runtime import STATE
from bot.ops.status.status import Status
from bot.sim.exchange.events import Executed
from bot.sim.gateway.core import GatewayCore
from tests.gauntlet.judge import OUR_CLIENT, bare, positions_of, stops_of

LASTS = timedelta(seconds=30)
OUT_OF_REACH_LASTS, STUCK_LASTS, DEAD_LASTS = (timedelta(seconds=s) for s in (90, 45, 120))
"""What is allowed for telling it, a few steps included: a minute, half a minute, and a minute and a half of scrapes."""
UNPROTECTED, UNFILLABLE = "unprotected", "cannot be closed"
OUT_OF_REACH, STUCK, DEAD = "out of reach", "behind an order that is stuck", "held by a dead bot"
WORDS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    UNPROTECTED: (("UNPROTECTED", "could not be protected"), "PositionUnprotected"),
    UNFILLABLE: (("Cannot close",), "ExitOverdue"),
    OUT_OF_REACH: (("OUT OF REACH",), "PositionOutOfReach"),
    STUCK: (("No answer from the broker",), "OrderUnanswered"),
    DEAD: ((), "BotDownHolding"),
}
"""Danger → words of which one stands in a critical alert of the bot, and the rule of Prometheus that fires. The dead say
nothing: that the heartbeat stops is told by whoever listens to it."""
SAMPLED = (
    "positions_unprotected",
    "stop_quantity_mismatch",
    "exits_overdue",
    "position_contracts",
    "reconcile_mismatches",
    "orders_unanswered",
    "market_open",
)
TIMES = ("session_open_timestamp_seconds", "session_close_timestamp_seconds")
_FAMILIES = {family.name: family for family in (*MONEY, *POSITIONS, *ORDERS, *STATE)}
_READY = 'gateway_connection_state{state="ready",'
_RULES = Path(__file__).parents[2] / "configs" / "prometheus" / "rules"
STEP_S = 5


@dataclass
class Dangers:
    """``found``: each danger that lasted, with the time at which it had. Contracts of another hand are nobody's danger."""

    found: dict[str, datetime] = field(default_factory=dict)
    _since: dict[tuple[str, ConId], datetime] = field(default_factory=dict)
    _read: int = 0
    _samples: list[tuple[datetime, dict[str, float]]] = field(default_factory=list)
    _cancelled: dict[str, datetime] = field(default_factory=dict)
    _close_by: dict[IdeaId, datetime] = field(default_factory=dict)

    def hear(self, log: Sequence[tuple[float, Message]], now: datetime) -> set[IdeaId]:
        """The ideas that are to be closed by now: by their plan, by a command, or because the bot has begun to (a refused
        order stands in no book)."""
        new, self._read = log[self._read :], len(log)
        for _, x in new:
            if isinstance(x, b.SendCancel):
                self._cancelled.setdefault(x.ref, x.at)
            elif isinstance(x, m.PlaceBracket):
                self._close_by[x.idea_id] = x.close_by
            elif isinstance(x, m.FlattenAll):
                self._close_by = dict.fromkeys(self._close_by, x.at)
            elif isinstance(x, m.ExitPosition):
                self._close_by[x.idea_id] = x.at
        return {idea_id for idea_id, at in self._close_by.items() if at <= now}

    def look(
        self, core: GatewayCore, closing: set[IdeaId], executed: Iterable[Executed], foreign: set[ConId]
    ) -> None:
        """At the gateway's books as they are now; ``executed`` says which contract an idea's orders are of."""
        held = {con_id: count for con_id, count in positions_of(core).items() if con_id not in foreign}
        stopped = stops_of(core)
        for con_id, count in held.items():
            self._note(UNPROTECTED, con_id, stopped[con_id] < count, core.now)
            self._since.pop((DEAD, con_id), None)
            self._note(OUT_OF_REACH, con_id, is_lost(core) and is_open(core.now), core.now)
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
            elif core.now - self._since[kind, con_id] > (
                OUT_OF_REACH_LASTS if kind == OUT_OF_REACH else LASTS
            ):
                self.found.setdefault(kind, core.now)
        self._look_for_the_stuck(core)

    def _note(self, kind: str, con_id: ConId, stands: bool, now: datetime) -> None:
        if stands:
            self._since.setdefault((kind, con_id), now)
        else:
            self._since.pop((kind, con_id), None)

    def _look_for_the_stuck(self, core: GatewayCore) -> None:
        """Orders that live on long after the bot asked for their end, though the gateway could be asked all the while."""
        alive = {bare(view.order.order_ref) for view in core.world.open_orders()}
        if is_lost(core):
            self._cancelled = dict.fromkeys(self._cancelled, core.now)
        self._cancelled = {ref: at for ref, at in self._cancelled.items() if ref in alive}
        if any(core.now - at > STUCK_LASTS for at in self._cancelled.values()) and is_open(core.now):
            self.found.setdefault(STUCK, core.now)

    def look_dead(self, core: GatewayCore) -> None:
        """As ``look``, while no bot lives."""
        for con_id, count in positions_of(core).items():
            self._since.pop((OUT_OF_REACH, con_id), None)
            self._note(DEAD, con_id, count > 0 and is_open(core.now), core.now)
            if core.now - self._since.get((DEAD, con_id), core.now) > DEAD_LASTS:
                self.found.setdefault(DEAD, core.now)
        if self._samples and self._samples[-1][1]:
            self._samples.append((core.now, {}))

    def sample(self, status: Status, now: datetime) -> None:
        """What a scrape would read."""
        picture = Picture(status)
        values = {
            name: float(found.samples[0].value)
            for name in (*SAMPLED, *TIMES)
            if (found := collected(_FAMILIES[name], picture)).samples
        }
        values[_READY] = float(connection_state(status) == "ready")
        if not self._samples or self._samples[-1][1] != values:
            self._samples.append((now, values))

    def unsaid(self, told: list[Alert], until: datetime, folder: Path) -> list[str]:
        """Dangers that the bot, or Prometheus, said nothing of."""
        critical = [f"{x.title} {x.body}" for x in told if x.severity is Severity.CRITICAL]
        silent = [
            f"the bot never said that a position is {kind}"
            for kind in self.found
            if WORDS[kind][0] and not any(word in text for word in WORDS[kind][0] for text in critical)
        ]
        if self.found and which("promtool") is not None:
            rules = {WORDS[kind][1] for kind in self.found}
            silent += [f"Prometheus: {one}" for one in _quiet_rules(rules, self._series(until), folder)]
        return silent

    def _series(self, until: datetime) -> dict[str, str]:
        """promtool's series: the value at each step, the last one known; none of a process that is dead."""
        first = self._samples[0][0]
        steps = int((until - first).total_seconds()) // STEP_S + 1
        names = (*SAMPLED, *TIMES, _READY)
        lines: dict[str, list[str]] = {name: [] for name in (*names, "up")}
        place = 0
        for step in range(steps):
            at = first + timedelta(seconds=step * STEP_S)
            while place + 1 < len(self._samples) and self._samples[place + 1][0] <= at:
                place += 1
            values = self._samples[place][1]
            lines["up"].append("1" if values else "0")
            for name in names:
                shift = first.timestamp() if name in TIMES else 0
                lines[name].append(f"{values[name] - shift:.10g}" if name in values else "stale")
        lines["clock_speed_ratio"] = ["1"] * steps
        return {
            f"{'' if name == 'up' else 'ibbot_'}{name if '{' in name else name + '{'}"
            'job="ibkr-bot",instance="pi",host="pi"}': " ".join(values)
            for name, values in lines.items()
        }


def is_lost(core: GatewayCore) -> bool:
    """Whether nothing that is asked here could be answered from IB's books."""
    link = core.link
    return not link.is_up or link.is_silent or not any(x.client_id == OUR_CLIENT for x in core.started())


def _quiet_rules(rules: set[str], series: dict[str, str], folder: Path) -> list[str]:
    steps = max(len(values.split()) for values in series.values())
    document = {
        "rule_files": [str(_RULES / "recorded.yml"), str(_RULES / "money.yml")],
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
