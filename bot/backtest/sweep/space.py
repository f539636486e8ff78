"""Which settings are tried: a grid of values, or draws from it with a fixed seed."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Final, TypeAlias

from bot.config.complaints import known_key
from bot.domain.errors import FixTheCommand

Changes: TypeAlias = tuple[tuple[str, str], ...]
"""(key, value) as a person would write them after --set, in order of the keys."""
_MOST = 100_000
_VALUE: Final = re.compile(r"\[[^\]]*\]|[^,]+")
"""A list in brackets is one value."""
_YES: Final = frozenset(("true", "yes", "on", "y", "t"))
_NO: Final = frozenset(("false", "no", "off", "n", "f"))
"""As pydantic reads them, who knows 1 and 0, too."""


def read_axis(text: str, known: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """``KEY=5,8,13`` or ``KEY=0.1:0.5:0.1`` (from, to, step) as a key and its values, each once. FixTheCommand for others."""
    key, is_set, values = (part.strip() for part in text.partition("="))
    key = known_key(f"--grid {text}", key if is_set else "", "KEY=VALUE,VALUE", known)
    is_range = values.count(":") == 2 and not {",", "["} & {*values}  # 23:45,23:50 are two times
    found = _range(text, values) if is_range else [v.strip() for v in _VALUE.findall(values) if v.strip()]
    if not found:
        raise FixTheCommand(f"--grid {text}: no values")
    by_meaning = dict[str | Decimal, str]()
    for value in found:
        by_meaning.setdefault(_meaning(value), value)
    return key, tuple(by_meaning.values())


def _meaning(value: str) -> str | Decimal:
    """5 and 5.0 are one setting, as true and 1: two trials of it would make luck of one look smaller."""
    word = value.lower()
    if word in _YES or word in _NO:
        return Decimal(word in _YES)
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


def _range(text: str, values: str) -> tuple[str, ...]:
    try:
        low, high, step = (Decimal(part) for part in values.split(":"))
    except InvalidOperation:
        raise FixTheCommand(f"--grid {text}: FROM:TO:STEP must be numbers") from None
    if not all(part.is_finite() for part in (low, high, step)):
        raise FixTheCommand(f"--grid {text}: FROM:TO:STEP must be numbers")
    if step <= 0 or high < low or (high - low) / step > _MOST:
        raise FixTheCommand(f"--grid {text}: FROM:TO:STEP must go up, in at most {_MOST:,} steps")
    return tuple(f"{low + n * step:f}" for n in range(int((high - low) / step) + 1))


def grid(axes: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Changes, ...]:
    """Every combination, in the order of the axes. FixTheCommand for too many or a key given twice."""
    keys = [key for key, _ in axes]
    if len(set(keys)) < len(keys):
        raise FixTheCommand("--grid: a key is given twice; put its values in one")
    size = 1
    for _, values in axes:
        size *= len(values)
    if size > _MOST:
        raise FixTheCommand(f"--grid: {size:,} combinations; use --draw N for some of them")
    return tuple(tuple(sorted(zip(keys, values, strict=True))) for values in product(*(v for _, v in axes)))


def draw(axes: Sequence[tuple[str, tuple[str, ...]]], count: int, seed: int) -> tuple[Changes, ...]:
    """``count`` different combinations (or all there are), the same ones for the same seed. FixTheCommand for too many."""
    random_ = random.Random(seed)  # noqa: S311  no secret is drawn
    size = 1
    for _, values in axes:
        size *= len(values)
    if min(count, size) > _MOST or size > sys.maxsize:
        raise FixTheCommand(
            f"--draw {count:,} of {size:,} combinations: at most {_MOST:,} of {sys.maxsize:,} can be drawn"
        )
    chosen = random_.sample(range(size), min(count, size))
    return tuple(_nth(axes, n) for n in chosen)


def _nth(axes: Sequence[tuple[str, tuple[str, ...]]], n: int) -> Changes:
    found = []
    for key, values in axes:
        n, place = divmod(n, len(values))
        found.append((key, values[place]))
    return tuple(sorted(found))
