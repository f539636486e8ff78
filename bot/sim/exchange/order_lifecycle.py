"""What becomes of an order, told and booked: openOrder, orderStatus, executions, commissions, positions.

Rule: the one place where a fill meets the account, and where an order's events are put in IB's order: openOrder,
execution, status, commission report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.session import new_york_day
from bot.domain.types import ExecId
from bot.sim.exchange.combos import LegFill
from bot.sim.exchange.commissions import fill_commission, order_commission
from bot.sim.exchange.events import (
    AccountChanged,
    AccountPositionChanged,
    Commissioned,
    ExchangeEvent,
    Executed,
    OrderMessage,
    OrderOpened,
    StatusChanged,
)
from bot.sim.exchange.fractions.sizes import Units, tidy, whole_units
from bot.sim.exchange.ids import corrected, leg_id
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.logins.accounts import Accounts, shared_out
from bot.sim.exchange.orders import CommissionReport, Execution, ExecutionFilter


class OrderLifecycle:
    """Tells and books. ``take`` hands over what has been told since the last time."""

    def __init__(
        self, accounts: Accounts, exec_ids: Callable[[], ExecId], commission_delay: timedelta
    ) -> None:
        self._accounts = accounts
        self._exec_ids = exec_ids
        self._delay = commission_delay
        self._out: list[ExchangeEvent] = []
        self._late: list[Commissioned] = []
        self._executions: dict[ExecId, Execution] = {}
        self._recent: dict[ExecId, Execution] = {}
        self._recent_since: date | None = None
        self._reports: dict[ExecId, CommissionReport] = {}

    def delay_commissions(self, delay: timedelta) -> None:
        """From now on a fill's report comes this much later."""
        self._delay = delay

    def take(self) -> list[ExchangeEvent]:
        notices, self._out = self._out, []
        return notices

    # ── telling

    def show(self, order: LiveOrder, now: datetime) -> None:
        """The order as it stands, then its status."""
        seen = order.view()
        self._out += (OrderOpened(now, seen), StatusChanged(now, seen))

    def status(self, order: LiveOrder, now: datetime) -> None:
        self._out.append(StatusChanged(now, order.view()))

    def notify(self, order: LiveOrder, code: int, text: str, now: datetime) -> None:
        self._out.append(OrderMessage(now, order.client_id, order.order_id, code, text))

    # ── booking

    def fill(
        self, order: LiveOrder, quantity: Units, price: Decimal, now: datetime, legs: Sequence[LegFill] = ()
    ) -> None:
        """An order that has just filled ``quantity`` (already counted in it), a combination's by these legs."""
        execution = Execution(
            exec_id=self._exec_ids(),
            client_id=order.client_id,
            order_id=order.order_id,
            perm_id=order.perm_id,
            contract=order.contract,
            side=order.side,
            quantity=quantity,
            price=price,
            cum_quantity=order.filled,
            avg_price=order.average_price,
            at=now,
            account=self._accounts.of(order.order.account).account_id,
            order_ref=order.order.order_ref,
            exchange=order.contract.exchange,
            adds_liquidity=order.is_resting,
        )
        if order.is_done:
            self._out.append(OrderOpened(now, order.view()))
        if order.order.group:
            self._share_out(order, execution, legs)
        elif legs:
            self._fill_legs(order, execution, legs)
        else:
            self._fill_one(order, execution)

    def _share_out(self, order: LiveOrder, filled: Execution, legs: Sequence[LegFill]) -> None:
        """An advisor's order: each account of the group has an execution of its own (own choice: no other is told)."""
        weights = self._accounts.weights(order.order, filled.at)
        units = whole_units(filled.quantity)
        for account_id, number in shared_out(units, weights, order.shares).items():
            order.shares[account_id] = order.shares.get(account_id, 0) + number
            part = replace(filled, exec_id=self._exec_ids(), account=account_id, quantity=number)
            if legs:
                own = [replace(leg, quantity=leg.quantity * number // units) for leg in legs]
                self._fill_legs(order, part, own)
            else:
                worth = _worth(order, part.price * number)
                commission = order_commission(
                    order.contract, number, worth, order.side, new_york_day(part.at)
                )
                self.book(part, commission, part.at, shown=order)

    def _fill_one(self, order: LiveOrder, execution: Execution) -> None:
        quantity, price, now = execution.quantity, execution.price, execution.at
        before = tidy(order.filled - quantity), _worth(order, order.value - price * quantity)
        worth, day = _worth(order, price * quantity), new_york_day(now)
        commission = fill_commission(order.contract, before, quantity, worth, order.side, day)
        self.book(execution, commission, now, shown=order)

    def _fill_legs(self, order: LiveOrder, whole: Execution, legs: Sequence[LegFill]) -> None:
        """IB reports a combination's own execution, which has no commission, and then its legs', which have one each."""
        self._executions[whole.exec_id] = self._recent[whole.exec_id] = whole
        self._out.append(Executed(whole.at, whole))
        self.status(order, whole.at)
        day = new_york_day(whole.at)
        for number, leg in enumerate(legs, start=1):
            contract, worth = leg.contract, leg.price * leg.quantity * leg.contract.multiplier
            before = order.leg_fills.get(contract.con_id, (0, Decimal(0)))
            held, value = before[0] + leg.quantity, before[1] + worth
            order.leg_fills[contract.con_id] = held, value
            execution = replace(
                whole,
                exec_id=leg_id(whole.exec_id, number),
                contract=contract,
                side=leg.side,
                quantity=leg.quantity,
                price=leg.price,
                cum_quantity=held,
                avg_price=value / held / contract.multiplier,
            )
            commission = fill_commission(contract, before, leg.quantity, worth, leg.side, day)
            self.book(execution, commission, whole.at)

    def book(
        self, execution: Execution, commission: Decimal, now: datetime, shown: LiveOrder | None = None
    ) -> None:
        """An execution and its cost; ``shown`` is the order whose status goes between them."""
        account = self._accounts.of(execution.account)
        gain = account.realized_by(execution)
        account.book_fill(execution)
        account.charge(execution.contract, commission, opens=gain is None)
        self._executions[execution.exec_id] = self._recent[execution.exec_id] = execution
        self._out.append(Executed(now, execution))
        if shown is not None:
            self.status(shown, now)
        report = CommissionReport(
            execution.exec_id,
            execution.client_id,
            commission,
            execution.contract.currency,
            None if gain is None else gain - commission,
        )
        self._report(Commissioned(now + self._delay, report), now)
        position = account.position(execution.contract)
        self._out.append(AccountPositionChanged(now, position, account.account_id))
        self._out.append(AccountChanged(now, account.figures(now)))

    def _report(self, event: Commissioned, now: datetime) -> None:
        if event.at > now:
            self._late.append(event)
        else:
            self._reports[event.report.exec_id] = event.report
            self._out.append(event)

    def next_due(self) -> datetime | None:
        """When the next late commission report comes."""
        return self._late[0].at if self._late else None

    def run_due(self, now: datetime) -> list[ExchangeEvent]:
        """Commission reports whose time has come."""
        while self._late and self._late[0].at <= now:
            self._report(self._late.pop(0), now)
        return self.take()

    def correct(self, exec_id: ExecId, quantity: Units, price: Decimal, now: datetime) -> list[ExchangeEvent]:
        """Replace an execution by a corrected one. KeyError for an unknown id."""
        old = self._executions[exec_id]
        cumulated = tidy(old.cum_quantity + quantity - old.quantity)
        new = replace(
            old, exec_id=corrected(exec_id), quantity=quantity, price=price, cum_quantity=cumulated, at=now
        )
        del self._executions[exec_id]
        self._recent.pop(exec_id, None)
        self._executions[new.exec_id] = self._recent[new.exec_id] = new
        if exec_id in self._reports:
            self._reports[new.exec_id] = replace(self._reports.pop(exec_id), exec_id=new.exec_id)
        self._late = [_renamed(event, exec_id, new.exec_id) for event in self._late]
        account = self._accounts.of(new.account)
        account.correct(old, new)
        changed = AccountPositionChanged(now, account.position(new.contract), account.account_id)
        return [Executed(now, new, corrects=exec_id), changed, AccountChanged(now, account.figures(now))]

    def has_executed(self, symbol: str, sec_type: str, account: str, since: datetime) -> bool:
        """Whether the account has had an execution of that symbol and kind since then, today."""
        wanted = ExecutionFilter(since=since, symbol=symbol, sec_type=sec_type, account=account)
        return any(wanted.matches(execution) for execution in self._recent.values())

    def executions(
        self, wanted: ExecutionFilter, now: datetime
    ) -> list[tuple[Execution, CommissionReport | None]]:
        """The New York day's executions that still count, each with its report where it has come."""
        today = new_york_day(now)
        if today != self._recent_since:
            self._recent_since = today
            self._recent = {key: x for key, x in self._recent.items() if new_york_day(x.at) >= today}
        return [
            (execution, self._reports.get(exec_id))
            for exec_id, execution in self._recent.items()
            if wanted.matches(execution)
        ]


def _worth(order: LiveOrder, value: Decimal) -> Decimal:
    return value * order.contract.multiplier


def _renamed(event: Commissioned, old: ExecId, new: ExecId) -> Commissioned:
    is_meant = event.report.exec_id == old
    return replace(event, report=replace(event.report, exec_id=new)) if is_meant else event
