"""A recording of a real gateway, played to the simulated one: where do the answers differ?

Rule: shapes are compared, never values: which messages answer a request, in which order they first come, which of their fields
are filled, and which error codes. Messages of the recording that our layouts cannot read are differences too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK
from bot.sim.gateway.session import ClientSession
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.server.recorder import BINARY
from bot.sim.world.build import synthetic_world
from bot.wire import (
    SUPPORTED_VERSIONS,
    FrameBuffer,
    ProtocolError,
    WireMessage,
    decode_answer,
    decode_request,
)

_LINE: Final = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+) (C>S|S>C) (.*)")
_HELLO: Final = re.compile(r"v\d+\.\.\d+")
_GREETING: Final = re.compile(r"\d{2,3}\0\d{8} +\d\d:\d\d:\d\d")
_ACCOUNT_ID: Final = "DU0000000"
"""As the recorder writes every account."""
_DAY: Final = date(2026, 1, 5)
_BEGIN: Final = time(10, 15)
_LONGEST_WAIT: Final = timedelta(minutes=1)
_AT_LAST: Final = timedelta(seconds=15)
"""Behind the last request: a snapshot takes eleven seconds."""
_UNASKED: Final = 0
# IBKR Campus, "TWS API: Error Codes": no security definition has been found for the request.
_UNKNOWN_CONTRACT: Final = 200


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One line of a recording."""

    at: timedelta
    is_request: bool
    payload: bytes


@dataclass(slots=True)
class Answers:
    """What came back about one request: kinds in order of first appearance with the fields that were ever filled, and codes."""

    kinds: dict[str, set[str]] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)

    def note(self, message: WireMessage) -> None:
        if message.kind == "error":
            self.codes.append(int(message.errorCode))
            return
        filled = {name for name, value in message.values.items() if value not in (None, "", 0, (), [], -1)}
        self.kinds.setdefault(message.kind, set()).update(filled)


@dataclass(frozen=True, slots=True)
class WireDifference:
    request: str
    text: str


def read_recording(lines: Iterable[str]) -> list[RecordedMessage]:
    """The messages of a transcript of ``ibkr-bot sim --record``. Errors: FixTheCommand."""
    said = []
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line.rstrip("\n"))
        if match is None:
            if line.strip() and " # " not in line:
                raise FixTheCommand(
                    f"--compare: line {number} is none of a recording; make one with sim --record"
                )
            continue
        hours, minutes, seconds, arrow, text = match.groups()
        at = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
        said.append(RecordedMessage(at, arrow == "C>S", _payload(text, number)))
    if not any(_HELLO.match(one.payload.decode(errors="replace")) for one in said if one.is_request):
        raise FixTheCommand(
            "--compare: the recording has no client's hello (v100..): record from the connection on"
        )
    return said


def _payload(text: str, line: int) -> bytes:
    if not text.startswith(BINARY):
        return text.replace("|", "\0").encode() + b"\0"
    try:
        return bytes.fromhex(text.removeprefix(BINARY))
    except ValueError:
        raise FixTheCommand(f"--compare: line {line} is damaged: {text[:40]}") from None


def compare_recording(said: list[RecordedMessage]) -> Iterator[WireDifference]:
    """Play the requests and tell the differences, request by request."""
    version = _version(said)
    asked, recorded = {_UNASKED: "unasked"}, {_UNASKED: Answers()}
    for one in said:
        if _is_greeting(one):
            continue
        try:
            message = (decode_request if one.is_request else decode_answer)(one.payload, version)
        except ProtocolError as error:
            yield WireDifference("layout", f"a recorded message cannot be read: {error}")
            continue
        if one.is_request:
            asked.setdefault(_about(message), f"{message.kind} {_about(message)}")
        else:
            recorded.setdefault(_about(message), Answers()).note(message)
    unknown = {number for number, answers in recorded.items() if _UNKNOWN_CONTRACT in answers.codes}
    ours = _played(said, version, unknown)
    for number, request in asked.items():
        yield from _differences(request, recorded.get(number, Answers()), ours.get(number, Answers()))


