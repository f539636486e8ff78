"""A table in the room that there is: no figure is ever cut or broken, however narrow the screen.

Where the columns do not fit beside each other, texts are broken between their words; where that is not enough, too, each row
stands as a few lines of names and values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

Cell = str | Text
_LEAST_OF_A_TEXT: Final = 12
"""A text is broken down to this width; below it is hard to read."""
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class FittedColumn:
    """``is_text``: may be broken between its words; ``right``: a figure, aligned right."""

    name: str
    right: bool = False
    is_text: bool = False
    footer: Cell = ""


@dataclass(frozen=True, slots=True)
class FittedTable:
    """Give it to a console's ``print``. ``gap``: spaces between two columns; ``notes`` stand below, a line each."""

    title: str
    columns: Sequence[FittedColumn]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    gap: int = 2
    title_justify: Literal["left", "center"] = "left"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        widths = self._widths(options.max_width)
        yield from self._stacked(console, options.max_width) if widths is None else [self._beside(widths)]
        yield from (Text(note, style="table.caption", overflow="fold") for note in self.notes if note)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        del console
        return Measurement(min(20, options.max_width), options.max_width)

    # ── columns beside each other ──

    def _widths(self, room: int) -> list[int] | None:
        """Each column's; None where they do not fit, even with their texts broken."""
        widths = [max(map(_width, (x.name, *cells))) for x, cells in self._by_column()]
        least = [self._least(x, cells) for x, cells in self._by_column()]
        while sum(widths) + self.gap * len(widths) - 1 > room:
            spare = [n for n, width in enumerate(widths) if width > least[n]]
            if not spare:
                return None
            widths[max(spare, key=widths.__getitem__)] -= 1
        return widths

    @staticmethod
    def _least(x: FittedColumn, cells: Sequence[Cell]) -> int:
        """A heading may be broken between its words, and so may a text."""
        word, width = max(map(_longest_word, (x.name, *cells))), max(map(_width, cells))
        return max(word, min(width, _LEAST_OF_A_TEXT)) if x.is_text else max(width, _longest_word(x.name))

    def _by_column(self) -> Iterator[tuple[FittedColumn, list[Cell]]]:
        for n, column in enumerate(self.columns):
            yield column, [column.footer, *(row[n] for row in self.rows)]

    def _beside(self, widths: Sequence[int]) -> Table:
        table = Table(
            title=self.title or None,
            title_justify=self.title_justify,
            box=box.SIMPLE_HEAD,
            show_edge=False,
            show_footer=any(x.footer for x in self.columns),
            padding=(0, self.gap - 1, 0, 0),
        )
        for column, width in zip(self.columns, widths, strict=True):
            table.add_column(
                column.name,
                footer=column.footer,
                justify="right" if column.right else "left",
                width=width,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*row)
        return table

    # ── a row as lines ──

    def _stacked(self, console: Console, room: int) -> Iterator[Text]:
        if self.title:
            yield Text(self.title, style="table.title", overflow="fold")
        names = ["", *(x.name for x in self.columns[1:])]
        footers = [x.footer for x in self.columns]
        for cells in (*self.rows, *([footers] if any(footers) else [])):
            named = [_named(name, cell) for name, cell in zip(names, cells, strict=True) if _width(cell)]
            yield from _lines(console, named, room)


def _named(name: str, cell: Cell) -> Text:
    value = cell if isinstance(cell, Text) else Text(cell)
    return Text.assemble((f"{name} ", "dim"), value) if name else value


def _lines(console: Console, parts: Iterable[Text], room: int) -> Iterator[Text]:
    """The parts one after the other, two spaces between them; only one that is longer than a line is broken."""
    line = Text()
    for part in parts:
        if line.cell_len and line.cell_len + len(_INDENT) + part.cell_len > room:
            yield line
            line = Text(_INDENT)
        elif line.cell_len:
            line.append(_INDENT)
        if line.cell_len + part.cell_len <= room:
            line.append_text(part)
            continue
        for piece in part.wrap(console, max(1, room - len(_INDENT)), overflow="fold"):
            piece.rstrip()
            yield Text.assemble(_INDENT, piece)
        line = Text(_INDENT)
    if line.plain.strip():
        yield line


def _width(cell: Cell) -> int:
    return cell.cell_len if isinstance(cell, Text) else cell_len(cell)


def _longest_word(cell: Cell) -> int:
    return max(map(cell_len, str(cell).split()), default=0)
