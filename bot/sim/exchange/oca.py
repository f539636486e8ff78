"""One-cancels-all groups: what an execution of one member means for the others. Pure.

Source: IB, "One-Cancels All" order attribute: 1 cancels all remaining orders with block, 2 reduces them in proportion with block,
3 reduces them without block. "With block" means that only one order works at a time, so the group can never overfill: here the
consequences follow at once. Without block they come after the quote that filled, so two members may fill on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import Units, in_proportion, tidy
from bot.sim.exchange.live_order import LiveOrder

CANCEL_WITH_BLOCK, REDUCE_WITH_BLOCK, REDUCE = 1, 2, 3


def members(order: LiveOrder, orders: Iterable[LiveOrder]) -> list[LiveOrder]:
    """The living rest of the order's group, held ones included; [] without a group."""
    if not order.oca_group:
        return []
    return [o for o in orders if o is not order and not o.is_done and o.oca_group == order.oca_group]


def has_block(order: LiveOrder) -> bool:
    return order.oca_type in (CANCEL_WITH_BLOCK, REDUCE_WITH_BLOCK)


def new_caps(
    order: LiveOrder, filled: Units, group: Iterable[LiveOrder], exchange_settings: ExchangeSettings
) -> Iterator[tuple[LiveOrder, Units]]:
    """For each member what it may still fill in all after ``order`` filled ``filled`` more; its own filled part ends it."""
    rest = max(0, tidy(order.cap - order.filled))
    for other in group:
        if order.oca_type == CANCEL_WITH_BLOCK:
            if exchange_settings.oca_cancels_on_partial or rest == 0:
                yield other, other.filled
        else:
            left = tidy(other.cap - other.filled)
            yield other, tidy(other.filled + in_proportion(left, rest, tidy(rest + filled)))
