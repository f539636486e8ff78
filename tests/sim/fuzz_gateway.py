"""Coverage-guided fuzzing of the frame reader and every request parser, through the whole gateway. Opt-in:

    python -m tests.sim.fuzz_gateway -max_total_time=600

Rule: a byte string is what one client sends after it has started; the gateway must not fail, leak or disturb another.
Needs the ``fuzz`` dependency group (atheris, x86-64 only).
"""

from __future__ import annotations

import struct
import sys

import atheris

with atheris.instrument_imports(include=["bot.wire", "bot.sim"]):
    from tests.sim.fuzzing import Survivor, request_fields

from loguru import logger

from bot.wire import MessageDirection, message_kinds

_FRESH_AFTER = 2000
_KINDS = sorted(
    k.name
    for k in message_kinds()
    if k.direction is MessageDirection.REQUEST and k.name != "startApi" and k.since <= 178
)


class Target:
    """One input, one client; now and then a new world, so that no input depends on thousands before it."""

    def __init__(self) -> None:
        self._survivor = Survivor()
        self._count = 0

    def __call__(self, data: bytes) -> None:
        self._count += 1
        if self._count % _FRESH_AFTER == 0:
            self._survivor = Survivor()
        client = self._survivor.client()
        self._survivor.bench.core.receive(client.session, _bytes_of(data))
        self._survivor.dismiss(client)
        self._survivor.check()


def _bytes_of(data: bytes) -> bytes:
    """The input as it is, or as the fields of one request (first byte below 128), which gets past the frame reader."""
    if len(data) < 2 or data[0] >= 128:
        return data
    fields = request_fields(_KINDS[data[0] % len(_KINDS)], 178)
    for place, text in enumerate(data[2:].split(b"\0"), start=1 + data[1] % len(fields)):
        if place < len(fields):
            fields[place] = text.decode("latin-1")
    payload = "\0".join(fields).encode() + b"\0"
    return struct.pack(">I", len(payload)) + payload


def main() -> None:
    logger.remove()
    atheris.Setup(sys.argv, Target())
    atheris.Fuzz()


if __name__ == "__main__":
    main()
