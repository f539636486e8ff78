"""What holds at this moment and is forgotten on restart: connection, feeds, protection, the account's figures.

Rule: after a restart nothing is assumed: not connected, not reconciled, equity unknown.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from bot.domain.broker_messages import (
    BrokerConnected,
    BrokerDisconnected,
    BrokerPulse,
    DataTypeChanged,
    HoursListed,
    LinkChanged,
)
from bot.domain.market import DataType
from bot.domain.messages import FeedChanged, ProtectionChanged, Reconciled
from bot.domain.position import AccountValues
from bot.domain.types import ConId, IdeaId, Symbol

IB_LINK_LOST = frozenset({1100, 2110})
"""IB's codes for "the gateway has lost IB": fills may happen unheard until the books are compared again."""

SEPARATOR = "; "
"""Between the mismatches of one halt's detail."""


def in_details(mismatches: tuple[str, ...]) -> tuple[str, ...]:
    """As a halt's detail has them."""
    return tuple(text.replace(SEPARATOR, ", ") for text in mismatches)


NOT_CONNECTED = "not_connected"
NOT_RECONCILED = "not_reconciled"


class Conditions:
    """The present, as far as the broker and the other machines have told it."""

    def __init__(self) -> None:
        self.is_connected = False
        self.is_reconciled = False
        self.links_down: set[str] = set()
        self.stale_since: dict[tuple[Symbol, str], datetime] = {}
        self.data_types: dict[ConId, DataType] = {}
        self.unproved: dict[IdeaId, ProtectionChanged] = {}
        self.account: AccountValues | None = None
        self.equity_fault = ""
        self.mismatches: tuple[str, ...] = ()
        self.connected_account = ""
        self.clock_offsets_s: tuple[float, ...] = ()
        self.early_closes: dict[date, datetime] = {}

    def connect(self, fact: BrokerConnected) -> None:
        self.is_connected, self.is_reconciled = True, False
        self.connected_account = fact.account
        self.links_down.clear()

    def disconnect(self, _: BrokerDisconnected) -> None:
        self.is_connected = self.is_reconciled = False
        self.links_down.clear()
        self.data_types.clear()
        self.clock_offsets_s = ()

    def change_link(self, fact: LinkChanged) -> None:
        if fact.up:
            self.links_down.discard(fact.part)
            return
        self.links_down.add(fact.part)
        if fact.code in IB_LINK_LOST:
            self.is_reconciled = False

    def list_hours(self, fact: HoursListed) -> None:
        self.early_closes.update(fact.early_closes)

    def handle_pulse(self, fact: BrokerPulse) -> None:
        self.clock_offsets_s = (*self.clock_offsets_s[-1:], fact.clock_offset_s)

    @property
    def clock_skew_s(self) -> float:
        """How far the broker's clock is from ours: the smaller of the last two measurements, 0 before there is one.

        A machine that was held up between question and answer measures wrongly once, not twice in a row. The first one
        counts alone: a machine without a battery may have started hours off, and nothing is to be bought meanwhile.
        """
        return min(self.clock_offsets_s, key=abs, default=0.0)

    @property
    def has_two_measurements(self) -> bool:
        """Whether the broker's clock was read twice since it was connected to."""
        return len(self.clock_offsets_s) > 1

    def reconcile(self, fact: Reconciled) -> None:
        self.is_reconciled = True
        self.mismatches = in_details(fact.mismatches)

    def change_feed(self, fact: FeedChanged) -> None:
        key = (fact.symbol, fact.feed)
        if fact.is_fresh:
            self.stale_since.pop(key, None)
        else:
            self.stale_since.setdefault(key, fact.at)

    def change_data_type(self, fact: DataTypeChanged) -> None:
        self.data_types[fact.con_id] = fact.data_type

    def change_protection(self, fact: ProtectionChanged) -> None:
        if fact.is_proved:
            self.forget_bracket(fact.idea_id)
        else:
            self.unproved[fact.idea_id] = fact

    def forget_bracket(self, idea_id: IdeaId) -> None:
        self.unproved.pop(idea_id, None)

    def update_account(self, values: AccountValues) -> None:
        if self.account is not None and values.at < self.account.at:
            return  # a snapshot asked for earlier than the last update knows less
        self.account = values
        self.equity_fault = (
            ""
            if self.equity_usd is not None
            else values.fault or f"net liquidation is {values.net_liquidation}"
        )

    @property
    def equity_usd(self) -> Decimal | None:
        """Net liquidation if it is a positive number, else None."""
        return None if self.account is None else sane_money(self.account.net_liquidation)

    @property
    def reducing(self) -> tuple[str, ...]:
        """The passing causes for which no new risk is taken."""
        causes = ((NOT_CONNECTED, self.is_connected), (NOT_RECONCILED, self.is_reconciled))
        return tuple(cause for cause, holds in causes if not holds)


def sane_money(amount: Decimal | None) -> Decimal | None:
    """The amount if it is finite and positive, else None."""
    return amount if amount is not None and amount.is_finite() and amount > 0 else None
