"""Names for primitives, so that a signature says what it takes, and small enumerations. No rule of trading lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self, TypeAlias

Symbol: TypeAlias = str
ConId: TypeAlias = int
PermId: TypeAlias = int
OrderId: TypeAlias = int
OrderRef: TypeAlias = str
"""Our own name of an order, ``<idea id>/<leg>``; travels in IB's orderRef field and survives every restart."""
ExecId: TypeAlias = str
IdeaId: TypeAlias = str
"""``<symbol>-<bar end, UTC>-<strategy>``: the same bar gives the same id, so a replay cannot trade twice."""

Numbers: TypeAlias = Mapping[str, str]
"""The figures behind a decision, already formatted: ``{"quantity": "15", "max": "10"}``."""


Now: TypeAlias = Callable[[], datetime]
"""Where the shell reads the time: aware, UTC. Machines have none; they are told."""


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class Right(StrEnum):
    CALL = "C"
    PUT = "P"


class SecType(StrEnum):
    STOCK = "STK"
    OPTION = "OPT"
    FOREX = "CASH"
    INDEX = "IND"
    OTHER = "OTHER"
    """Anything else an account may hold: seen, never traded."""


class Direction(StrEnum):
    BULLISH = "bullish"
    BEARISH = "bearish"

    @property
    def right(self) -> Right:
        """Entries are long options only: a call for a rise, a put for a fall."""
        return Right.CALL if self is Direction.BULLISH else Right.PUT


class TradingState(StrEnum):
    """ACTIVE trades; REDUCING only lets positions end; HALTED is latched until you resume."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class CodeTable(StrEnum):
    """Codes that people read, to be subclassed. A member is written as (code, meaning, remedy), and is the text of its code."""

    meaning: str
    remedy: str

    def __new__(cls, code: str, meaning: str, remedy: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.remedy = remedy
        return member

    @classmethod
    def as_markdown(cls) -> str:
        """In the order of the codes."""
        rows = "\n".join(f"| `{code}` | {code.meaning} | {code.remedy} |" for code in sorted(cls))
        return f"| code | what it means | what to do, or the setting that decides |\n|---|---|---|\n{rows}\n"
