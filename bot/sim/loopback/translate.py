"""Between the simulator's words and the bot's: orders in, facts out. Pure; what the adapter does for the real broker.

Rule: the facts are those the adapter would tell from the same messages on the wire, so that nothing above the broker port can
tell which broker is behind it.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.order import Fill, OpenOrder, Order, OrderStatus, OrderType, read_order_type
from bot.domain.position import AccountValues, Position
from bot.domain.types import OrderId, Symbol
from bot.sim.exchange.account_values import AccountFigures, AccountPosition
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.exchange.orders import CommissionReport, Execution, IbStatus, OrderView, SimOrder
from bot.sim.market.history import HistoryBar
from bot.sim.market.quotes import OptionModel, Ticker

STATUS_OF_IB_STATUS = {
    IbStatus.PRE_SUBMITTED: OrderStatus.HELD,
    IbStatus.SUBMITTED: OrderStatus.WORKING,
    IbStatus.PENDING_CANCEL: OrderStatus.CANCELLING,
    IbStatus.FILLED: OrderStatus.FILLED,
    IbStatus.CANCELLED: OrderStatus.CANCELLED,
    IbStatus.INACTIVE: OrderStatus.REJECTED,
}
_REDUCE_WITH_BLOCK = 2


def to_sim_order(order: Order, parent_id: OrderId, account: str) -> SimOrder:
    """Our order as the exchange takes it; OCA groups are of type 1."""
    return SimOrder(
        con_id=order.contract.con_id,
        action=order.side,
        type=order.broker_type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        aux_price=order.stop_price,
        tif=order.tif.value if order.good_till is None else "GTD",
        good_till=order.good_till,
        oca_group=order.oca_group,
        oca_type=_REDUCE_WITH_BLOCK if order.oca_group else 0,
        parent_id=parent_id,
        transmit=order.transmit,
        order_ref=order.ref,
        account=account,
        trigger_method=order.trigger_method,
    )


def to_open_order(view: OrderView) -> OpenOrder:
    return OpenOrder(
        ref=view.order.order_ref,
        order_id=view.order_id,
        perm_id=view.perm_id,
        client_id=view.client_id,
        contract=view.contract,
        side=view.order.action,
        type=read_order_type(view.order.type),
        quantity=whole_units(view.quantity),
        filled=whole_units(view.filled),
        status=STATUS_OF_IB_STATUS[view.status],
        limit_price=None if view.order.type == OrderType.STOP else view.order.limit_price,
        stop_price=view.stop_price,
        tif=view.order.tif,
        oca_group=view.oca_group,
        parent_id=view.order.parent_id,
    )


def to_status(view: OrderView, at: datetime) -> b.OrderStatusChanged:
    return b.OrderStatusChanged(
        ref=view.order.order_ref,
        status=STATUS_OF_IB_STATUS[view.status],
        filled=whole_units(view.filled),
        remaining=whole_units(view.remaining),
        perm_id=view.perm_id,
        order_id=view.order_id,
        at=at,
        reason=view.reason or view.why_held,
    )


def to_fill(execution: Execution) -> Fill:
    return Fill(
        exec_id=execution.exec_id,
        order_ref=execution.order_ref,
        perm_id=execution.perm_id,
        contract=execution.contract,
        side=execution.side,
        quantity=whole_units(execution.quantity),
        price=execution.price,
        at=execution.at,
        client_id=execution.client_id,
    )


def to_commission(report: CommissionReport, ref: str) -> b.CommissionCharged:
    return b.CommissionCharged(report.exec_id, ref, report.commission, report.currency)


def to_bot_position(held: AccountPosition) -> Position:
    return Position(held.contract, whole_units(held.quantity), held.avg_cost)


def to_account(figures: AccountFigures) -> AccountValues:
    return AccountValues(
        account=figures.account,
        at=figures.at,
        net_liquidation=figures.net_liquidation,
        available_funds=figures.available_funds,
        cash=figures.cash,
        settled_cash=figures.settled_cash,
        excess_liquidity=figures.excess_liquidity,
        realized_pnl=figures.realized,
    )


def to_quote(ticker: Ticker, model: OptionModel | None, contract: Contract) -> Quote:
    book = ticker.book
    return Quote(
        con_id=ticker.con_id,
        symbol=contract.symbol,
        at=ticker.at,
        bid=book.bid,
        ask=book.ask,
        bid_size=book.bid_size if book.bid is not None else None,
        ask_size=book.ask_size if book.ask is not None else None,
        last=book.last,
        volume=ticker.volume,
        open_interest=ticker.open_interest,
        delta=None if model is None else model.delta,
        implied_vol=None if model is None else model.implied_vol,
        underlying_price=None if model is None else model.underlying_price,
    )


def to_bar(bar: HistoryBar, symbol: Symbol, size: BarSize) -> Bar:
    return Bar(symbol, size, bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume)
