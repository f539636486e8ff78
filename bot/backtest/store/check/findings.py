"""One thing that is wrong with stored data, in the words of the person who has to do something about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.backtest.store.kinds import Kind, part_of
from bot.domain.types import Symbol


class DataSeverity(StrEnum):
    """WRONG spoils a backtest; NOTE is to be known."""

    WRONG = "wrong"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class DataFinding:
    """``days`` are the New York days concerned, earliest first."""

    symbol: Symbol
    kind: Kind
    severity: DataSeverity
    what: str
    days: tuple[date, ...]
    remedy: str

    @property
    def when(self) -> str:
        """The days in a few words."""
        if not self.days:
            return ""
        if len(self.days) == 1:
            return f"{self.days[0]}"
        return f"{len(self.days)} days, {self.days[0]} to {self.days[-1]}"


def import_again(symbol: Symbol, days: Sequence[date]) -> str:
    """The remedy for minutes that an import would not have let in: what lies in their file came from elsewhere."""
    files = dict.fromkeys(f"{Kind.BARS_1M}/{symbol}/{part_of(Kind.BARS_1M, day)}.parquet" for day in days)
    return f"delete {', '.join(files)} in the data folder and import its bars again"
