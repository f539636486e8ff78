"""The account and its positions as messages, to whoever subscribed.

Rule: the first answer holds everything and its end; later ones hold what changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from bot.domain.session import NEW_YORK
from bot.domain.types import SecType
from bot.sim.exchange.account_values import AccountFigures, AccountPosition, PortfolioLine
from bot.sim.messages.formatting import describe

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore
    from bot.sim.gateway.session import ClientSession

_WORDS: Final = frozenset(
    {"AccountType", "AccountReady", "Cushion", "Leverage", "AccountOrGroup", "AccountCode"}
)
_LEDGER: Final = (
    *("CashBalance", "TotalCashBalance", "AccruedCash", "StockMarketValue", "OptionMarketValue"),
    *("RealizedPnL", "UnrealizedPnL", "ExchangeRate", "NetDividend"),
)
"""Kept by currency, and once more for the base currency."""

AccountValueRow = tuple[str, str, str]
"""Key, value, currency."""


def account_values(figures: AccountFigures) -> list[AccountValueRow]:
    """All of it, as reqAccountUpdates tells it."""
    tags = figures.tags()
    base = figures.currency
    rows = [(key, value, "" if key in _WORDS else base) for key, value in tags.items()]
    rows.insert(0, ("AccountCode", figures.account, ""))
    net = figures.in_base(figures.net_liquidation)
    for currency in ("BASE", "USD"):
        if currency == base or currency == "BASE":
            rows += [("NetLiquidationByCurrency", net, currency), ("Currency", currency, currency)]
    rows += [(key, tags[key], "BASE") for key in _LEDGER if key in tags]
    return rows if base == "USD" else _by_currency(rows, figures)


def _by_currency(rows: list[AccountValueRow], figures: AccountFigures) -> list[AccountValueRow]:
    """An account in another base currency keeps two ledgers: its own cash, and dollars, which all is traded in."""
    base, own = figures.currency, figures.in_base(figures.base_cash)
    in_dollars = {
        "CashBalance": figures.cash - figures.base_cash,
        "TotalCashBalance": figures.cash - figures.base_cash,
        "AccruedCash": figures.accrued,
        "StockMarketValue": figures.stock_value,
        "OptionMarketValue": figures.option_value,
        "RealizedPnL": figures.realized,
        "UnrealizedPnL": figures.unrealized,
        "NetLiquidationByCurrency": figures.net_liquidation - figures.base_cash,
    }
    mine = {
        **dict.fromkeys(in_dollars, "0.00"),
        **dict.fromkeys(("CashBalance", "TotalCashBalance", "NetLiquidationByCurrency"), own),
    }
    kept = [row for row in rows if row[2] != base or row[0] not in in_dollars]
    kept += [(key, value, base) for key, value in mine.items()] + [("Currency", base, base)]
    kept += [(key, f"{amount:.2f}", "USD") for key, amount in in_dollars.items()]
    return [*kept, ("Currency", "USD", "USD"), ("ExchangeRate", f"{1 / figures.rate:.7f}", "USD")]


class AccountSubscription:
    """What one client was told; says the rest. ``send`` puts one value into the message it wants."""

    family: ClassVar[str] = "account"

    def __init__(self, core: GatewayCore, session: ClientSession, req_id: int = 0, account: str = "") -> None:
        self.core, self.session, self.req_id = core, session, req_id
        self.account = account
        """An account's id, or what stands for several."""
        self._sent: dict[tuple[str, str, str], str] = {}

    def stop(self) -> None:
        """Nothing runs by itself."""

    def rows(self, figures: AccountFigures) -> list[AccountValueRow]:
        return account_values(figures)

    def hear(self, figures: AccountFigures) -> None:
        """One account's new figures: told if it is meant, with the others where several are."""
        meant = self.core.world.accounts.meant(self.account)
        if len(meant) == 1 and meant[0].account_id == figures.account:
            self.send(figures)
        elif any(account.account_id == figures.account for account in meant):
            self.send(self.core.world.account_figures(self.account))

    def changes(self, figures: AccountFigures) -> Iterator[AccountValueRow]:
        for key, value, currency in self.rows(figures):
            told = figures.account, key, currency
            if self._sent.get(told) != value:
                self._sent[told] = value
                yield key, value, currency

    def send(self, figures: AccountFigures) -> None:
        account = figures.account
        for key, value, currency in self.changes(figures):
            self._send("updateAccountValue", key=key, value=value, currency=currency, accountName=account)
        for line in self.core.world.portfolio(self.account):
            self.core.send(self.session, "updatePortfolio", **portfolio_values(line, account))
        self._send("updateAccountTime", timeStamp=f"{figures.at.astimezone(NEW_YORK):%H:%M}")

    def _send(self, kind: str, **values: Any) -> None:
        self.core.send(self.session, kind, **values)


