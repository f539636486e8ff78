"""The kinds of values settings are made of: what text may stand for them and which values are possible.

Rule: a range belongs to the kind and not to its reader, so that an impossible value never leaves this package.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.fields import FieldInfo

from bot.risk.blackout import parse_blackout


class Section(BaseModel):
    """A group of settings: frozen, no unknown keys, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def doc(default: Any, meaning: str, *, template: Any = None) -> Any:
    """A setting with its default and its meaning; ``template`` is what the file shows where that is not the default."""
    return Field(default=default, description=meaning, json_schema_extra={"template": template or default})


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting's value must never be shown."""
    return "SecretStr" in str(field.annotation)


def _clock(value: Any) -> Any:
    # YAML reads an unquoted 23:45 as a number to base 60.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    return value


def _words(value: Any) -> Any:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def is_zone(name: str) -> bool:
    """Whether the name is one of the time zone database's."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # a path, an unknown name, a folder of zones
        return False
    return True


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("is no time zone; write it as in America/New_York")
    return name


def _day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _all_different(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("names something twice; name it once")
    return values


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is yes or no, and a number is wanted")  # noqa: TRY004  pydantic's way
    return value


Number = BeforeValidator(_number)
"""YAML's yes and true are no numbers."""
Fraction = Annotated[Decimal, Number, Field(gt=0, le=1)]
"""A percentage written as a fraction: 0.01 is 1 %."""
Dollars = Annotated[Decimal, Number, Field(gt=0, le=1_000_000_000)]
Count = Annotated[int, Number, Field(ge=1, le=1_000_000)]
CountOrNone = Annotated[int, Number, Field(ge=0, le=1_000_000)]
"""A whole number that may be zero."""
MOST_SESSIONS = 365
"""IB refuses a duration in days beyond this (error 321, "Historical data requests for durations longer than 365 days")."""
Sessions = Annotated[int, Number, Field(ge=1, le=MOST_SESSIONS)]
"""Sessions of bars that are asked for."""
Minutes = Annotated[int, Number, Field(ge=0, le=24 * 60)]
SessionMinutes = Annotated[int, Number, Field(ge=1, le=390)]
"""Within one session, which has 390."""
FewTimes = Annotated[int, Number, Field(ge=1, le=100)]
Seconds = Annotated[float, Number, Field(gt=0, le=24 * 3600)]
WholeSeconds = Annotated[int, Number, Field(gt=0, le=24 * 3600)]
TcpPort = Annotated[int, Number, Field(ge=1, le=65535)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:%-]{1,253}$")]
"""A name or an address: no blanks, no lines."""
Rsi = Annotated[float, Field(ge=0, le=100)]
Ratio = Annotated[float, Field(ge=0)]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[str, BeforeValidator(_day)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]
Lower = BeforeValidator(_lower)
Upper = BeforeValidator(_upper)
INDICES = frozenset({"SPX", "XSP", "NDX", "XND", "RUT", "MRUT", "VIX", "DJX", "OEX", "XEO"})
"""What has options and is no stock: other hours, other settlement, another security type (Cboe, index options)."""


def _underlying(name: str) -> str:
    if "." in name:
        raise ValueError(f"is not how IB writes it: {name.replace('.', ' ')}")
    if name in INDICES:
        raise ValueError("is an index; this bot trades options of stocks and funds, such as SPY or QQQ")
    return name


SymbolName = Annotated[str, Upper, Field(pattern=r"^[A-Z][A-Z0-9. ]{0,9}$"), AfterValidator(_underlying)]
SymbolNames = Annotated[
    tuple[SymbolName, ...], BeforeValidator(_words), AfterValidator(_all_different), Field(min_length=1)
]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_words)]


def _event(text: str) -> str:
    parse_blackout(text)
    return text


Blackouts = Annotated[tuple[Annotated[str, AfterValidator(_event)], ...], BeforeValidator(_words)]
"""Events as ``parse_blackout`` reads them."""
