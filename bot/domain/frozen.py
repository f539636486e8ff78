"""Frozen values that are made by the hundred thousand, without a call for each of their fields.

A frozen dataclass sets every field by ``object.__setattr__``: 0.1 µs each, and a quote has fifteen. Making such values took a
sixth of a backtest. Here a new value is of an open twin, with the same slots and no lock, until its fields are set.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

_Value = TypeVar("_Value")

_SELF = "self"
_UNLOCK = object.__dict__["__class__"].__set__
"""``object.__setattr__`` for this one attribute: the frozen class refuses the plain assignment."""


def quickly_made(kind: type[_Value]) -> type[_Value]:
    """Above ``@dataclass(frozen=True, slots=True)``: the same class with a faster ``__init__``, for hot paths alone.

    TypeError for a class with bases, a ``__post_init__``, or fields that are made by a factory or not given at all.
    """
    known: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]  # a dataclass by then
    is_plain = all(one.init and one.default_factory is MISSING for one in known)
    if kind.__bases__ != (object,) or hasattr(kind, "__post_init__") or not is_plain:
        raise TypeError(f"{kind.__name__} is not plain enough to be made quickly")
    names = [one.name for one in known]
    twin = type(f"_Open{kind.__name__}", (), {"__slots__": tuple(names)})
    space: dict[str, Any] = {"_unlock": _UNLOCK, "_twin": twin, "_kind": kind}
    space |= {f"default_{one.name}": one.default for one in known if one.default is not MISSING}
    body = ["_unlock(self, _twin)", *(f"self.{name} = {name}" for name in names), "self.__class__ = _kind"]
    exec(f"def __init__({_parameters(known)}):\n " + "\n ".join(body), space)  # noqa: S102  as dataclasses make theirs
    made, before = space["__init__"], kind.__init__
    made.__qualname__, made.__module__ = before.__qualname__, kind.__module__
    made.__annotations__ = before.__annotations__
    kind.__init__ = made  # type: ignore[method-assign]
    return kind


def _parameters(known: tuple[Field[Any], ...]) -> str:
    """As the dataclass has them: what may only be given by name comes last."""
    given = {
        one.name: one.name if one.default is MISSING else f"{one.name}=default_{one.name}"
        for one in sorted(known, key=lambda one: bool(one.kw_only))
    }
    first_named = next((one.name for one in known if one.kw_only), None)
    words = [_SELF]
    for name, text in given.items():
        words += ["*", text] if name == first_named else [text]
    return ", ".join(words)
