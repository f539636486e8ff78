"""Which settings are tried: a grid of values, or draws from it with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import TypeAlias

from bot.config.complaints import known_key
from bot.domain.errors import FixTheCommand

Changes: TypeAlias = tuple[tuple[str, str], ...]
"""(key, value) as a person would write them after --set, in order of the keys."""
_MOST = 100_000


def read_axis(text: str, known: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """``KEY=5,8,13`` or ``KEY=0.1:0.5:0.1`` (from, to, step) as a key and its values; FixTheCommand for anything else."""
    key, is_set, values = (part.strip() for part in text.partition("="))
    key = known_key(f"--grid {text}", key if is_set else "", "KEY=VALUE,VALUE", known)
    found = (
        _range(text, values)
        if values.count(":") == 2
        else tuple(v.strip() for v in values.split(",") if v.strip())
    )
    if len(set(found)) < 1:
        raise FixTheCommand(f"--grid {text}: no values")
    return key, tuple(dict.fromkeys(found))


def _range(text: str, values: str) -> tuple[str, ...]:
    try:
        low, high, step = (Decimal(part) for part in values.split(":"))
    except InvalidOperation:
        raise FixTheCommand(f"--grid {text}: FROM:TO:STEP must be numbers") from None
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
    """``count`` different combinations (or all there are), the same ones for the same seed."""
    random_ = random.Random(seed)  # noqa: S311  no secret is drawn
    size = 1
    for _, values in axes:
        size *= len(values)
    chosen = random_.sample(range(size), min(count, size))
    return tuple(_nth(axes, n) for n in chosen)


def _nth(axes: Sequence[tuple[str, tuple[str, ...]]], n: int) -> Changes:
    found = []
    for key, values in axes:
        n, place = divmod(n, len(values))
        found.append((key, values[place]))
    return tuple(sorted(found))
