"""The guard's own file of limits: read, checked, and named in words when it is wrong.

Rule: what YAML would pass over or take for something else (a key twice, ``yes`` for a number, a field that no order has) is wrong
here: each of them would be another wall than the one that was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.domain.errors import FixTheConfiguration
from bot.guard.core.limits import Limits
from bot.wire import field_names

_SWITCHES = frozenset({"flatten", "delayed_quotes"})


def read_limits(path: Path) -> Limits:
    """The limits of a file. Errors: FixTheConfiguration naming the file, the key and what is wrong."""
    try:
        found: Any = yaml.load(path.read_text(encoding="utf-8"), _EachKeyOnce)  # noqa: S506  a SafeLoader
    except FileNotFoundError:
        raise FixTheConfiguration(f"{path}: there is no such file; copy configs/guard.yaml there") from None
    except OSError as error:
        remedy = "the guard's user must be able to read it"
        raise FixTheConfiguration(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FixTheConfiguration(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise FixTheConfiguration(f"{path}: holds no limits; copy configs/guard.yaml there")
    try:
        limits = Limits.model_validate(found)
    except ValidationError as error:
        raise FixTheConfiguration(f"{path}: {'; '.join(_complaints(error))}") from None
    if odd := [*_switched(found, ""), *_unknown_fields(limits)]:
        raise FixTheConfiguration(f"{path}: {'; '.join(odd)}")
    return limits


class _EachKeyOnce(yaml.SafeLoader):
    """Of a key that is written twice YAML takes the last, without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} is written twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


def _complaints(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in row['loc']) or 'file'}: {row['msg']}"
        for row in error.errors(include_url=False, include_input=False)
    ]


def _switched(found: Any, place: str) -> Iterator[str]:
    """Where a switch stands in the place of a number or a name."""
    children = (
        found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    )
    for key, value in children:
        name = f"{place}.{key}" if place else str(key)
        if isinstance(value, bool) and key not in _SWITCHES:
            yield f"{name}: {str(value).lower()} is neither a number nor a name"
        yield from _switched(value, name)


def _unknown_fields(limits: Limits) -> Iterator[str]:
    known = field_names("placeOrder")
    for name in limits.order_fields:
        if name not in known:
            yield f"order_fields: no order has a field {name[:40]!r} (for example outsideRth)"
