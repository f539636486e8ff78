"""The journal's day against IB's statement of it: every difference in one sentence. Pure.

Rule: executions are compared by IB's id without its correction's number; a commission may differ by less than a cent. What IB
did to the account without the bot (an assignment, an exercise, another hand's trade) is a difference; interest is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.order import Fill, execution_key
from bot.flex.statement import FlexExecution, FlexStatement

_CENT: Final = Decimal("0.01")
_EXPECTED_ENDS: Final = frozenset({"Expiration"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """``differences`` want a look, ``news`` is worth knowing; ``agreed`` executions are the same in both."""

    account: str
    day: str
    agreed: int
    differences: tuple[str, ...]
    news: tuple[str, ...]


def compare(
    statement: FlexStatement, fills: Iterable[Fill], commissions: Mapping[str, Decimal]
) -> Comparison:
    """``fills``: the journal's of the statement's days; ``commissions``: what each cost, by execution id."""
    ours = {execution_key(fill.exec_id)[0]: fill for fill in fills}
    theirs = {execution_key(row.exec_id)[0]: row for row in statement.executions}
    costs = {execution_key(exec_id)[0]: cost for exec_id, cost in commissions.items()}
    found: list[str] = []
    agreed = 0
    for key in sorted(ours.keys() | theirs.keys()):
        wrong = list(_of_one(key, ours.get(key), theirs.get(key), costs.get(key)))
        agreed += not wrong
        found += wrong
    found += [
        f"{row.kind} of {abs(row.quantity)} {row.label or row.con_id}"
        for row in statement.exercises
        if row.kind not in _EXPECTED_ENDS
    ]
    return Comparison(statement.account, _days(statement), agreed, tuple(found), tuple(_news(statement)))


def _of_one(key: str, ours: Fill | None, theirs: FlexExecution | None, cost: Decimal | None) -> Iterator[str]:
    if theirs is None:
        yield f"{key}: booked here, {_words(ours)}, and not in IB's statement"
        return
    label = f"{theirs.side} {theirs.quantity} of {theirs.con_id} at {theirs.price}"
    if ours is None:
        yield f"{key}: IB executed {label}, which is not in the journal"
        return
    if (ours.contract.con_id, ours.side, ours.quantity, ours.price) != (
        theirs.con_id,
        theirs.side,
        theirs.quantity,
        theirs.price,
    ):
        yield f"{key}: IB executed {label}, booked here {_words(ours)}"
    if theirs.commission is None:
        return
    if cost is None:
        yield f"{key}: IB charged {theirs.commission} {theirs.currency}, unknown here"
    elif abs(cost - theirs.commission) >= _CENT:
        yield f"{key}: IB charged {theirs.commission} {theirs.currency}, booked here {cost}"


def _words(fill: Fill | None) -> str:
    if fill is None:
        return "nothing"
    return f"{fill.side} {fill.quantity} of {fill.contract.con_id} at {fill.price}"


def _news(statement: FlexStatement) -> Iterator[str]:
    for row in statement.exercises:
        if row.kind in _EXPECTED_ENDS:
            yield f"{row.kind} of {abs(row.quantity)} {row.label or row.con_id}"
    for move in statement.cash:
        yield f"{move.kind}: {move.amount} {move.currency} {move.label}".rstrip()


def _days(statement: FlexStatement) -> str:
    first, last = statement.first_day, statement.last_day
    return first if first == last else f"{first} to {last}"
