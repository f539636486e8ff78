"""How the simulated exchange behaves where IB is unclear, or where a test wants it otherwise. One frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """Defaults are what IB documents or, failing that, what is harder on a bot."""

    points_per_minute: int = 4
    """Books move this often; a multiple of 4 (open, the two extremes, close)."""
    partial_fills: bool = True
    """False: the displayed size does not limit a fill."""
    displayed_size: int | None = None
    """Replaces the size on both sides of every book."""
    # IB does not say; both ways were reported. True is harder on a bot: it must follow a growing position.
    children_on_partial_parent: bool = True
    """True: a partly filled parent activates its children for the filled part; False: only the whole fill does."""
    oca_cancels_on_partial: bool = True
    """OCA type 1: any execution ends the siblings (IB: "after an execution"); False: only a complete fill."""
    oca_client_cancel_ends_group: bool = True
    """A client's cancel of one member ends the group; a system's cancel does not (IBKR Campus, OCA orders)."""
    option_trigger_method: int = 1
    """What trigger method 0 means for options: 1 double bid/ask (IB's default), 2 last, 4 bid/ask, 8 mid-point."""
    stock_trigger_method: int = 2
    cancel_latency: timedelta = timedelta(0)
    """A cancel takes effect this much later; a fill may overtake it."""
    commission_delay: timedelta = timedelta(0)
    # IBKR knowledge base, node 838: 20 % for options.
    price_collar: Decimal | None = Decimal("0.20")
    """An option limit further than this through the NBBO is refused; None switches it off."""
    collar_floor: Decimal = Decimal("0.10")
    """…but never one that is closer than this many dollars."""
    # Older pages of IB say 20, newer ones 15; nobody has compared it with a gateway.
    orders_per_side: int = 20
    """Active orders per contract and side."""
    # ib_insync #694: "Cannot have open orders on both sides of the same US Option contract".
    both_sides_reject: bool = True
    # IBKR knowledge base, article 4860, "Options Levels 1-4". 3 is what used to be called limited permissions.
    option_level: int = 3
    """0 no options, 1 covered calls, 2 long options and bought spreads, 3 limited losses (short puts, sold spreads), 4 all."""
    fractional_shares: bool = True
    """False: an order for a part of a share is refused as users of the API report it of most accounts (10243)."""
    not_shortable: tuple[str, ...] = ()
    """Symbols of which no shares can be borrowed: a short sale is refused, and tick 46 says so."""
    # IBKR, "Short Sale Cost": a quarter of a per cent a year for what is easy to borrow.
    borrow_fee: Decimal = Decimal("0.0025")
    """A year's fee for borrowed shares, as a part of their value."""
    carries_overnight: bool = False
    """True: each night's interest, dividends and borrow fees are accrued and, at a month's end, paid."""
    short_options_allowed: bool = False
    """True: as level 4, whatever the level."""
    expiry_delay: timedelta = timedelta(minutes=90)
    """From the close to exercise, assignment and expiry of what expires that day."""
    # IBKR Campus, "Account & Portfolio Data": every three minutes, and on a change of positions.
    account_update_every: timedelta = timedelta(minutes=3)
