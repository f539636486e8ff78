"""A client that shares no code with the gateway: a blocking socket and lists of text, as another language would have.
``stream`` is every byte that came.

Rule: written from the protocol's description alone; nothing of ``bot.wire`` is used, so that a mistake made twice there shows.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

Fields = list[str]


class Stranger:
    """Connects with the first bytes ``opening``; ``version`` is what the gateway chose."""

    def __init__(self, port: int, opening: bytes, *, client_id: int = 7, start: str = "71|2|{}|") -> None:
        self.stream = bytearray()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.sendall(opening)
        version, self.connection_time = self.hear()
        self.version = int(version)
        self.say(start.format(client_id))

    def say(self, text: str) -> None:
        """Send the fields of ``text``, which are separated by ``|``."""
        payload = "".join(f"{field}\0" for field in text.split("|")).encode()
        self._socket.sendall(len(payload).to_bytes(4, "big") + payload)

    def hear(self) -> Fields:
        """The fields of the next message. Errors: EOFError when the gateway has closed."""
        size = int.from_bytes(self._read(4), "big")
        return self._read(size).decode().removesuffix("\0").split("\0")

    def wait_for(self, *ids: int) -> Fields:
        """The next message with one of these ids; what comes before it is passed over."""
        while True:
            fields = self.hear()
            if int(fields[0]) in ids:
                return fields

    def catch_up(self) -> None:
        """Read all that was written until now."""
        self.say("49|1")
        self.wait_for(49)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        self.stream += data
        return data

    def close(self) -> None:
        self._socket.close()


def opening(text: str) -> bytes:
    """The first bytes of a client that speaks these versions."""
    return b"API\0" + len(text).to_bytes(4, "big") + text.encode()


def limit_order(version: int, order_id: int, contract: str, action: str, price: str) -> str:
    """placeOrder for one unit at a limit, with nothing else set; ``contract`` are its twelve fields."""
    return "|".join(_order_fields(version, order_id, contract, action, price))


def _order_fields(version: int, order_id: int, contract: str, action: str, price: str) -> Iterable[str]:
    yield "3"
    yield from ["45"] if version < 145 else []
    yield from [str(order_id), contract, "", ""]
    yield from [action, "1", "LMT", price, "", "DAY", "", "", "", "0", "", "1", "0"]
    yield from ["0", "0", "0", "0", "0", "0"]  # block to hidden
    yield from ["", "0", "", "", "", "", ""]  # shares allocation to the advisor's percentage
    yield from [""] if version < 177 else []  # the advisor's profile
    yield from ["", "0", "", "-1", "0", "", "", "0", "", "", "0", "0", "", "0", "", "", "", "", "", "0"]
    yield from ["", "", "", "", "0", "", "", ""]  # volatility to the trailing percentage
    yield from ["", "", "", "", "", ""]  # scale
    yield from ["", "0", "", "", "0", "0", "", ""]  # hedge to the algorithm's id
    yield from ["0", "", "0", "0", "0", "0"]  # what-if to the number of conditions
    yield from ["", "", "", "", "", "", "0", "", "", "", ""]  # adjusted order to cash quantity
    yield from ["", "", "", "", "0"]  # MiFID, automatic price for hedges
    yield from ["0"] if version >= 145 else []
    yield from ["0"] if version >= 148 else []
    yield from [""] if version >= 151 else []
    yield from ["", "", "0"] if version >= 163 else []  # duration, postToAts, autoCancelParent
    yield from [""] if version >= 166 else []
    yield from [""] if version >= 169 else []
    yield from [""] if version >= 183 else []  # customer's account
    yield from ["0"] if version >= 184 else []
    yield from ["", "2147483647"] if 187 <= version < 190 else []  # a request for quotes
    yield from ["0"] if version >= 189 else []  # include overnight
    yield from ["2147483647"] if version >= 192 else []
    yield from ["0"] if version >= 199 else []  # imbalance only
