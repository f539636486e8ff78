"""What the guard holds, as values: limit by limit, each within bounds.

Rule: a missing limit is an error, never "no limit"; an unknown key is an error, since a typo would loosen the wall.
"""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Count = Annotated[int, Field(gt=0, le=1_000_000)]
Money = Annotated[Decimal, Field(gt=0, le=100_000_000, decimal_places=2)]
ClientId = Annotated[int, Field(ge=0, lt=2**31)]
Account = Annotated[str, Field(pattern=r"\A[A-Za-z0-9]{2,20}\z")]
Symbol = Annotated[str, Field(pattern=r"\A[A-Z][A-Z0-9. ]{0,9}\z")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clients(_Part):
    """``trade`` may order, ``watch`` may only ask; ``guard`` is the guard's own id at the gateway."""

    trade: tuple[ClientId, ...] = Field(min_length=1)
    watch: tuple[ClientId, ...] = ()
    guard: ClientId = 999


class OneOrder(_Part):
    """``quantity`` in contracts, ``value`` in the currency: quantity × limit × multiplier."""

    quantity: Count
    value: Money


class Total(_Part):
    """``positions``: contracts held or being entered; ``premium``: what was paid for them and may yet be paid."""

    positions: Count
    premium: Money


class Collar(_Part):
    """How far a limit may be on the wrong side of the quote: the larger of both; older quotes do not count, nor do delayed or
    frozen ones unless ``delayed_quotes``."""

    percent: Annotated[Decimal, Field(ge=0, le=100)]
    absolute: Annotated[Decimal, Field(ge=0, le=100)]
    quote_age_s: Count = 60
    delayed_quotes: bool = False


class Rate(_Part):
    """At most this many in any minute, and in a New York day."""

    minute: Count
    day: Count


class Rates(_Part):
    """``efficiency``: (orders + revisions + cancels) / (fills + 1) of the day, judged from ``efficiency_from`` messages on.
    ``what_ifs`` are questions about an order, a minute: they count for nothing else."""

    entries: Rate
    exits: Rate
    revisions: Rate
    cancels: Rate
    efficiency: Annotated[Decimal, Field(gt=0)] = Decimal(20)  # IB's own order-efficiency ratio
    efficiency_from: Count = 60
    what_ifs: Count = 120


class DeadMan(_Part):
    """A trading client silent for this long has its resting entries cancelled; ``flatten`` also closes what is held."""

    silent_s: Count = 120
    flatten: bool = False


class SundayProof(_Part):
    """By when on Sunday (New York) the log-in must be proved: twelve hours before Monday's open at the latest; and every how
    many minutes it is said until then."""

    proved_by: time = time(12, 0)
    again_minutes: Annotated[int, Field(ge=5, le=240)] = 60

    @field_validator("proved_by")
    @classmethod
    def _in_time(cls, value: time) -> time:
        if value.tzinfo is not None or not time(1, 30) <= value <= time(21, 30):
            raise ValueError("between 01:30 and 21:30 New York, in quotes: twelve hours before Monday's open")
        return value


class Limits(_Part):
    """Everything the guard holds. ``round_trips``: positions opened and closed until a person goes on."""

    accounts: tuple[Account, ...] = Field(min_length=1)
    clients: Clients
    underlyings: tuple[Symbol, ...] = Field(min_length=1)
    currency: Annotated[str, Field(pattern=r"\A[A-Z]{3}\z")] = "USD"
    order: OneOrder
    total: Total
    collar: Collar
    rates: Rates
    round_trips: Count
    dead_man: DeadMan = DeadMan()
    sunday: SundayProof = SundayProof()
    order_fields: tuple[str, ...] = ()
    """Fields of an order beyond the ordinary ones that a client may set, by the TWS API's names."""

    @model_validator(mode="after")
    def _ids_differ(self) -> Limits:
        ids = (*self.clients.trade, *self.clients.watch, self.clients.guard)
        if len(set(ids)) != len(ids):
            raise ValueError("clients: an id is named twice; trade, watch and guard must all differ")
        return self
