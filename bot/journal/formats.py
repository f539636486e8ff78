"""What the journal's rows look like in this build, and whether this build could read what another one writes.

A release can only be taken back if the one before it can start on the journal it left. JSON rows forgive: a field that
the reader does not know is passed over, one with a default may be missing. They do not forgive a kind of row, or a word of
an enumeration, that the reader has never heard of, nor a required field that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from bot.journal.codec import JOURNAL_KINDS
from bot.journal.store import SCHEMA_VERSION

_REF = "#/$defs/"


def formats() -> dict[str, Any]:
    """The present format as plain JSON: the file's schema, the kinds of rows, and every type by its JSON schema."""
    _, types = msgspec.json.schema_components(JOURNAL_KINDS.values(), ref_template=_REF + "{name}")
    bare = {name: _without_words(schema) for name, schema in types.items()}
    return {"schema": SCHEMA_VERSION, "kinds": sorted(JOURNAL_KINDS), "types": dict(sorted(bare.items()))}


def unreadable(written: dict[str, Any], reader: dict[str, Any] | None = None) -> list[str]:
    """Why the ``reader`` (default this build) could not read what a build with the formats ``written`` writes.

    Empty when it could. Errors: KeyError, TypeError where ``written`` is no such document.
    """
    mine = formats() if reader is None else reader
    found = []
    if written["schema"] > mine["schema"]:
        found.append(f"the file's schema is {written['schema']}, newer than {mine['schema']}")
    found += [f"{kind}: an unknown kind of row" for kind in written["kinds"] if kind not in mine["kinds"]]
    for name, theirs in written["types"].items():
        if name in mine["types"]:
            found += [f"{name}: {why}" for why in _differs(theirs, mine["types"][name])]
    return found


def _differs(theirs: dict[str, Any], mine: dict[str, Any]) -> Iterator[str]:
    for word in sorted(set(map(str, theirs.get("enum", []))) - set(map(str, mine.get("enum", [])))):
        yield f"{word!r} is unknown"
    offered = theirs.get("properties", {})
    for field in mine.get("required", []):
        if field not in offered:
            yield f"{field} is required and no longer written"
    for field, schema in offered.items():
        known = mine.get("properties", {}).get(field)
        if known is not None:
            for kind in sorted(_kinds(schema) - _kinds(known)):
                yield f"{field} may be {kind}, which is not understood"


def _kinds(schema: dict[str, Any]) -> set[str]:
    """The alternatives of a field, by name: ``string``, ``null``, ``array of Order``."""
    if "anyOf" in schema:
        return set().union(*(_kinds(part) for part in schema["anyOf"]))
    if "$ref" in schema:
        return {schema["$ref"].removeprefix(_REF)}
    if schema.get("type") == "array":
        parts = [schema["items"]] if isinstance(schema.get("items"), dict) else schema.get("prefixItems", [])
        inner = set().union(*(_kinds(part) for part in parts)) if parts else set()
        return {f"array of {kind}" for kind in inner or {"anything"}}
    kind = schema.get("type", "anything")
    return {"number", "integer"} if kind == "number" else {str(kind)}


def _without_words(schema: Any) -> Any:
    """Titles and descriptions are for people: a better sentence is no other format."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
        return {key: _without_words(value) for key, value in kept.items()}
    return [_without_words(value) for value in schema] if isinstance(schema, list) else schema
