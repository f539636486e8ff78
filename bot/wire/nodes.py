"""The parts a layout is declared with: fields, literals, branches, repetitions.

Rule: each part knows how to write itself and how to read itself, in order, from the same declaration; none
looks at a position. ``steps(version)`` resolves version gates once, so what runs per message has none left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bot.wire.fields import Codec
from bot.wire.steps import (
    Branch,
    Choice,
    LeftOff,
    Literal,
    Present,
    Records,
    Scalars,
    ScalarStep,
    Step,
    Test,
    Values,
)

__all__ = [
    "LATEST",
    "REQUIRED",
    "Blank",
    "Each",
    "Field",
    "Gate",
    "Many",
    "Maybe",
    "Node",
    "Switch",
    "Tail",
    "Version",
    "When",
    "compile_steps",
    "defaults_of",
    "names_of",
]

LATEST: Final = 10_000
REQUIRED: Final = object()


class Node(Protocol):
    """A declared part of a layout."""

    def steps(self, version: int) -> Iterable[Step]:
        """What is left of it at ``version``."""

    def children(self) -> tuple[Node, ...]:
        """Parts whose fields belong to the same record."""

    def described(self) -> str:
        """Its place in the written layout."""


@dataclass(frozen=True, slots=True)
class Field:
    """One named field. ``default`` may be a function of the other values; ``since``/``until`` are the first and
    last server version that have it.
    """

    name: str
    codec: Codec
    default: Any = REQUIRED
    since: int = 0
    until: int = LATEST

    def steps(self, version: int) -> Iterable[Step]:
        if self.since <= version <= self.until:
            codec = self.codec
            yield Scalars(
                (ScalarStep(self.name, codec.writer(version), codec.read, codec.plain_types(version)),)
            )

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return _gated(self.name, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Version:
    """The message's own version number: a literal we write, and a whole number we accept."""

    number: int

    def steps(self, version: int) -> Iterable[Step]:
        del version
        yield Literal(str(self.number), is_number=True)

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Blank:
    """A field nobody uses any more: ``text`` is written, anything is accepted."""

    text: str = ""

    def steps(self, version: int) -> Iterable[Step]:
        del version
        yield Literal(self.text, is_number=False)

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return repr(self.text)


class Gate:
    """Parts that exist from server version ``since`` up to ``until``, both included."""

    def __init__(self, *nodes: Node, since: int = 0, until: int = LATEST) -> None:
        self.nodes, self.since, self.until = nodes, since, until

    def steps(self, version: int) -> Iterable[Step]:
        if self.since <= version <= self.until:
            yield from compile_steps(self.nodes, version)

    def children(self) -> tuple[Node, ...]:
        return self.nodes

    def described(self) -> str:
        return _gated(_listed(self.nodes), self.since, self.until)


class Tail:
    """Fields at the end of a request that not every client sends; without them their defaults hold."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = nodes

    def steps(self, version: int) -> Iterable[Step]:
        then = compile_steps(self.nodes, version)
        if then:
            yield LeftOff(then, defaults_of(self.nodes))

    def children(self) -> tuple[Node, ...]:
        return self.nodes

    def described(self) -> str:
        return f"{_listed(self.nodes)} or the end"


class When:
    """Parts that are present when ``test`` of the values before them holds; ``why`` says it in words."""

    def __init__(self, why: str, test: Test, *nodes: Node) -> None:
        self.why, self.test, self.nodes = why, test, nodes

    def steps(self, version: int) -> Iterable[Step]:
        yield Branch(self.test, compile_steps(self.nodes, version))

    def children(self) -> tuple[Node, ...]:
        return self.nodes

    def described(self) -> str:
        return f"[{_listed(self.nodes)} if {self.why}]"


class Switch:
    """Parts chosen by the value of the field ``name`` read before; an unlisted value is an error."""

    def __init__(self, name: str, cases: Mapping[int, tuple[Node, ...]]) -> None:
        self.name, self.cases = name, cases

    def steps(self, version: int) -> Iterable[Step]:
        yield Choice(self.name, {key: compile_steps(nodes, version) for key, nodes in self.cases.items()})

    def children(self) -> tuple[Node, ...]:
        return tuple(node for nodes in self.cases.values() for node in nodes)

    def described(self) -> str:
        cases = "; ".join(f"{key}: {_listed(nodes)}" for key, nodes in self.cases.items())
        return f"<by {self.name} {cases}>"


class Many:
    """A count, then that many records, under ``name`` as a tuple."""

    def __init__(self, name: str, *nodes: Node) -> None:
        self.name, self.nodes, self.default = name, nodes, ()

    def steps(self, version: int) -> Iterable[Step]:
        yield Records(
            self.name, compile_steps(self.nodes, version), defaults_of(self.nodes), names_of(self.nodes)
        )

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return f"n {self.name}, ({_listed(self.nodes)})*"


@dataclass(frozen=True, slots=True)
class Each:
    """A count, then that many values of one type, under ``name`` as a tuple."""

    name: str
    codec: Codec
    default: Any = ()

    def steps(self, version: int) -> Iterable[Step]:
        yield Values(self.name, self.codec.writer(version), self.codec.read)

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return f"n {self.name}, value*"


class Maybe:
    """A 0/1 flag, then one record if it is 1, under ``name``; ``None`` without."""

    def __init__(self, name: str, *nodes: Node) -> None:
        self.name, self.nodes, self.default = name, nodes, None

    def steps(self, version: int) -> Iterable[Step]:
        yield Present(
            self.name, compile_steps(self.nodes, version), defaults_of(self.nodes), names_of(self.nodes)
        )

    def children(self) -> tuple[Node, ...]:
        return ()

    def described(self) -> str:
        return f"has {self.name}, [{_listed(self.nodes)}]"


def _listed(nodes: Iterable[Node]) -> str:
    return ", ".join(node.described() for node in nodes)


def _gated(text: str, since: int, until: int) -> str:
    if since and until < LATEST:
        return f"[{text} {since}..{until}]"
    if since:
        return f"[{text} ≥{since}]"
    return f"[{text} ≤{until}]" if until < LATEST else text


def _named(nodes: Iterable[Node]) -> Iterator[Field | Each | Many | Maybe]:
    for node in nodes:
        if isinstance(node, Field | Each | Many | Maybe):
            yield node
        yield from _named(node.children())


def names_of(nodes: Iterable[Node]) -> frozenset[str]:
    """Every name a record of these parts can hold, whatever the version and branch."""
    return frozenset(node.name for node in _named(nodes))


def defaults_of(nodes: Iterable[Node]) -> dict[str, Any]:
    """The values of what may be left out."""
    return {node.name: node.default for node in _named(nodes) if node.default is not REQUIRED}


def compile_steps(nodes: Iterable[Node], version: int) -> tuple[Step, ...]:
    """The parts at ``version``, neighbouring plain fields joined into one step."""
    steps: list[Step] = []
    for node in nodes:
        for step in node.steps(version):
            last = steps[-1] if steps else None
            if isinstance(step, Scalars) and isinstance(last, Scalars):
                steps[-1] = Scalars(last.items + step.items)
            else:
                steps.append(step)
    return tuple(steps)
