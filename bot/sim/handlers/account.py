"""Requests about the account: values, summary, positions, profit and loss.

Rule: an account that the login does not have is refused with 321; there are no models.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from bot.sim.exchange.account_values import AccountFigures, PortfolioLine
from bot.sim.exchange.logins.accounts import ALL
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.messages.account_messages import (
    AccountSubscription,
    MultiSubscription,
    PositionsMulti,
    SummarySubscription,
    position_values,
)
from bot.sim.messages.contract_lookup import processing, validation

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.sim.gateway.timers import Timer
    from bot.wire import WireMessage


def account_updates(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Begin (values, portfolio, time, end) or end the one subscription a client has."""
    session.unsubscribe(AccountSubscription.family, 0)
    if not message.subscribe:
        return
    if not _is_own(core, session, message.acctCode, NO_ID, message.kind):
        return
    subscription = AccountSubscription(core, session, account=message.acctCode)
    session.subscribe(AccountSubscription.family, 0, subscription)
    figures = core.world.account_figures(message.acctCode)
    subscription.send(figures)
    core.send(session, "accountDownloadEnd", accountName=figures.account)


def _is_own(core: GatewayCore, session: ClientSession, account: str, req_id: int, kind: str) -> bool:
    if core.world.accounts.meant(account):
        return True
    core.error(session, req_id, 321, validation(kind, f"Invalid account code '{account}'."))
    return False


