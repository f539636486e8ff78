"""A document's table on a terminal, in the room that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.ops.page.document import Table
    from bot.ops.status.fitted import FittedTable

_WHY = "why"
"""As the last column it is long, and stands below the rows."""


def grid_of(table: Table) -> FittedTable:
    """Give it to a console's ``print``. A column with letters may be broken between its words, figures and times never."""
    from bot.ops.status.fitted import FittedColumn, FittedTable

    places = range(len(table.columns) - _has_why(table))
    columns = [
        FittedColumn(
            table.columns[n], right=n in table.right, is_text=n not in table.right and _has_letters(table, n)
        )
        for n in places
    ]
    rows = [[row[n] for n in places] for row in table.rows]
    return FittedTable(table.title, columns, rows, (table.note, *_reasons(table)))


def _has_letters(table: Table, place: int) -> bool:
    return any(letter.isalpha() for row in table.rows for letter in row[place])


def _has_why(table: Table) -> bool:
    return table.columns[-1] == _WHY


def _reasons(table: Table) -> list[str]:
    """Each row's why, by its first cell."""
    return [f"{row[0]}: {row[-1]}" for row in table.rows if row[-1]] if _has_why(table) else []
