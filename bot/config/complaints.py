"""What is wrong with the settings, one readable line each: the key, its value, where it came from, and the fix.

Rule: a secret's value is never repeated.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from bot.config.layers import LEGACY, Layer
from bot.domain.errors import FixTheCommand
from bot.domain.text import made_safe

_FIXES = {
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "int_parsing": "is no whole number",
    "int_type": "is no whole number",
    "int_from_float": "is no whole number",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "decimal_parsing": "is no number",
    "decimal_type": "is no number",
    "finite_number": "is no finite number",
    "string_type": "is no text; put it in quotes",
    "time_parsing": 'is no time of day; write it in quotes, as in "23:45"',
    "time_type": 'is no time of day; write it in quotes, as in "23:45"',
    "tuple_type": "is no list; write it in brackets, as in [1, 2]",
    "too_short": "is empty; name at least one",
    "model_type": "is a section: write its keys below it, indented",
    "model_attributes_type": "is a section: write its keys below it, indented",
}


_PATTERNS = {
    "^[A-Z][A": "is no ticker; write it as in SPY",
    "^[A-Za-z": "is no host; write a name or an address, as in 127.0.0.1",
}
"""By how the pattern begins."""


def complain(
    error: ValidationError, layer: Layer, known: Collection[str], secret_keys: Collection[str]
) -> list[str]:
    """The lines for everything that pydantic found."""
    return [_line(found, layer, known, secret_keys) for found in error.errors(include_url=False)]


def complaint(key: str, layer: Layer, problem: str, *, hidden: bool = False) -> str:
    """``key: value (from where) problem``."""
    origin = layer.get(key)
    if origin is None:
        return f"{key}: {problem}"
    value = "(hidden)" if hidden else made_safe(_written(origin.value), 80)
    return f"{key}: {value} (from {origin.where}) {problem}"


def _written(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "null"}.get(value, str(value)) if _is_word(value) else str(value)
    )


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _line(
    found: Mapping[str, Any], layer: Layer, known: Collection[str], secret_keys: Collection[str]
) -> str:
    key = _key(found["loc"], layer, known)
    if found["type"] == "extra_forbidden":
        key = ".".join(map(str, found["loc"]))
        return _unknown(key, layer, known)
    return complaint(key, layer, _problem(found), hidden=key in secret_keys)


def _key(location: Iterable[str | int], layer: Layer, known: Collection[str]) -> str:
    """The setting's key: the longest start of pydantic's location that is one (list positions and unions follow it)."""
    parts = [str(part) for part in location]
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key in known or key in layer:
            return key
    return ".".join(parts)


def _unknown(key: str, layer: Layer, known: Collection[str]) -> str:
    origins = [origin for k, origin in layer.items() if k == key or k.startswith(f"{key}.")]
    where = f" (from {origins[0].where})" if origins else ""
    guess = nearest_key(key, known)
    fix = f"did you mean {guess}?" if guess else "remove it; `ibkr-bot config show` lists every key"
    return f"{made_safe(key, 80)}{where}: there is no such setting; {fix}"


def known_key(given: str, key: str, form: str, known: Collection[str]) -> str:
    """The key, when there is such a setting. FixTheCommand names what was ``given``, and the nearest one or the ``form``."""
    if key in known:
        return key
    guess = nearest_key(key, known) if key else None
    if guess is None:
        raise FixTheCommand(f"{given}: write {form} with a key of configs/settings.yaml")
    raise FixTheCommand(f"{given}: there is no such setting; did you mean {guess}?")


def nearest_key(key: str, known: Collection[str]) -> str | None:
    """The known key that was probably meant: by spelling, else the same last part in another section."""
    candidates = {name: name for name in known} | {
        name.rpartition(".")[0]: name.rpartition(".")[0] for name in known
    }
    candidates.update({name.lower(): name for name in LEGACY})
    candidates.pop("", None)
    close = difflib.get_close_matches(key.lower(), list(candidates), n=1, cutoff=0.75)
    if close:
        return candidates[close[0]]
    last = key.lower().rpartition(".")[2]
    leaves = {name.rpartition(".")[2]: name for name in sorted(known, reverse=True)}
    close = difflib.get_close_matches(last, list(leaves), n=1, cutoff=0.85)
    return leaves[close[0]] if close else None


def _problem(found: Mapping[str, Any]) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"])[:8], "is not written as it must be")
    if kind in _FIXES:
        return _FIXES[kind] + _percent_sign(found["input"])
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "enum"}:
        return f"is none of {context['expected']}"
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    if kind in bounds:
        word = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}[bounds[kind]]
        limit = context[bounds[kind]]
        return f"must be {word} {limit}{_as_fraction(found['input'], limit)}"
    return str(found["msg"]).lower()


def _as_fraction(value: Any, limit: Any) -> str:
    """Who writes 80 for 80 % means 0.8."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return ""
    if not number.is_finite() or not limit < number <= 100 or limit > 1:
        return ""
    return f"; percentages are fractions: did you mean {number / 100:f}?"


def _percent_sign(value: Any) -> str:
    text = str(value).strip()
    try:
        number = Decimal(text.removesuffix("%").strip()) / 100
    except InvalidOperation:
        return ""
    return f"; did you mean {number:f}?" if text.endswith("%") and number.is_finite() else ""
