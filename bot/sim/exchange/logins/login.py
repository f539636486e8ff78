"""Who logs in: one account or several, an advisor's groups of them, and what kind each account is. Values only.

Rule: an account id is unique in a login; the first one is meant where a client names none and there is no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class AccountType(StrEnum):
    """IB's three kinds: cash, Regulation T margin, portfolio margin."""

    CASH = "cash"
    MARGIN = "margin"
    PORTFOLIO = "portfolio"


class Allocation(StrEnum):
    """How an advisor's order is shared out (IBKR Campus, "Allocation Methods and Groups")."""

    EQUAL = "Equal"
    NET_LIQUIDATION = "NetLiq"
    AVAILABLE_EQUITY = "AvailableEquity"
    RATIO = "Ratio"


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """One account as it was opened; ``equity`` is cash in ``currency``, its base currency."""

    account_id: str
    equity: Decimal
    type: AccountType = AccountType.MARGIN
    currency: str = "USD"
    fractional: bool = True
    """Whether it may trade parts of shares."""


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """An advisor's group: its accounts, and their weights where the method is RATIO."""

    name: str
    method: Allocation
    weights: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Login:
    """The accounts of one user name. ``advisor`` is the master account of an advisor, who trades in none himself."""

    accounts: tuple[AccountTerms, ...]
    advisor: str = ""
    groups: tuple[AccountGroup, ...] = field(default=())

    @property
    def managed(self) -> tuple[str, ...]:
        """What managedAccounts lists: an advisor's master account comes first."""
        own = tuple(terms.account_id for terms in self.accounts)
        return (self.advisor, *own) if self.advisor else own
