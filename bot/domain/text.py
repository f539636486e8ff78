"""Text from outside, made safe where it enters: no machine, commit, log or screen can fail on it later."""

from __future__ import annotations

from typing import Final

MOST: Final = 500
"""Characters kept of a reason or a name: enough for a person's words, too few to fill a card or a phone."""


def made_safe(text: object, most: int = MOST) -> str:
    """Printable, encodable and bounded: one line, without control characters, lone surrogates and the rest beyond ``most``.

    What cannot be encoded becomes ``?``; white space of every kind becomes one blank; what has no words is named by its kind.
    """
    try:
        words_of = str(text)
    except (RecursionError, ValueError):  # nested too deep; an integer of more digits than Python prints
        words_of = type(text).__name__
    known = words_of[: 4 * most].encode("utf-8", "replace").decode("utf-8", "replace")
    words = "".join(char if char.isprintable() else " " for char in known).split()
    line = " ".join(words)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 trade``, ``0 trades``, ``1,200 trades``; ``many`` where an s is not enough."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
