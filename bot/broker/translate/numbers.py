"""IB's numbers, read: the many ways IB says "unknown" become None, and prices become Decimals.

Rule: unknown is never 0. Source of the sentinels: IB's UNSET_DOUBLE (1.797…e308) and UNSET_INTEGER (2147483647), the
quote price -1 for "no quote", and NaN from the client library.
"""

from __future__ import annotations

import math
from decimal import Decimal

from bot.broker.connection.errors import UnreadableAnswer

# TWS API: UNSET_DOUBLE is the largest double, UNSET_INTEGER the largest int; both mean that no value was given.
UNSET_DOUBLE = 1.7976931348623157e308
UNSET_INTEGER = 2**31 - 1

IbNumber = float | str | Decimal | None


def figure(value: IbNumber) -> float | None:
    """Any number IB may send, or None when it is one of IB's ways to say nothing. Raises UnreadableAnswer for text."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except ValueError:
        raise UnreadableAnswer(f"not a number: {value!r}") from None
    if not math.isfinite(number) or abs(number) >= 1e300 or number == UNSET_INTEGER:
        return None
    return number


def amount(value: IbNumber) -> Decimal | None:
    """Money or an order's price, of either sign."""
    number = figure(value)
    return None if number is None else decimal(number)


def decimal(number: float) -> Decimal:
    """The shortest decimal that is this float: what stood on the wire."""
    return Decimal(repr(float(number))).normalize() + 0 if number else Decimal(0)


def price(value: IbNumber) -> Decimal | None:
    """A quote's price: None unless it is above zero (IB says -1 for "no quote", and 0 before the first trade)."""
    number = figure(value)
    return None if number is None or number <= 0 else decimal(number)


def order_price(value: IbNumber) -> Decimal | None:
    """A limit or stop price of an order. IB fills the field with 0 where the order type has none."""
    found = amount(value)
    return None if found is None or found == 0 else found


def to_size(value: IbNumber) -> int | None:
    """A size or a volume. 0 is known to be 0; a negative one is unknown."""
    number = figure(value)
    return None if number is None or number < 0 else int(number)


def quantity(value: IbNumber, what: str) -> int:
    """A count that must be there. Raises UnreadableAnswer where it is missing or not whole."""
    number = figure(value)
    if number is None or number != int(number):
        raise UnreadableAnswer(f"{what} should be a whole number, not {value!r}")
    return int(number)