class MultiSubscription(AccountSubscription):
    """reqAccountUpdatesMulti."""

    family: ClassVar[str] = "account_multi"

    def __init__(
        self,
        core: GatewayCore,
        session: ClientSession,
        req_id: int,
        account: str,
        model: str,
        *,
        ledger: bool,
    ) -> None:
        super().__init__(core, session, req_id, account)
        self._model, self._ledger_only = model, ledger

    def rows(self, figures: AccountFigures) -> list[AccountValueRow]:
        rows = super().rows(figures)
        wanted = {*_LEDGER, "NetLiquidation", "NetLiquidationByCurrency"}
        return [row for row in rows if row[0] in wanted] if self._ledger_only else rows

    def send(self, figures: AccountFigures) -> None:
        for key, value, currency in self.changes(figures):
            where = {"reqId": self.req_id, "account": figures.account, "modelCode": self._model}
            self._send("accountUpdateMulti", **where, key=key, value=value, currency=currency)


class SummarySubscription(AccountSubscription):
    """reqAccountSummary: the tags asked for, ``$LEDGER[:currency]`` standing for the ledger's."""

    family: ClassVar[str] = "account_summary"

    def __init__(self, core: GatewayCore, session: ClientSession, req_id: int, group: str, tags: str) -> None:
        super().__init__(core, session, req_id, group)
        self._tags = [tag.strip() for tag in tags.split(",") if tag.strip()]

    def rows(self, figures: AccountFigures) -> list[AccountValueRow]:
        rows = {(key, currency): value for key, value, currency in super().rows(figures)}
        found = []
        for tag in self._tags:
            if tag.upper().startswith("$LEDGER"):
                currency = tag.partition(":")[2].upper() or "BASE"
                found += [(k, v, c) for (k, c), v in rows.items() if _in_ledger(k, c, currency)]
            else:
                found += [(k, v, c) for (k, c), v in rows.items() if k == tag and c != "BASE"]
        return found

    def hear(self, figures: AccountFigures) -> None:
        """Each account of the group for itself."""
        if any(one.account_id == figures.account for one in self.core.world.accounts.meant(self.account)):
            self.send(figures)

    def send(self, figures: AccountFigures) -> None:
        for tag, value, currency in self.changes(figures):
            where = {"reqId": self.req_id, "account": figures.account}
            self._send("accountSummary", **where, tag=tag, value=value, currency=currency)


def _in_ledger(key: str, currency: str, wanted: str) -> bool:
    is_ledger = key in _LEDGER or key in {"NetLiquidationByCurrency", "Currency"}
    return is_ledger and (wanted in ("ALL", currency)) and currency != ""


def send_account(core: GatewayCore, figures: AccountFigures) -> None:
    """New figures, to every subscription."""
    for session in core.started():
        for subscription in list(session.subscriptions.values()):
            if isinstance(subscription, AccountSubscription):
                subscription.hear(figures)


def send_position(core: GatewayCore, position: AccountPosition, account: str) -> None:
    """A changed position, to whoever asked for positions."""
    for session in core.started():
        if session.wants_positions:
            core.send(session, "position", **position_values(account, position))
        for (_, req_id), subscription in list(session.subscriptions.items()):
            if isinstance(subscription, PositionsMulti) and account in subscription.accounts:
                values = {**position_values(account, position), "modelCode": subscription.model}
                core.send(session, "positionMulti", reqId=req_id, **values)


class PositionsMulti:
    """reqPositionsMulti: one client's wish to hear of positions under a request id."""

    family: ClassVar[str] = "positions_multi"

    def __init__(self, accounts: frozenset[str], model: str) -> None:
        self.accounts, self.model = accounts, model

    def stop(self) -> None:
        """Nothing runs by itself."""


def position_values(account: str, position: AccountPosition) -> Mapping[str, Any]:
    # IB leaves the exchange of a position's contract empty.
    return {
        "account": account,
        **describe(position.contract, exchange=""),
        "position": position.quantity,
        "avgCost": position.avg_cost,
    }


def portfolio_values(line: PortfolioLine, account: str) -> Mapping[str, Any]:
    contract = line.contract
    values = describe(contract)
    values.pop("exchange")
    is_option = contract.sec_type is SecType.OPTION
    return {
        **values,
        "primaryExchange": contract.primary_exchange or ("CBOE" if is_option else ""),
        "position": line.quantity,
        "marketPrice": line.market_price,
        "marketValue": line.market_value,
        "averageCost": line.avg_cost,
        "unrealizedPNL": line.unrealized,
        "realizedPNL": line.realized,
        "accountName": account,
    }
