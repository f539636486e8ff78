"""What the exchange is told about a simulated market: contracts, books, hours, holdings, and what an order would cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.session import new_york_day
from bot.domain.types import ConId, SecType
from bot.sim.exchange.account import Account
from bot.sim.exchange.commissions import order_commission
from bot.sim.exchange.margin import Naked
from bot.sim.exchange.order_kinds import Wake, kind_of
from bot.sim.exchange.orders import MarginFigures, SimOrder
from bot.sim.market.market import Market
from bot.sim.market.paths import dollars
from bot.sim.market.quotes import TopOfBook
from bot.sim.world.trading_halts import TradingHalts


class MarketSurroundings:
    """``now`` and ``account`` are set by the world that owns this."""

    account: Account

    def __init__(self, market: Market, now: datetime, halts: TradingHalts) -> None:
        self._market = market
        self._halts = halts
        self.now = now

    def contract(self, con_id: ConId) -> Contract | None:
        return self._market.contracts.by_id(con_id)

    def book(self, con_id: ConId) -> TopOfBook | None:
        return self._market.book(con_id, self.now)

    def is_open(self) -> bool:
        return self._market.session is not None

    def is_halted(self, contract: Contract) -> bool:
        return self._halts.kind_of(contract) is not None

    def held(self, con_id: ConId) -> int:
        return self.account.held(con_id)

    def naked(self, contract: Contract, signed: int) -> Naked:
        """Short options that nothing covers, ``signed`` more of a contract counted as held."""
        return self.account.naked([(contract, signed, Decimal(0))])

    def underlying_price(self, contract: Contract) -> Decimal | None:
        stock = self._market.stocks.get(contract.symbol)
        return None if stock is None or stock.last_cents is None else dollars(stock.last_cents)

    def margin_of(self, order: SimOrder, contract: Contract) -> MarginFigures:
        return margin_of(order, contract, self.account, self.book(contract.con_id), self.now)


def margin_of(
    order: SimOrder, contract: Contract, account: Account, book: TopOfBook | None, now: datetime
) -> MarginFigures:
    """What the account would look like once the order has filled whole, at its limit or at the market."""
    price = _expected_price(order, book)
    signed = order.action.sign * order.quantity
    value = price * order.quantity * contract.multiplier
    commission = order_commission(contract, order.quantity, value, order.action, new_york_day(now))
    before = account.figures(now)
    after = account.margin([(contract, signed, price)])
    # Options carry no loan value, so what is paid for them leaves the equity with loan; stock stays in it.
    paid = order.action.sign * value if contract.sec_type is SecType.OPTION else Decimal(0)
    return MarginFigures(
        initial_before=before.initial_margin,
        maintenance_before=before.maintenance_margin,
        equity_with_loan_before=before.equity_with_loan,
        initial_change=after.initial - before.initial_margin,
        maintenance_change=after.maintenance - before.maintenance_margin,
        equity_with_loan_change=-paid - commission,
        commission=commission,
    )


def _expected_price(order: SimOrder, book: TopOfBook | None) -> Decimal:
    kind = kind_of(order)
    if order.limit_price is not None:
        return order.limit_price
    if order.aux_price is not None and kind.wakes is not Wake.TRAIL:
        return order.aux_price
    if book is None:
        return Decimal(0)
    quoted = book.ask if order.action.sign > 0 else book.bid
    return quoted or book.last or Decimal(0)
