"""Whose an order is stands in its reference: ``SPY-20110126T1007EST-scalp/entry@7`` is the entry of the bot with client id 7.

Two bots on one gateway with the same symbols have the same ideas at the same minutes; only the client id tells their orders
apart, and executions lose it when the gateway restarts. References from before this rule have no such part.
"""

from __future__ import annotations

from bot.domain.order import bot_of, leg_of
from bot.domain.types import OrderRef

_NO_CLIENT = (0, -1)
"""What IB says of orders typed into TWS, and of executions whose client it has forgotten."""


def marked(ref: OrderRef, client_id: int) -> str:
    """The reference as it goes on the wire."""
    return f"{ref}@{client_id}"


def read_ref(text: str, row_client: int | None, own_client: int) -> OrderRef:
    """Our own reference without its mark; another bot's stays whole, so that it can never pass for ours.

    ``row_client`` is the client id that came with the row, None where IB does not say it reliably.
    """
    bot = bot_of(text)
    if bot is not None:
        return text.rpartition("@")[0] if bot == own_client else text
    is_elsewhere = row_client is not None and row_client not in (own_client, *_NO_CLIENT)
    return marked(text, row_client or 0) if is_elsewhere and leg_of(text) is not None else text