def _differences(request: str, theirs: Answers, ours: Answers) -> Iterator[WireDifference]:
    if sorted(set(theirs.codes)) != sorted(set(ours.codes)):
        yield WireDifference(request, f"error codes {_listed(theirs.codes)}, here {_listed(ours.codes)}")
    missing = [kind for kind in theirs.kinds if kind not in ours.kinds]
    more = [kind for kind in ours.kinds if kind not in theirs.kinds]
    if missing:
        yield WireDifference(request, f"{_listed(missing)} never come here")
    if more:
        yield WireDifference(request, f"{_listed(more)} come here alone")
    both = [kind for kind in theirs.kinds if kind in ours.kinds]
    if both != [kind for kind in ours.kinds if kind in theirs.kinds]:
        yield WireDifference(request, f"first come in the order {_listed(both)}, here in another")
    for kind in both:
        empty = sorted(theirs.kinds[kind] - ours.kinds[kind])
        if empty:
            yield WireDifference(request, f"{kind} leaves empty here: {_listed(empty)}")


def _listed(things: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(map(str, things))) or "none"


def _about(message: WireMessage) -> int:
    """The number of the request or order that a message is about; 0 for none, and for the next order's."""
    if message.kind == "nextValidId":
        return _UNASKED
    for name in ("orderId", "reqId", "id", "tickerId"):
        number = message.values.get(name)
        if isinstance(number, int) and number > 0:
            return number
    return _UNASKED


def _is_greeting(one: RecordedMessage) -> bool:
    text = one.payload.decode(errors="replace")
    return bool((_HELLO if one.is_request else _GREETING).match(text))


def _version(said: list[RecordedMessage]) -> int:
    greeting = next((one for one in said if not one.is_request), None)
    number = greeting.payload.split(b"\0")[0] if greeting is not None else b""
    if not number.isdigit():
        raise FixTheCommand(
            "--compare: the recording has no gateway's greeting; record from the connection on"
        )
    # Numbered bodies are read alike from 213 on: what a newer gateway adds is passed over.
    return min(int(number), max(SUPPORTED_VERSIONS))


def _played(said: list[RecordedMessage], version: int, unknown: set[int]) -> dict[int, Answers]:
    start = datetime.combine(_DAY, _BEGIN, NEW_YORK)
    world = synthetic_world(_symbols(said, version, unknown), _DAY, start=start, account_id=_ACCOUNT_ID)
    core = make_core(world, GatewaySettings(messages_per_second=None))
    session, answers = core.connect(), {_UNASKED: Answers()}
    frames, before = FrameBuffer(), said[0].at
    for one in (one for one in said if one.is_request):
        core.advance_to(core.now + min(max(one.at - before, timedelta(0)), _LONGEST_WAIT))
        before = one.at
        if _is_greeting(one):
            session, frames = core.connect(), FrameBuffer()
            hello = f"v{version}..{version}".encode()
            core.receive(session, b"API\0" + len(hello).to_bytes(4, "big") + hello)
        else:
            core.receive(session, len(one.payload).to_bytes(4, "big") + one.payload)
        _listen(session, frames, version, answers)
    core.advance_to(core.now + _AT_LAST)
    _listen(session, frames, version, answers)
    return answers


def _listen(session: ClientSession, frames: FrameBuffer, version: int, answers: dict[int, Answers]) -> None:
    while data := session.take_bytes():
        frames.receive(data)
    while (payload := frames.next()) is not None:
        if not _is_greeting(RecordedMessage(timedelta(0), is_request=False, payload=payload)):
            message = decode_answer(payload, version)
            answers.setdefault(_about(message), Answers()).note(message)


def _symbols(said: list[RecordedMessage], version: int, unknown: set[int]) -> list[str]:
    """The stocks that the recording asks for, and SPY; not those of requests that its gateway answered with 200."""
    found = ["SPY"]
    for one in said:
        if one.is_request and not _is_greeting(one):
            try:
                message = decode_request(one.payload, version)
            except ProtocolError:
                continue
            is_known = _about(message) not in unknown
            if is_known and message.get("secType") in ("STK", "OPT") and message.get("symbol"):
                found.append(str(message.get("symbol")).upper())
    return list(dict.fromkeys(found))
