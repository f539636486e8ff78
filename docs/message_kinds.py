"""The table of message kinds in docs/conformance.md, made from the schema, the handlers and what is said of the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.sim.handlers import unsupported
from bot.sim.handlers.table import HANDLERS
from bot.wire import SUPPORTED_VERSIONS, MessageDirection, MessageKind, message_kinds

BEGIN: Final = "<!-- message kinds: made by `make docs` -->"
END: Final = "<!-- end of message kinds -->"
_SIM: Final = Path(__file__).resolve().parents[1] / "bot" / "sim"
_NEVER_BEFORE: Final = 142
_WELL_KNOWN: Final = 178
"""The newest version that ib_insync and ib_async offer."""

RECORDED: Final = {
    "openOrder": "136 fields at version 173, as our layout has them (rust-ibapi 2.9.2's fixtures)",
    "execDetails": "a combination's own beside its legs' (users' execution lists)",
    "commissionReport": "behind its execution, other frames between them (users' logs)",
    "error": "codes and texts in the threads that this page and the code name",
}
"""What a public recording or log of a real gateway shows."""
UNSAID: Final = frozenset(
    {
        *("verifyRequest", "verifyMessage", "verifyAndAuthRequest", "verifyAndAuthMessage"),
        *("verifyMessageAPI", "verifyCompleted", "verifyAndAuthMessageAPI", "verifyAndAuthCompleted"),
        *("reqUserInfo", "userInfo", "rerouteMktDataReq", "rerouteMktDepthReq", "deltaNeutralValidation"),
        *("setServerLogLevel", "tickEFP", "bondContractDetails", "orderBound"),
    }
)
"""Kinds of which IB's pages name at most the method: their layout is the client libraries' alone."""


def renewed(page: str) -> str:
    """The page with its table made anew. Raises ValueError where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"conformance.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{as_markdown()}\n{END}{after}"


def as_markdown() -> str:
    """Requests, then answers, one row each."""
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(_SIM.rglob("*.py")))
    requests, answers = _kinds(MessageDirection.REQUEST), _kinds(MessageDirection.ANSWER)
    sent = sum(_is_sent(kind, sources) for kind in answers)
    told = f"{len(requests)} requests are understood; {len(answers)} answers can be encoded, {sent} of them are sent.\n\n"
    tables = (
        *_by_version(),
        *_table("request", [_request(kind) for kind in requests]),
        *_table("answer", [_answer(kind, sources) for kind in answers]),
    )
    return told + "\n".join(tables)


def _table(name: str, rows: list[str]) -> Iterator[str]:
    yield f"| {name} | id | from | numbered from | here | evidence of a real gateway |"
    yield "|---|---|---|---|---|---|"
    yield from rows
    yield ""


def _by_version() -> Iterator[str]:
    """What each server version since brought: kinds, fields, and which kinds are said in Protocol Buffers from then on."""
    yield "| server version | new kinds and fields | said in Protocol Buffers from then on |"
    yield "|---|---|---|"
    for version in range(_WELL_KNOWN + 1, max(SUPPORTED_VERSIONS) + 1):
        new = "; ".join(_new_in(version))
        numbered = ", ".join(
            dict.fromkeys(k.name for k in message_kinds() if k.body and k.body.since == version)
        )
        if new or numbered:
            yield f"| {version} | {new} | {numbered} |"
    yield ""


def _new_in(version: int) -> Iterator[str]:
    for kind in message_kinds():
        if kind.since == version:
            yield kind.name
        elif kind.since < version and (fields := kind.names_at(version) - kind.names_at(version - 1)):
            yield f"{kind.name}: {', '.join(sorted(fields))}"


def _kinds(direction: MessageDirection) -> list[MessageKind]:
    return [kind for kind in message_kinds() if kind.direction is direction]


def _is_sent(kind: MessageKind, sources: str) -> bool:
    return f'"{kind.name}"' in sources


def _request(kind: MessageKind) -> str:
    handler = HANDLERS.get(kind.name)
    if handler is None:
        return _row(kind, "321, not supported")
    if kind.name in unsupported.HANDLERS:
        return _row(kind, unsupported.SAID.get(kind.name, "taken without a word"))
    module = handler.__module__.removeprefix("bot.sim.handlers.")
    return _row(kind, f"served (`{module}`)")


def _answer(kind: MessageKind, sources: str) -> str:
    return _row(kind, "sent" if _is_sent(kind, sources) else "never sent")


def _row(kind: MessageKind, here: str) -> str:
    since = str(kind.since) if kind.since > _NEVER_BEFORE else ""
    numbered = str(kind.body.since) if kind.body else "never"
    return f"| {kind.name} | {kind.id} | {since} | {numbered} | {here} | {_evidence(kind.name)} |"


def _evidence(name: str) -> str:
    if name in RECORDED:
        return f"recording: {RECORDED[name]}"
    return "nothing" if name in UNSAID else "IB's text"
