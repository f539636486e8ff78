"""All accounts of a login: which one a name means, and how an advisor's order is shared out among them.

Rule: a share is given for good: what a later fill brings is handed to whoever lacks most by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import ConId
from bot.sim.exchange.account import Account
from bot.sim.exchange.account_values import AccountFigures, summed
from bot.sim.exchange.combos import parts
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.exchange.logins.login import AccountGroup, AccountType, Allocation
from bot.sim.exchange.margin import Naked
from bot.sim.exchange.orders import SimOrder

ALL = "All"
"""Every account, as reqAccountSummary and an advisor's requests name them (IBKR Campus, "Account Summary")."""
METHODS: Mapping[str, Allocation] = {
    "Equal": Allocation.EQUAL,
    "EqualQuantity": Allocation.EQUAL,
    "NetLiq": Allocation.NET_LIQUIDATION,
    "AvailableEquity": Allocation.AVAILABLE_EQUITY,
    "Ratio": Allocation.RATIO,
    "ContractsOrShares": Allocation.RATIO,
    "Percent": Allocation.RATIO,
}
"""The names of both generations of clients; PctChange and MonetaryAmount are refused."""


class Accounts:
    """In the order of the login. ``advisor`` and ``groups`` are an advisor's."""

    def __init__(
        self, accounts: Sequence[Account], advisor: str = "", groups: Sequence[AccountGroup] = ()
    ) -> None:
        self._accounts = {account.account_id: account for account in accounts}
        self.first = accounts[0]
        self.advisor = advisor
        self.groups = {group.name: group for group in groups}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def __len__(self) -> int:
        return len(self._accounts)

    def of(self, account_id: str) -> Account:
        """The account of that id; the first one for no id, and for an advisor's own."""
        return self._accounts.get(account_id) or self.first

    def may_trade(self, order: SimOrder) -> bool:
        """Whether the order names accounts of this login, or leaves no doubt."""
        if order.group:
            return order.group in self.groups
        return self.may_trade_in(order.account)

    def may_trade_in(self, account_id: str) -> bool:
        return account_id in self._accounts or (not account_id and len(self) == 1)

    def meant(self, name: str) -> tuple[Account, ...]:
        """The accounts that a client's word stands for: an id, none, All, the advisor (also with an A behind), a group."""
        if not name:
            return (self.first,)
        if name in self._accounts:
            return (self._accounts[name],)
        if name == ALL or (self.advisor and name in (self.advisor, f"{self.advisor}A")):
            return tuple(self)
        group = self.groups.get(name)
        return () if group is None else tuple(self._accounts[key] for key in group.weights)

    def figures(self, name: str, at: datetime) -> AccountFigures:
        """Of one account, or of several as one. KeyError for a name that means none."""
        found = self.meant(name)
        if not found:
            raise KeyError(name)
        if len(found) == 1:
            return found[0].figures(at)
        return summed(name, [account.figures(at) for account in found])

    def roll_to(self, at: datetime) -> None:
        for account in self:
            account.roll_to(at)

    # ── an advisor's orders

    def weights(self, order: SimOrder, at: datetime) -> Mapping[str, Decimal]:
        """Each account's weight in an order; the one account's alone where it is for no group."""
        group = self.groups.get(order.group)
        if group is None:
            return {self.of(order.account).account_id: Decimal(1)}
        method = METHODS.get(order.group_method, group.method)
        return {key: self._weight(key, group, method, at) for key in group.weights}

    def _weight(self, account_id: str, group: AccountGroup, method: Allocation, at: datetime) -> Decimal:
        if method is Allocation.RATIO:
            return group.weights[account_id]
        if method is Allocation.EQUAL:
            return Decimal(1)
        figures = self._accounts[account_id].figures(at)
        is_net = method is Allocation.NET_LIQUIDATION
        return max(Decimal(0), figures.net_liquidation if is_net else figures.available_funds)


class AccountHoldings:
    """What the exchange is told of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.is_cash = account.kind is AccountType.CASH

    def held(self, con_id: ConId) -> Units:
        return self._account.held(con_id)

    def naked(self, contract: Contract, signed: Units) -> Naked:
        """Short options that nothing covers, ``signed`` more of a contract counted as held."""
        return self._account.naked([(part, number, Decimal(0)) for part, number in parts(contract, signed)])


def shared_out(quantity: int, weights: Mapping[str, Decimal], given: Mapping[str, int]) -> dict[str, int]:
    """Who gets how much of ``quantity`` more, when ``given`` was handed out before; whole units, first ones first."""
    whole = quantity + sum(given.values())
    total = sum(weights.values(), Decimal(0)) or Decimal(len(weights))
    due = {key: (weight or Decimal(0)) * whole / total for key, weight in weights.items()}
    more: dict[str, int] = {}
    left = quantity
    for key, share in due.items():
        more[key] = min(left, max(0, int(share) - given.get(key, 0)))
        left -= more[key]
    while left:
        lacking = max(due, key=lambda key: due[key] - given.get(key, 0) - more[key])
        more[lacking] += 1
        left -= 1
    return {key: number for key, number in more.items() if number}
