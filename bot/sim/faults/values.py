"""Which values a fault takes, by the name of its parameter, and which the settings of exchange and gateway take.

Rule: everything is checked where it is written, before the gateway starts or obeys; a mistake is one line that names the
parameter, what was given and what is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final, TypeVar

from bot.domain.errors import FixTheConfiguration
from bot.domain.text import made_safe
from bot.sim.gateway.connectivity import FARMS, HISTORY_FARM, SECDEF_FARM
from bot.sim.gateway.message_faults import FaultEffect
from bot.wire import MessageDirection, message_kinds, unsendable

S = TypeVar("S")
LONGEST_S: Final = 30 * 24 * 3600
"""Simulated seconds: a month is longer than any scenario."""
_MOST: Final = 10**9
_KINDS: Final = frozenset(kind.name for kind in message_kinds())
_SAID: Final = frozenset(kind.name for kind in message_kinds() if kind.direction is MessageDirection.ANSWER)
_SCOPES: Final = frozenset({"all", "STK", "OPT", "CASH", "IND"})

ValueTest = tuple[Callable[[Any], bool], str]
"""(whether the value is possible, what is)."""


def _between(least: float, most: float) -> ValueTest:
    return lambda value: isfinite(value) and least <= value <= most, f"between {least:g} and {most:g}"


def _one_of(known: frozenset[str]) -> ValueTest:
    return lambda value: value in known, f"one of {', '.join(sorted(known))}"


def _is_scope(value: Any) -> bool:
    text = str(value)
    return text in _SCOPES or text.isdigit() or (text.isupper() and len(text) <= 10)


_SPAN = _between(0, LONGEST_S)
_PRICE = _between(0, 10**7)
_SIZE = _between(1, _MOST)
_TESTS: Final[dict[str, ValueTest]] = {
    "seconds": _SPAN,
    "chance": _between(0, 1),
    "count": _SIZE,
    "skip": _between(0, _MOST),
    "client_id": _between(0, 2**31 - 1),
    "percent": _between(-99.99, 10_000),
    "quantity": _SIZE,
    "shares": _SIZE,
    "size": _between(0, _MOST),
    **dict.fromkeys(("bid", "ask", "last", "limit", "price"), _PRICE),
    "then": (lambda value: value in (1101, 1102), "1101 (data lost) or 1102 (data kept)"),
    "code": _between(0, 99_999),
    "effect": _one_of(frozenset(FaultEffect)),
    "scope": (_is_scope, "all, a symbol in capitals, a security type or a conId"),
    "family": _one_of(frozenset({"all", "line", "kept_bars"})),
}
_TESTS_OF: Final[dict[tuple[str, str], ValueTest]] = {
    ("clock_skew", "seconds"): _between(-24 * 3600, 24 * 3600),
    ("luld_bands", "percent"): _between(0.1, 50),
    ("message", "kind"): _one_of(_KINDS | {"*"}),
    ("farm", "name"): _one_of(frozenset({*FARMS, HISTORY_FARM, SECDEF_FARM})),
    ("manual_order", "action"): _one_of(frozenset({"BUY", "SELL"})),
    ("split", "new"): _between(1, 999),
    ("split", "old"): _between(1, 999),
    ("reject", "action"): _one_of(frozenset({"", "BUY", "SELL"})),
}


def check_value(command: str, name: str, value: Any) -> None:
    """Raises FixTheConfiguration for a value that this parameter of the fault does not take. None is the signature's matter."""
    test = _TESTS_OF.get((command, name)) or _TESTS.get(name)
    if test is not None and value is not None and not test[0](value):
        raise FixTheConfiguration(
            f"fault {command}: {name} is {made_safe(repr(value), 60)}; it must be {test[1]}"
        )


def check_fields(kind: str, effect: str, fields: Mapping[str, Any]) -> None:
    """Raises FixTheConfiguration for a rewriting, or a message to insert, that the wire cannot say."""
    if effect not in (FaultEffect.REWRITE, FaultEffect.INSERT):
        return
    said = {name: value for name, value in fields.items() if effect == FaultEffect.REWRITE or name != "kind"}
    kind = kind if effect == FaultEffect.REWRITE else str(fields.get("kind", ""))
    if kind == "*":
        return
    if kind not in _KINDS:
        raise FixTheConfiguration(f"fault message: fields: there is no message kind {made_safe(kind, 60)!r}")
    wrong = unsendable(kind, said)
    if wrong:
        raise FixTheConfiguration(f"fault message: fields: {made_safe(wrong, 200)}")


def check_message_kind(where: str, kind: str) -> None:
    """Raises FixTheConfiguration for a name that the gateway never says."""
    if kind not in _SAID:
        raise FixTheConfiguration(
            f"{where}: the gateway sends no {made_safe(kind, 60)!r}; see docs/simulator.md for the kinds"
        )


# ── settings of exchange and gateway ──

_STEPS: Final[dict[str, ValueTest]] = {
    "points_per_minute": (lambda n: n % 4 == 0 and 4 <= n <= 240, "a multiple of 4 up to 240")
}
_AT_LEAST_ONE: Final = frozenset({"orders_per_side", "max_clients", "details_per_second"})


def changed(value: S, changes: Mapping[str, Any], where: str) -> S:
    """``value``, frozen settings, with these changed; a name that ends in ``_s`` is a span in seconds.

    Raises FixTheConfiguration for a name that is unknown and a value that is impossible.
    """
    known = {item.name: (str(item.type), getattr(value, item.name)) for item in fields(value)}  # type: ignore[arg-type]
    read: dict[str, Any] = {}
    for written, given in changes.items():
        name = written.removesuffix("_s")
        if name not in known or ("timedelta" in known[name][0]) is not written.endswith("_s"):
            names = ", ".join(f"{key}_s" if "timedelta" in kind else key for key, (kind, _) in known.items())
            raise FixTheConfiguration(f"{where}: {made_safe(written, 60)!r} is unknown; known are {names}")
        read[name] = _read(f"{where}: {written}", name, given, known[name][0])
    return replace(value, **read)  # type: ignore[type-var]


def _read(where: str, name: str, given: Any, kind: str) -> Any:
    if given is None:
        if "None" in kind:
            return None
        raise _impossible(where, given, "a value, not null")
    if "timedelta" in kind:
        if isinstance(given, bool) or not isinstance(given, int | float) or not _SPAN[0](given):
            raise _impossible(where, given, f"seconds {_SPAN[1]}")
        return timedelta(seconds=given)
    if "tuple" in kind:
        names = _of(list, where, given, "a list of symbols")
        return tuple(_of(str, where, name, "a list of symbols") for name in names)
    if "bool" in kind:
        return _of(bool, where, given, "true or false")
    if "Decimal" in kind:
        return _amount(where, given)
    return _whole(where, name, given)


def _whole(where: str, name: str, given: Any) -> int:
    number: int = _of(int, where, given, "a whole number")
    test, words = _STEPS.get(name) or _between(1 if name in _AT_LEAST_ONE else 0, _MOST)
    if not test(number):
        raise _impossible(where, given, words)
    return number


def _amount(where: str, given: Any) -> Decimal:
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(given, bool) or not amount.is_finite() or not 0 <= amount <= _MOST:
        raise _impossible(where, given, "an amount of at least 0")
    return amount


def _of(kind: type, where: str, given: Any, words: str) -> Any:
    if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
        raise _impossible(where, given, words)
    return given


def _impossible(where: str, given: Any, words: str) -> FixTheConfiguration:
    return FixTheConfiguration(f"{where} is {made_safe(repr(given), 60)}; it must be {words}")
