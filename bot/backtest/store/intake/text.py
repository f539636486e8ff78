"""Text files: their encoding, the lines that are no rows, and which line names the columns."""

from __future__ import annotations

import csv as text_csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bot.domain.errors import FixTheCommand

DELIMITERS: Final = (",", ";", "\t", "|")
_NUMBER_OR_TIME: Final = re.compile(r"[-+]?[\d.,:/\-TZ ]*\d[\d.,:/\-TZ ]*(AM|PM)?", re.IGNORECASE)
_FOOTER: Final = re.compile(rb"\"?[A-Za-z#(][^,;\t|]*")
_SEPARATOR: Final = re.compile(r"sep=.", re.IGNORECASE)
_MOST_ABOVE: Final = 9
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the rows. ``names`` is None without a header; ``symbol`` is one that pandas wrote into the header."""

    delimiter: str
    cells: int
    names: tuple[str, ...] | None
    lines: int = 0
    symbol: str | None = None


def as_utf8(path: Path, data: bytes) -> bytes:
    """The file's text in UTF-8, without a mark of its order; FixTheCommand when it is none."""
    if not data.strip():
        raise FixTheCommand(f"{path} is empty")
    if data[:2] in _UTF16:
        try:
            return data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise FixTheCommand(f"{path}: damaged UTF-16 text; save it as UTF-8") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        head, _, rest = data.partition(b"\n")
        if line > 1 or not rest.isascii():
            raise FixTheCommand(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8") from None
        # A spreadsheet's header in the code page of western Windows, where all rows are plain.
        return head.decode("cp1252", errors="replace").encode() + b"\n" + rest
    return data


def without_footer(data: bytes, delimiter: str) -> tuple[bytes, str | None]:
    """The text without a last line of words, as ``Downloaded from …``, and that line."""
    kept = data.rstrip()
    last = kept[max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1 :]
    if len(last) < len(kept) and _FOOTER.fullmatch(last) and delimiter.encode() not in last:
        return kept[: -len(last)], last.decode(errors="replace")
    return data, None


def head_of(path: Path, text: str) -> Head:
    """Read the lines above the rows; FixTheCommand when the first is not text."""
    lines = text.splitlines()
    above = _above(lines)
    lines = lines[above:]
    if not lines or not lines[0].strip() or "\0" in lines[0]:
        raise FixTheCommand(f"{path}: its first line is not text; is it a CSV or Parquet file?")
    delimiter = max(DELIMITERS, key=lines[0].count)
    rows = [
        [cell.strip() for cell in next(text_csv.reader([line], delimiter=delimiter), [])]
        for line in lines[:3]
    ]
    if any(_NUMBER_OR_TIME.fullmatch(cell) for cell in rows[0]):
        return Head(delimiter, len(rows[0]), None, above)
    head = _of_pandas(path, delimiter, rows) or Head(delimiter, len(rows[0]), tuple(rows[0]), 1)
    return replace(head, lines=head.lines + above)


def _above(lines: list[str]) -> int:
    """How many lines stand above a header: a spreadsheet's ``sep=;``, a comment, a title. None above rows without one."""
    for n, line in enumerate(lines[:_MOST_ABOVE]):
        if _SEPARATOR.fullmatch(line.strip()) or not any(x in line for x in DELIMITERS):
            continue
        cells = re.split(r"[,;\t|]", line)
        return 0 if any(_NUMBER_OR_TIME.fullmatch(cell.strip()) for cell in cells) else n
    return 0


def _of_pandas(path: Path, delimiter: str, rows: list[list[str]]) -> Head | None:
    """Columns of two levels, as yfinance has them: the figures, the symbols, and the index's name in a line of its own."""
    if len(rows) < 3 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return None
    above, below, third = rows
    if any(third[1:]) or not third[0] or above[0].lower() not in ("", "price", "ticker"):
        return None
    figures, symbols = (below, above) if len(set(above[1:])) < len(set(below[1:])) else (above, below)
    if len(set(symbols[1:])) > 1:
        shown = ", ".join(sorted(set(symbols[1:]))[:5])
        raise FixTheCommand(
            f"{path}: the columns of several symbols side by side ({shown}); write a file for each"
        )
    return Head(delimiter, len(above), (third[0], *figures[1:]), 3, symbols[1] or None)