def account_updates_multi(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if not _is_own(core, session, message.account, message.reqId, message.kind):
        return
    session.unsubscribe(MultiSubscription.family, message.reqId)
    subscription = MultiSubscription(
        core, session, message.reqId, message.account, message.modelCode, ledger=message.ledgerAndNLV
    )
    session.subscribe(MultiSubscription.family, message.reqId, subscription)
    subscription.send(core.world.account_figures(message.account))
    core.send(session, "accountUpdateMultiEnd", reqId=message.reqId)


def cancel_account_updates_multi(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del core
    session.unsubscribe(MultiSubscription.family, message.reqId)


def account_summary(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    family = SummarySubscription.family
    running = sum(1 for kind, _ in session.subscriptions if kind == family)
    if session.has(family, message.reqId):
        core.error(session, message.reqId, 322, processing(message.kind, "Duplicate ticker id"))
    elif running >= core.settings.account_summaries:
        text = processing(message.kind, "Maximum number of account summary requests exceeded")
        core.error(session, message.reqId, 322, text)
    elif not message.groupName or not core.world.accounts.meant(_group(message)):
        cause = validation(message.kind, f"Group name '{message.groupName}' is unknown")
        core.error(session, message.reqId, 321, cause)
    else:
        subscription = SummarySubscription(core, session, message.reqId, _group(message), message.tags)
        session.subscribe(family, message.reqId, subscription)
        for account in core.world.accounts.meant(_group(message)):
            subscription.send(account.figures(core.now))
        core.send(session, "accountSummaryEnd", reqId=message.reqId)


def _group(message: WireMessage) -> str:
    """The group of a summary; All in any case, as clients write it."""
    name: str = message.groupName
    return ALL if name.upper() == ALL.upper() else name


def cancel_account_summary(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del core
    session.unsubscribe(SummarySubscription.family, message.reqId)


def positions(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    session.wants_positions = True
    for account in core.world.accounts:
        for position in account.positions():
            core.send(session, "position", **position_values(account.account_id, position))
    core.send(session, "positionEnd")


def cancel_positions(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del core, message
    session.wants_positions = False


def positions_multi(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if not _is_own(core, session, message.account, message.reqId, message.kind):
        return
    accounts = core.world.accounts.meant(message.account)
    wanted = PositionsMulti(frozenset(account.account_id for account in accounts), message.modelCode)
    session.subscribe(PositionsMulti.family, message.reqId, wanted)
    for account in accounts:
        for position in account.positions():
            values = {**position_values(account.account_id, position), "modelCode": message.modelCode}
            core.send(session, "positionMulti", reqId=message.reqId, **values)
    core.send(session, "positionMultiEnd", reqId=message.reqId)


def cancel_positions_multi(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del core
    session.unsubscribe(PositionsMulti.family, message.reqId)


class PnlSubscription:
    """The account's profit and loss, at once and then when it has changed, at most once an interval."""

    family: ClassVar[str] = "pnl"

    def __init__(self, core: GatewayCore, session: ClientSession, req_id: int, account: str) -> None:
        self.core, self.session, self.req_id, self.account = core, session, req_id, account
        self._sent: object = None
        self._timer: Timer | None = None

    def send(self) -> None:
        """Say it if it changed, and look again at the market's next move."""
        figures = self.core.world.account_figures(self.account)
        shown = (figures.daily, figures.unrealized, figures.realized)
        if shown != self._sent:
            self._sent = shown
            self._send(figures)
        later = max(self.core.world.next_point(), self.core.now + self.core.settings.pnl_every)
        self._timer = self.core.timers.at(later, self.send)

    def _send(self, figures: AccountFigures) -> None:
        self.core.send(
            self.session,
            "pnl",
            reqId=self.req_id,
            dailyPnL=figures.daily / figures.rate,
            unrealizedPnL=figures.unrealized / figures.rate,
            realizedPnL=figures.realized / figures.rate,
        )

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class SinglePnlSubscription(PnlSubscription):
    """The same of one position; a contract that is not held shows zero and no P&L."""

    family: ClassVar[str] = "pnl_single"

    def __init__(
        self, core: GatewayCore, session: ClientSession, req_id: int, account: str, con_id: int
    ) -> None:
        super().__init__(core, session, req_id, account)
        self._con_id = con_id

    def send(self) -> None:
        lines = [
            line for line in self.core.world.portfolio(self.account) if line.contract.con_id == self._con_id
        ]
        line = lines[0] if lines else None
        if line is None or line != self._sent or self._sent is None:
            self._send_line(line)
        later = max(self.core.world.next_point(), self.core.now + self.core.settings.pnl_every)
        self._timer = self.core.timers.at(later, self.send)

    def _send_line(self, line: PortfolioLine | None) -> None:
        shown = line or "not held"
        if shown == self._sent:
            return
        self._sent = shown
        rate = self.core.world.account_figures(self.account).rate
        self.core.send(
            self.session,
            "pnlSingle",
            reqId=self.req_id,
            position=line.quantity if line else Decimal(0),
            dailyPnL=line.daily / rate if line else None,
            unrealizedPnL=line.unrealized / rate if line else None,
            realizedPnL=line.realized / rate if line else None,
            value=line.market_value / rate if line else Decimal(0),
        )


def pnl(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if _may_subscribe(core, session, message, PnlSubscription.family):
        subscription = PnlSubscription(core, session, message.reqId, message.account)
        session.subscribe(PnlSubscription.family, message.reqId, subscription)
        subscription.send()


def pnl_single(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if _may_subscribe(core, session, message, SinglePnlSubscription.family):
        subscription = SinglePnlSubscription(core, session, message.reqId, message.account, message.conId)
        session.subscribe(SinglePnlSubscription.family, message.reqId, subscription)
        subscription.send()


def _may_subscribe(core: GatewayCore, session: ClientSession, message: WireMessage, family: str) -> bool:
    if session.has(family, message.reqId):
        core.error(session, message.reqId, 322, processing(message.kind, "Duplicate ticker id"))
        return False
    return _is_own(core, session, message.account, message.reqId, message.kind)


def cancel_pnl(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    is_single = message.kind == "cancelPnLSingle"
    family = SinglePnlSubscription.family if is_single else PnlSubscription.family
    if not session.unsubscribe(family, message.reqId):
        core.error(session, message.reqId, 300, f"Can't find EId with tickerId:{message.reqId}")


def family_codes(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    own = [{"accountID": one, "familyCodeStr": ""} for one in core.world.login.managed]
    core.send(session, "familyCodes", familyCodes=own)


def soft_dollar_tiers(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    core.send(session, "softDollarTiers", reqId=message.reqId, tiers=[])


HANDLERS: dict[str, Handler] = {
    "reqAccountUpdates": account_updates,
    "reqAccountUpdatesMulti": account_updates_multi,
    "cancelAccountUpdatesMulti": cancel_account_updates_multi,
    "reqAccountSummary": account_summary,
    "cancelAccountSummary": cancel_account_summary,
    "reqPositions": positions,
    "cancelPositions": cancel_positions,
    "reqPositionsMulti": positions_multi,
    "cancelPositionsMulti": cancel_positions_multi,
    "reqPnL": pnl,
    "cancelPnL": cancel_pnl,
    "reqPnLSingle": pnl_single,
    "cancelPnLSingle": cancel_pnl,
    "reqFamilyCodes": family_codes,
    "reqSoftDollarTiers": soft_dollar_tiers,
}
