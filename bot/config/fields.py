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


Fraction = Annotated[Decimal, Field(gt=0, le=1)]
"""A percentage written as a fraction: 0.01 is 1 %."""
Dollars = Annotated[Decimal, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
CountOrNone = Annotated[int, Field(ge=0)]
"""A whole number that may be zero."""
Minutes = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
WholeSeconds = Annotated[int, Field(gt=0)]
TcpPort = Annotated[int, Field(ge=1, le=65535)]
Rsi = Annotated[float, Field(ge=0, le=100)]
Ratio = Annotated[float, Field(ge=0)]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[str, BeforeValidator(_day)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]
Lower = BeforeValidator(_lower)
Upper = BeforeValidator(_upper)
SymbolName = Annotated[str, Upper, Field(pattern=r"^[A-Z][A-Z0-9. ]{0,9}$")]
SymbolNames = Annotated[
    tuple[SymbolName, ...], BeforeValidator(_words), AfterValidator(_all_different), Field(min_length=1)
]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_words)]


def _event(text: str) -> str:
    parse_blackout(text)
    return text


Blackouts = Annotated[tuple[Annotated[str, AfterValidator(_event)], ...], BeforeValidator(_words)]
"""Events as ``parse_blackout`` reads them."""
