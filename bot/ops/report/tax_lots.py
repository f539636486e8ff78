"""Tax lots: each sale matched with the purchases that it closed, first in first out, as CSV for a tax preparer.

Rules and their sources:

- First in, first out within one contract: the default of a broker that was given no other instruction (IBKR, "Tax Lot
  Matching Method"); fees belong to the basis of a purchase and lessen the proceeds of a sale (IRS, Publication 550).
- Term: long if held for more than a year (26 U.S.C. § 1222); an option on a stock or an ETF share is no section 1256 contract.
- Wash sale (26 U.S.C. § 1091): a loss whose security, or one substantially identical, was bought within 30 days before or
  after the sale. ``same_contract`` marks what a broker must mark, too (26 CFR 1.6045-1(d)(6)(iii)): the very contract was bought.
  ``same_underlying`` marks a call or put of the same kind on the same underlying, where the law gives no plain answer: look.

What is marked is marked by rule and is no advice; the amount that is disallowed is not computed.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.order import Fill
from bot.domain.session import new_york_day
from bot.domain.types import ConId, ExecId, OrderRef, Side

WASH_DAYS = timedelta(days=30)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TaxLot:
    """One purchase, or part of one, and its sale. Money with fees, in the contract's currency; days are New York's."""

    contract: str
    quantity: int
    opened_on: date
    closed_on: date
    proceeds: Decimal
    cost: Decimal
    gain: Decimal
    term: str
    wash_sale: str
    currency: str


@dataclass(slots=True)
class _Purchase:
    on: date
    left: int
    unit_cost: Decimal
    order: OrderRef


def tax_lots(fills: Iterable[Fill], fees: Mapping[ExecId, Decimal]) -> list[TaxLot]:
    """Match the sales among these executions with their purchases. What is still held makes no lot."""
    ordered = sorted(fills, key=lambda fill: fill.at)
    purchases: dict[ConId, deque[_Purchase]] = {}
    lots: list[TaxLot] = []
    bought = [fill for fill in ordered if fill.side is Side.BUY]
    for fill in ordered:
        queue = purchases.setdefault(fill.contract.con_id, deque())
        if fill.side is Side.BUY:
            cost = _money(fill) + fees.get(fill.exec_id, Decimal(0))
            queue.append(
                _Purchase(new_york_day(fill.at), fill.quantity, cost / fill.quantity, fill.order_ref)
            )
        else:
            lots += _sold(fill, queue, fees, bought)
    return lots


def _sold(
    fill: Fill, queue: deque[_Purchase], fees: Mapping[ExecId, Decimal], bought: list[Fill]
) -> Iterator[TaxLot]:
    unit_proceeds = (_money(fill) - fees.get(fill.exec_id, Decimal(0))) / fill.quantity
    left = fill.quantity
    while left and queue:
        purchase = queue[0]
        quantity = min(left, purchase.left)
        yield _lot(fill, purchase, quantity, unit_proceeds, bought)
        left -= quantity
        purchase.left -= quantity
        if not purchase.left:
            queue.popleft()


def _lot(
    fill: Fill, purchase: _Purchase, quantity: int, unit_proceeds: Decimal, bought: list[Fill]
) -> TaxLot:
    closed_on = new_york_day(fill.at)
    proceeds, cost = (unit_proceeds * quantity).quantize(CENT), (purchase.unit_cost * quantity).quantize(CENT)
    gain = proceeds - cost
    return TaxLot(
        contract=fill.contract.label,
        quantity=quantity,
        opened_on=purchase.on,
        closed_on=closed_on,
        proceeds=proceeds,
        cost=cost,
        gain=gain,
        term="long" if closed_on > _a_year_after(purchase.on) else "short",
        wash_sale=_wash(fill.contract, closed_on, purchase.order, bought) if gain < 0 else "",
        currency=fill.contract.currency,
    )


def _wash(sold: Contract, on: date, own: OrderRef, bought: list[Fill]) -> str:
    """Whether another purchase within 30 days makes the loss a wash sale, plainly or possibly.

    The rest of the same order is no other purchase: what is bought and sold together replaces nothing.
    """
    near = [x for x in bought if x.order_ref != own and abs(new_york_day(x.at) - on) <= WASH_DAYS]
    if any(x.contract.con_id == sold.con_id for x in near):
        return "same_contract"
    alike = any((x.contract.symbol, x.contract.right) == (sold.symbol, sold.right) for x in near)
    return "same_underlying" if alike else ""


def _money(fill: Fill) -> Decimal:
    return fill.price * fill.quantity * fill.contract.multiplier


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)


def lots_as_csv(lots: Iterable[TaxLot]) -> str:
    """A header and one line a lot."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [field.name for field in fields(TaxLot)]
    writer.writerow(columns)
    writer.writerows([getattr(lot, column) for column in columns] for lot in lots)
    return out.getvalue()
