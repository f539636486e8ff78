"""A Flex statement: what IB executed, charged, paid and exercised, out of its XML. Pure.

Source: IBKR Guides, "Flex Web Service" and "Flex Query Reference" (sections Trades, Trade Confirmations, Option Exercises,
Assignments and Expirations, Cash Transactions). Rule: what the query leaves out is unknown, not zero; an attribute that
must be there and is not is an error naming the section, because the query then has to be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.etree import ElementTree

from bot.domain.types import Side

MAX_BYTES: Final = 32 * 2**20
_DECLARATION: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
# The same execution under the names of the two kinds of query.
_EXECUTIONS: Final = {
    "Trade": ("ibExecID", "tradePrice", "ibCommission", "ibCommissionCurrency"),
    "TradeConfirm": ("execID", "price", "commission", "commissionCurrency"),
}


class UnreadableStatement(ValueError):
    """The text is no Flex statement, or lacks what the comparison needs."""


@dataclass(frozen=True, slots=True)
class FlexExecution:
    """One execution. ``commission`` is what it cost, above zero for a charge."""

    exec_id: str
    con_id: int
    side: Side
    quantity: int
    price: Decimal
    commission: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """An option's end: ``kind`` is IB's word, such as Assignment, Exercise, Expiration."""

    kind: str
    con_id: int
    label: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class CashMove:
    """Interest, fees, dividends: money that no trade of the bot moved."""

    kind: str
    amount: Decimal
    currency: str
    label: str


@dataclass(frozen=True, slots=True)
class FlexStatement:
    """One account's statement. Days are IB's text, YYYYMMDD."""

    account: str
    first_day: str
    last_day: str
    executions: tuple[FlexExecution, ...]
    exercises: tuple[Exercise, ...]
    cash: tuple[CashMove, ...]


def read_statement(text: bytes) -> tuple[FlexStatement, ...]:
    """Every account's statement of a query's answer. Errors: UnreadableStatement."""
    if len(text) > MAX_BYTES or _DECLARATION.search(text):
        raise UnreadableStatement("it is too long, or declares entities, which IB's statements never do")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  no declarations, so no entities to expand
    except ElementTree.ParseError as error:
        raise UnreadableStatement(f"it is no XML: {error}") from None
    if root.tag != "FlexQueryResponse":
        raise UnreadableStatement(f"it is a {root.tag[:40]}, not a FlexQueryResponse")
    return tuple(_statement(found) for found in root.iter("FlexStatement"))


def _statement(found: ElementTree.Element) -> FlexStatement:
    return FlexStatement(
        account=_text(found, "accountId"),
        first_day=_text(found, "fromDate"),
        last_day=_text(found, "toDate"),
        executions=tuple(_executions(found)),
        exercises=tuple(
            Exercise(
                _text(row, "transactionType"),
                _whole(row, "conid"),
                row.get("symbol", ""),
                _number(row, "quantity"),
            )
            for row in found.iter("OptionEAE")
        ),
        cash=tuple(
            CashMove(
                _text(row, "type"),
                _number(row, "amount"),
                row.get("currency", ""),
                row.get("description", "")[:80],
            )
            for row in found.iter("CashTransaction")
        ),
    )


def _executions(found: ElementTree.Element) -> Iterator[FlexExecution]:
    seen = set()
    for tag, (exec_id, price, commission, currency) in _EXECUTIONS.items():
        for row in found.iter(tag):
            # Orders and closed lots are told in the same section; a book trade (an assignment) has no execution.
            if row.get("levelOfDetail", "EXECUTION") != "EXECUTION" or not row.get(exec_id):
                continue
            if row.get(exec_id) in seen:
                continue
            seen.add(row.get(exec_id))
            cost = None if not row.get(commission) else -_number(row, commission)
            yield FlexExecution(
                _text(row, exec_id),
                _whole(row, "conid"),
                _side(row),
                abs(_whole(row, "quantity")),
                _number(row, price),
                cost,
                row.get(currency, ""),
            )


def _side(row: ElementTree.Element) -> Side:
    word = _text(row, "buySell")
    if word not in ("BUY", "SELL"):
        raise UnreadableStatement(f"{row.tag}: buySell is {word[:20]!r}")
    return Side.BUY if word == "BUY" else Side.SELL


def _text(row: ElementTree.Element, name: str) -> str:
    value = row.get(name, "")
    if not value:
        raise UnreadableStatement(f"{row.tag} has no {name}; tick it in the Flex query")
    return value


def _number(row: ElementTree.Element, name: str) -> Decimal:
    text = _text(row, name).replace(",", "")
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > 20:
        raise UnreadableStatement(f"{row.tag}: {name} is {text[:20]!r}, no number")
    return value


def _whole(row: ElementTree.Element, name: str) -> int:
    value = _number(row, name)
    if value != value.to_integral_value():
        raise UnreadableStatement(f"{row.tag}: {name} is {value}, no whole number")
    return int(value)
