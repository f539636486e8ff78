"""A value that is made quickly is the frozen dataclass it was, but for the time it takes."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from inspect import signature

import pytest

from bot.domain.frozen import quickly_made


@dataclass(frozen=True, slots=True)
class Plain:
    """As the standard library makes it."""

    open: int
    kind: str = "x"
    twin: float | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Quick:
    open: int
    kind: str = "x"
    twin: float | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Named:
    open: int
    low: int = field(default=3, kw_only=True)
    high: int = 4


def test_it_takes_the_same_arguments_and_compares_prints_and_hashes_alike() -> None:
    assert [str(x) for x in signature(Quick).parameters.values()] == [
        str(x) for x in signature(Plain).parameters.values()
    ]
    assert Quick(1, twin=2.0) == Quick(1, "x", 2.0) != Quick(1)
    assert repr(Quick(1)) == repr(Plain(1)).replace("Plain", "Quick")
    assert hash(Quick(1)) == hash(Quick(open=1))
    assert type(Quick(1)) is Quick


def test_what_is_left_out_or_too_much_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="open"):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="argument"):
        Quick(1, "x", None, 4)  # type: ignore[call-arg]


def test_it_stays_frozen() -> None:
    value = Quick(1)
    for name in ("open", "kind", "other", "__class__"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(value, name, 2)
    assert value == Quick(1)


def test_copies_pickles_and_replacements_are_equal() -> None:
    value = Quick(1, "y", 0.5)
    assert copy.deepcopy(value) == value == pickle.loads(pickle.dumps(value))  # noqa: S301  our own
    assert replace(value, kind="x") == Quick(1, "x", 0.5)


def test_a_field_that_is_given_by_name_alone_stays_one() -> None:
    assert (Named(1, 2).high, Named(1, low=5).low, Named(1).low) == (2, 5, 3)
    assert [one.name for one in fields(Named)] == ["open", "low", "high"]
    with pytest.raises(TypeError, match="argument"):
        Named(1, 2, 3)  # type: ignore[call-arg]


@dataclass(frozen=True, slots=True)
class Factory:
    rows: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Checked:
    row: int

    def __post_init__(self) -> None:
        raise AssertionError


class Child(Plain):
    """Of a dataclass, and itself none."""


@pytest.mark.parametrize("kind", [Factory, Checked, Child])
def test_what_is_not_plain_is_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="not plain enough"):
        quickly_made(kind)
