"""A file of settings as text: a plain file of a size that somebody can have written, and nothing that waits or never ends."""

from __future__ import annotations

from pathlib import Path

from bot.domain.errors import FixTheConfiguration

MOST_BYTES = 256 * 1024
"""The shipped file, with every key and its meaning, has a twentieth of it."""


def text_of(path: Path) -> str:
    """Its text. FixTheConfiguration names the file and what to do."""
    try:
        if path.exists() and not path.is_file():
            raise FixTheConfiguration(f"{path}: is no file; name a settings file")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise FixTheConfiguration(f"{path}: there is no such file; give another with --config") from None
    except (OSError, ValueError) as error:  # a name that holds NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise FixTheConfiguration(f"{path!s:.200}: {reason}; make it a readable file") from None
    if len(raw) > MOST_BYTES:
        raise FixTheConfiguration(
            f"{path}: is larger than {MOST_BYTES // 1024} KiB; that is no settings file"
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FixTheConfiguration(f"{path}: line {line} cannot be read as UTF-8 text; correct it") from None
