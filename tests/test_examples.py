"""What a property is tried on hangs on the property and its parameters, not on what was tried before."""

from __future__ import annotations

from hypothesis import core


def _property() -> None:
    """Stands for a test with parameters, whose plugin names the one that is to be tried next."""


def _beginning(item: bytes) -> bytes:
    _property._hypothesis_internal_add_digest = item  # type: ignore[attr-defined]
    digest: bytes = core.function_digest(_property)  # type: ignore[attr-defined]
    return digest


def test_each_parameter_of_a_property_begins_with_examples_of_its_own_in_any_order() -> None:
    found = {item: _beginning(item) for item in (b"noon", b"night")}

    assert found == {item: _beginning(item) for item in (b"night", b"noon")}
    assert found[b"noon"] != found[b"night"]
