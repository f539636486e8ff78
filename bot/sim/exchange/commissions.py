"""What a fill costs: IB's tiered prices for US options with what is passed on, and its prices for stocks and currencies.

Sources: IBKR's pricing pages, as read in November 2026. Options, tiered, up to 10,000 contracts a month: by premium 0.65, 0.50 or
0.25 USD a contract, 1.00 an order at least; passed on are the options regulatory fee, OCC's clearing fee and, on sales, FINRA's
trading activity fee and the SEC's fee. Exchange fees and rebates vary by venue and are left out. Stocks, fixed: 0.005 USD a
share, 1.00 an order at least and 1 % of the value at most. Currencies: 0.2 basis points of the value, 2.00 an order at least.

Rule: today's prices on whatever day is played, in whole cents an order (IB reports fractions of a cent).
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from bot.domain.contract import Contract
from bot.domain.types import SecType, Side
from bot.sim.exchange.fractions.sizes import Units

_ORDER_MINIMUM = Decimal("1.00")
_CENT = Decimal("0.01")
_CURRENCY_MINIMUM, _CURRENCY_RATE = Decimal("2.00"), Decimal("0.00002")
_PREMIUM_TIERS = (
    (Decimal("0.10"), Decimal("0.65")),
    (Decimal("0.05"), Decimal("0.50")),
    (Decimal(0), Decimal("0.25")),
)
"""From this premium on, so many USD a contract (IBKR, "Commissions: Options", United States, Tiered)."""
_REGULATORY_FEE = Decimal("0.02685")
"""ORF, USD a contract, buys and sales (the same page, "Third Party Fees")."""
_CLEARING_FEE, _CLEARING_FEE_CAP = Decimal("0.02"), Decimal("55.00")
"""OCC, USD a contract; a trade of 2,750 contracts or more costs the cap (OCC, "Schedule of Fees")."""
_ACTIVITY_FEE = Decimal("0.00279")
"""FINRA's trading activity fee on sales of options, USD a contract (the same page)."""
_SEC_FEES = ((date.min, Decimal("0.000008")),)
"""The SEC's fee on sales by the day from which it holds, as part of their value (Exchange Act, section 31). The SEC sets it anew
about once a year: a change is one more row, later days last."""


def order_commission(
    contract: Contract, quantity: Units, value: Decimal, side: Side = Side.BUY, day: date = date.max
) -> Decimal:
    """All that an order costs of which ``quantity`` has filled for ``value`` USD in all, passed-on fees included."""
    if quantity == 0:
        return Decimal(0)
    if contract.sec_type is SecType.OPTION:
        premium = value / quantity / contract.multiplier
        commission = max(_ORDER_MINIMUM, _a_contract(premium) * quantity)
        return _in_cents(commission + _passed_on(quantity, value, side, day))
    if contract.sec_type is SecType.FOREX:
        return max(_CURRENCY_MINIMUM, _in_cents(_CURRENCY_RATE * value))
    cost = max(_ORDER_MINIMUM, Decimal("0.005") * quantity)
    return _in_cents(min(cost, value / 100)) if value else cost


def fill_commission(
    contract: Contract,
    before: tuple[Units, Decimal],
    quantity: Units,
    value: Decimal,
    side: Side = Side.BUY,
    day: date = date.max,
) -> Decimal:
    """What one fill adds to its order's costs, never negative; ``before`` is what had filled, and for how much."""
    held, worth = before
    so_far = order_commission(contract, held, worth, side, day)
    after = order_commission(contract, held + quantity, worth + value, side, day)
    return max(Decimal(0), after - so_far)


def _a_contract(premium: Decimal) -> Decimal:
    return next(rate for least, rate in _PREMIUM_TIERS if premium >= least)


def _passed_on(quantity: Units, value: Decimal, side: Side, day: date) -> Decimal:
    fees = _REGULATORY_FEE * quantity + min(_CLEARING_FEE_CAP, _CLEARING_FEE * quantity)
    if side is Side.BUY:
        return fees
    rate = next(rate for since, rate in reversed(_SEC_FEES) if day >= since)
    return fees + _ACTIVITY_FEE * quantity + rate * value


def _in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
