"""What a scenario does to messages: drop, delay, duplicate, reorder, rewrite; and what it answers instead of the exchange.

Rule: chance comes from one seeded generator, and only where a rule asks for it, so the same seed and the same messages
give the same faults.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.domain.contract import Contract

Delivery = tuple[timedelta, str, dict[str, Any]]
_NOW = timedelta(0)


class FaultEffect(StrEnum):
    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    REWRITE = "rewrite"
    INSERT = "insert"


_CHANGING = frozenset({FaultEffect.REWRITE, FaultEffect.INSERT})


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """For messages of ``kind`` (``*``: any), answers or requests. ``count`` None means for ever; ``skip`` lets some pass.

    ``reorder`` holds a message back until the next one to the same client has gone out; ``insert`` sends another one
    first, whose kind and values are ``fields``.
    """

    kind: str
    effect: FaultEffect
    client_id: int | None = None
    count: int | None = 1
    skip: int = 0
    delay: timedelta = _NOW
    chance: float = 1.0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def concerns(self, client_id: int | None, kind: str) -> bool:
        return self.kind in ("*", kind) and self.client_id in (None, client_id) and self.count != 0


@dataclass(slots=True, kw_only=True)
class ScriptedRejection:
    """Answer the next ``count`` new orders with this error; ``action`` and ``order_type`` narrow it down."""

    code: int
    text: str
    count: int = 1
    action: str = ""
    order_type: str = ""


@dataclass(slots=True)
class _Trigger:
    kind: str
    left: int
    action: Callable[[], None]


class MessageFaults:
    """The rules in force. ``hidden`` and ``unentitled`` are scopes: ``all``, a symbol, a security type or a conId."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[FaultRule] = []
        self.rejections: list[ScriptedRejection] = []
        self.hidden: set[str] = set()
        self.unentitled: set[str] = set()
        self._triggers: list[_Trigger] = []
        self._held: dict[int | None, list[tuple[str, dict[str, Any]]]] = {}
        self._random = random.Random(f"faults {seed}")  # noqa: S311 - a simulation's chance, not a secret

    def clear(self) -> None:
        """Back to good behaviour; what was held back goes out behind the next message."""
        self.rules.clear()
        self.rejections.clear()
        self.hidden.clear()
        self.unentitled.clear()
        self._triggers.clear()

    def forget(self, kind: str) -> None:
        """End the rewriting of this kind."""
        self.rules = [
            rule
            for rule in self.rules
            if rule.effect not in _CHANGING or rule.fields.get("kind", rule.kind) != kind
        ]

    def outgoing(self, client_id: int | None, kind: str, values: dict[str, Any]) -> list[Delivery]:
        """What is really sent, and how much later."""
        if not self.rules and not self._held:
            return [(_NOW, kind, values)]
        deliveries = self._through_rules(client_id, kind, values)
        if deliveries:
            deliveries += [(_NOW, *held) for held in self._held.pop(client_id, [])]
        return deliveries

    def _through_rules(self, client_id: int | None, kind: str, values: dict[str, Any]) -> list[Delivery]:
        delay, copies = _NOW, 1
        before: list[Delivery] = []
        for rule in self._firing(client_id, kind):
            match rule.effect:
                case FaultEffect.DROP:
                    return []
                case FaultEffect.REORDER:
                    self._held.setdefault(client_id, []).append((kind, values))
                    return []
                case FaultEffect.DELAY:
                    delay += rule.delay
                case FaultEffect.DUPLICATE:
                    copies += 1
                case FaultEffect.REWRITE:
                    values = {**values, **rule.fields}
                case FaultEffect.INSERT:
                    row = dict(rule.fields)
                    before.append((_NOW, row.pop("kind"), row))
        return [*before, *[(delay, kind, values)] * copies]

    def incoming(self, client_id: int | None, kind: str) -> list[timedelta]:
        """When a request is delivered: once at once without faults, never when it is dropped."""
        if not self.rules:
            return [_NOW]
        delay, copies = _NOW, 1
        for rule in self._firing(client_id, kind):
            if rule.effect is FaultEffect.DROP:
                return []
            delay += rule.delay if rule.effect is FaultEffect.DELAY else _NOW
            copies += 1 if rule.effect is FaultEffect.DUPLICATE else 0
        return [delay] * copies

    def _firing(self, client_id: int | None, kind: str) -> Iterator[FaultRule]:
        # Most messages are quotes that no rule names: they must not pay a call for each rule.
        for rule in [rule for rule in self.rules if rule.kind == kind or rule.kind == "*"]:
            if not rule.concerns(client_id, kind):
                continue
            if rule.chance < 1 and self._random.random() >= rule.chance:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.count is not None:
                rule.count -= 1
            yield rule

    def rejection(self, action: str, order_type: str) -> ScriptedRejection | None:
        """The answer to a new order, if a scenario has one, counted down."""
        for rejection in self.rejections:
            if rejection.action in ("", action) and rejection.order_type in ("", order_type):
                rejection.count -= 1
                if rejection.count <= 0:
                    self.rejections.remove(rejection)
                return rejection
        return None

    def on(self, kind: str, nth: int, action: Callable[[], None]) -> None:
        """Do ``action`` once the ``nth`` message of this kind has been sent."""
        self._triggers.append(_Trigger(kind, nth, action))

    def triggered(self, kind: str) -> list[Callable[[], None]]:
        """A message of this kind was sent: what is to be done now."""
        if not self._triggers:
            return []
        for trigger in self._triggers:
            trigger.left -= trigger.kind == kind
        fired = [trigger.action for trigger in self._triggers if trigger.left <= 0]
        self._triggers = [trigger for trigger in self._triggers if trigger.left > 0]
        return fired

    def hides(self, contract: Contract) -> bool:
        """Whether its bid and ask are shown as absent (-1)."""
        return in_scope(self.hidden, contract)

    def is_unentitled(self, contract: Contract) -> bool:
        """Whether the user lacks the subscription for live data of it."""
        return in_scope(self.unentitled, contract)


def in_scope(scopes: set[str], contract: Contract) -> bool:
    return bool(scopes) and not scopes.isdisjoint(
        ("all", contract.symbol, str(contract.sec_type), str(contract.con_id))
    )
