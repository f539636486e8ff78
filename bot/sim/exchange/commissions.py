"""What a fill costs: IB's fixed prices for US options and stocks, charged on the order as it fills.

Source: IBKR's commission pages (fixed pricing): options 0.65 USD a contract, 1.00 an order at least; stocks 0.005 USD a share,
1.00 an order at least and 1 % of the trade's value at most; currencies 0.2 basis points of the value, 2.00 an order at
least. Exchange, clearing and regulatory fees are left out.
"""

from __future__ import annotations

from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import SecType

_MINIMUM = Decimal("1.00")
_CENT = Decimal("0.01")
_CURRENCY_MINIMUM, _CURRENCY_RATE = Decimal("2.00"), Decimal("0.00002")


def order_commission(contract: Contract, quantity: int, value: Decimal) -> Decimal:
    """The commission of an order of which ``quantity`` has filled for ``value`` USD in all."""
    if quantity == 0:
        return Decimal(0)
    if contract.sec_type is SecType.OPTION:
        return max(_MINIMUM, Decimal("0.65") * quantity)
    if contract.sec_type is SecType.FOREX:
        return max(_CURRENCY_MINIMUM, (_CURRENCY_RATE * value).quantize(_CENT))
    cost = max(_MINIMUM, Decimal("0.005") * quantity)
    return min(cost, value / 100).quantize(_CENT) if value else cost


def fill_commission(
    contract: Contract, filled_before: int, value_before: Decimal, quantity: int, value: Decimal
) -> Decimal:
    """What one fill adds to its order's commission; never negative."""
    before = order_commission(contract, filled_before, value_before)
    after = order_commission(contract, filled_before + quantity, value_before + value)
    return max(Decimal(0), after - before)
