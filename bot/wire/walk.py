"""Which parts of a layout are there, given the values so far: what the text layout's order and branches decide.

Rule: the same declaration answers for a message's text and for its numbered body, so both have the same fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bot.wire.nodes import Each, Field, Gate, Many, Maybe, Node, Switch, When

__all__ = ["Leaf", "Leaves", "has_branches", "leaves_of", "present"]

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


def has_branches(nodes: Iterable[Node]) -> bool:
    """Whether the values decide which parts are there."""
    return any(isinstance(node, When | Switch) or has_branches(node.children()) for node in nodes)


def present(nodes: Iterable[Node], version: int, values: Mapping[str, Any]) -> Iterator[Leaf]:
    """The parts with a name that these values have, in order; a branch looks at ``values`` when it is reached.

    Errors: KeyError for a value that a branch hangs on.
    """
    for node in nodes:
        if isinstance(node, Field | Gate) and not node.since <= version <= node.until:
            continue
        if isinstance(node, Field | Each | Many | Maybe):
            yield node
        elif isinstance(node, When):
            if node.test(values):
                yield from present(node.nodes, version, values)
        elif isinstance(node, Switch):
            yield from present(node.cases[values[node.name]], version, values)
        else:
            yield from present(node.children(), version, values)
