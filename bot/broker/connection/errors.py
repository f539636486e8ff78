"""What can go wrong between us and the gateway, by what follows from it."""

from __future__ import annotations


class RequestTrouble(Exception):
    """A request ended without its answer. ``code`` is IB's, or 0 where our own deadline ended it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class NotConnected(RequestTrouble):
    """Nothing was sent: there is no session."""

    def __init__(self) -> None:
        super().__init__(504, "not connected to the gateway; nothing was sent")


class UnreadableAnswer(RequestTrouble):
    """The gateway said something that has no meaning to us. It is no answer: guessing would be worse, and so would ending."""

    def __init__(self, text: str) -> None:
        super().__init__(0, text)

    def __str__(self) -> str:
        return self.text


class ConnectFailed(Exception):
    """One attempt to connect ended; the next follows after a pause."""
