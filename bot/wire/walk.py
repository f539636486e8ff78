"""Which parts of a layout are there, given the values so far: what the text layout's order and branches decide.

Rule: the same declaration answers for a message's text and for its numbered body, so both have the same fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.wire.nodes import Each, Field, Gate, Many, Maybe, Node, Switch, When

__all__ = ["Fork", "Leaf", "LeafPlan", "Leaves", "leaves_of", "plan", "present"]

Leaf = Field | Each | Many | Maybe


class Leaves(NamedTuple):
    """The parts with a name that a record can have at ``version``, in any branch."""

    by_name: Mapping[str, Leaf]
    version: int


def leaves_of(nodes: Iterable[Node], version: int) -> Leaves:
    """Those of ``nodes``."""
    return Leaves({leaf.name: leaf for leaf in _leaves(nodes, version)}, version)


def _leaves(nodes: Iterable[Node], version: int) -> Iterator[Leaf]:
    for node in nodes:
        if isinstance(node, Field | Gate) and not node.since <= version <= node.until:
            continue
        if isinstance(node, Field | Each | Many | Maybe):
            yield node
        else:
            yield from _leaves(node.children(), version)


@dataclass(frozen=True, slots=True)
class Fork:
    """Parts that the values before them decide on."""

    chosen: Callable[[Mapping[str, Any]], LeafPlan]
    """Errors: KeyError for a value that is missing, or none of those it chooses by."""


LeafPlan = tuple[Leaf | Fork, ...]


def plan(nodes: Iterable[Node], version: int) -> LeafPlan:
    """The parts with a name at ``version``, in order, and where the values decide between them."""
    return tuple(_planned(nodes, version))


def _planned(nodes: Iterable[Node], version: int) -> Iterator[Leaf | Fork]:
    for node in nodes:
        if isinstance(node, Field | Gate) and not node.since <= version <= node.until:
            continue
        if isinstance(node, Field | Each | Many | Maybe):
            yield node
        elif isinstance(node, When):
            yield _when(node, plan(node.nodes, version))
        elif isinstance(node, Switch):
            yield _switch(node, {key: plan(case, version) for key, case in node.cases.items()})
        else:
            yield from _planned(node.children(), version)


def _when(node: When, then: LeafPlan) -> Fork:
    return Fork(lambda values: then if node.test(values) else ())


def _switch(node: Switch, cases: Mapping[int, LeafPlan]) -> Fork:
    return Fork(lambda values: cases[values[node.name]])


def present(parts: LeafPlan, values: Mapping[str, Any]) -> Iterator[Leaf]:
    """The parts that these values have; a fork looks at ``values`` when it is reached. Errors: KeyError, as a fork's."""
    for part in parts:
        if isinstance(part, Fork):
            yield from present(part.chosen(values), values)
        else:
            yield part
