"""What the exchange is told about a simulated market: contracts, books, hours, holdings, and what an order would cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.session import new_york_day, next_open
from bot.domain.types import ConId, SecType
from bot.sim.exchange.account import Account
from bot.sim.exchange.combos import Combo, LegFill, leg_fills, parts
from bot.sim.exchange.commissions import order_commission
from bot.sim.exchange.conditions import BookOf
from bot.sim.exchange.logins.accounts import AccountHoldings, Accounts
from bot.sim.exchange.order_kinds import Wake, kind_of
from bot.sim.exchange.orders import MarginFigures, SimOrder
from bot.sim.market.catalog import PAIR_IDS
from bot.sim.market.extended.hours import next_begin
from bot.sim.market.market import Market
from bot.sim.market.paths import dollars
from bot.sim.market.quotes import TopOfBook
from bot.sim.world.combos import Combos
from bot.sim.world.trading_halts import TradingHalts


class MarketSurroundings:
    """``now`` and ``accounts`` are set by the world that owns this."""

    accounts: Accounts

    def __init__(self, market: Market, combos: Combos, now: datetime, halts: TradingHalts) -> None:
        self._market = market
        self._combos = combos
        self._halts = halts
        self.now = now

    def contract(self, con_id: ConId) -> Contract | None:
        return self._combos.contract(con_id)

    def book(self, con_id: ConId) -> TopOfBook | None:
        return self._combos.book(con_id, self.now)

    def is_open(self) -> bool:
        return self._market.session is not None

    def is_extended(self) -> bool:
        return self._market.is_extended(self.now)

    @property
    def has_extended_hours(self) -> bool:
        return self._market.extended is not None

    def opens_at(self, *, is_outside: bool) -> datetime:
        return next_begin(self.now) if is_outside else next_open(self.now)

    def is_halted(self, contract: Contract) -> bool:
        return self._halts.are_any and any(
            self._halts.kind_of(part) is not None for part, _ in parts(contract, 1)
        )

    def volume(self, con_id: ConId) -> int | None:
        ticker = self._combos.ticker(con_id, self.now)
        return None if ticker is None else ticker.volume

    def change_percent(self, con_id: ConId) -> float | None:
        ticker = self._combos.ticker(con_id, self.now)
        if ticker is None or ticker.book.last is None or not ticker.close:
            return None
        return float(100 * (ticker.book.last / ticker.close - 1))

    def cushion_percent(self, account: str) -> float | None:
        figures = self.accounts.of(account).figures(self.now)
        net = figures.net_liquidation
        return float(100 * figures.excess_liquidity / net) if net else None

    def holdings(self, account: str) -> AccountHoldings:
        return AccountHoldings(self.accounts.of(account))

    def usd_for(self, currency: str) -> Decimal:
        """USD for one unit of a currency that has a pair with the dollar; 1 for the dollar. Raises ValueError."""
        for (base, quote), con_id in PAIR_IDS.items():
            middle = None
            if {base, quote} == {currency, "USD"}:
                book = self._market.book(con_id, self.now)
                middle = None if book is None else book.mid
            if middle:
                return middle if base == currency else 1 / middle
        if currency == "USD":
            return Decimal(1)
        raise ValueError(f"{currency} has no pair with USD here")

    def underlying_price(self, contract: Contract) -> Decimal | None:
        """What a unit of the contract is about: a share, or a part of one."""
        cents = self._market.underlying_cents(contract.symbol)
        return None if cents is None else dollars(cents) * contract.shares / contract.multiplier

    def margin_of(self, order: SimOrder, contract: Contract) -> MarginFigures:
        return margin_of(order, contract, self.accounts.of(order.account), self.book, self.now)


def margin_of(
    order: SimOrder, contract: Contract, account: Account, book_of: BookOf, now: datetime
) -> MarginFigures:
    """What the account would look like once the order has filled whole, at its limit or at the market."""
    fills = _expected_fills(order, contract, book_of)
    commission, paid = Decimal(0), Decimal(0)
    for fill in fills:
        value = fill.price * fill.quantity * fill.contract.multiplier
        commission += order_commission(fill.contract, fill.quantity, value, fill.side, new_york_day(now))
        # Options carry no loan value, so what is paid for them leaves the equity with loan; stock stays in it.
        paid += fill.side.sign * value if fill.contract.sec_type is SecType.OPTION else Decimal(0)
    before = account.figures(now)
    after = account.margin([(fill.contract, fill.side.sign * fill.quantity, fill.price) for fill in fills])
    return MarginFigures(
        initial_before=before.initial_margin,
        maintenance_before=before.maintenance_margin,
        equity_with_loan_before=before.equity_with_loan,
        initial_change=after.initial - before.initial_margin,
        maintenance_change=after.maintenance - before.maintenance_margin,
        equity_with_loan_change=-paid - commission,
        commission=commission,
        base=before.currency,
        rate=before.rate,
    )


def _expected_fills(order: SimOrder, contract: Contract, book_of: BookOf) -> list[LegFill]:
    price = _expected_price(order, book_of(contract.con_id))
    if isinstance(contract, Combo):
        return leg_fills(contract, order.action, order.quantity, price, book_of)
    return [LegFill(contract, order.action, order.quantity, price)]


def _expected_price(order: SimOrder, book: TopOfBook | None) -> Decimal:
    kind = kind_of(order)
    if order.limit_price is not None:
        return order.limit_price
    if order.aux_price is not None and kind.wakes in (Wake.STOP, Wake.TOUCH):
        return order.aux_price
    if book is None:
        return Decimal(0)
    quoted = book.ask if order.action.sign > 0 else book.bid
    return quoted or book.last or Decimal(0)
