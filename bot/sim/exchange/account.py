"""The account: cash, positions, marks, realised and unrealised profit.

Rule: cash and positions change only by executions (exercises included) and commissions, so they always balance with the
list of executions. Amounts are USD; average cost is per contract with commissions in it, as IB shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from bot.domain.contract import Contract
from bot.domain.session import new_york_day, next_session
from bot.domain.types import ConId, SecType, Side
from bot.sim.exchange.account_values import AccountFigures, AccountPosition, PortfolioLine
from bot.sim.exchange.fractions.sizes import STEP, Units, are_whole, rounded_down, tidy, unsigned
from bot.sim.exchange.logins.login import AccountType
from bot.sim.exchange.margin import NOTHING, Lot, Naked, Requirement, margin, naked
from bot.sim.exchange.orders import Execution
from bot.sim.market.quotes import TopOfBook

_ZERO = Decimal(0)
_ONE = Decimal(1)
_CENT = Decimal("0.01")
_MARK_DIGITS = 6


@dataclass(slots=True)
class _Holding:
    """One contract: signed quantity, its cost (signed, commissions included), realised profit, last mark per unit."""

    contract: Contract
    quantity: Units = 0
    cost: Decimal = _ZERO
    realized: Decimal = _ZERO
    mark: Decimal = _ZERO
    morning_value: Decimal = _ZERO
    free_from: date | None = None
    """The day on which the money that bought it settles, where it had not then."""
    day_cash: Decimal = _ZERO
    """Cash that today's trades of this contract brought (+) or took (-)."""

    @property
    def avg_cost(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else _ZERO

    @property
    def value(self) -> Decimal:
        return self.quantity * self.mark * self.contract.multiplier


class Account:
    """One account. ``book_of`` gives the quotes to mark with, ``price_of`` the underlying's last price."""

    def __init__(
        self,
        account_id: str,
        equity: Decimal,
        book_of: Callable[[ConId], TopOfBook | None],
        price_of: Callable[[Contract], Decimal | None],
        today: date,
        *,
        kind: AccountType = AccountType.MARGIN,
        currency: str = "USD",
        trades_fractions: bool = True,
        rate: Callable[[], Decimal] = lambda: Decimal(1),
    ) -> None:
        self.account_id = account_id
        self.kind, self.currency = kind, currency
        self.trades_fractions = trades_fractions
        self._rate = rate
        is_dollars = currency == "USD"
        self._base_cash = _ZERO if is_dollars else equity
        """Cash in a base currency other than the dollar; what is traded here is paid in dollars, owed if need be."""
        self._cash = equity if is_dollars else _ZERO
        self._accrued = _ZERO
        self._morning = equity if is_dollars else equity * rate()
        self._today = today
        self._book_of = book_of
        self._price_of = price_of
        self._holdings: dict[ConId, _Holding] = {}
        self._unsettled: dict[date, Decimal] = {}
        """What sales brought, by the day on which it settles."""
        self.good_faith_violations = 0
        """Sales of what was bought with unsettled proceeds, before these settled (Regulation T, 12 CFR 220.8)."""

    @property
    def settled_cash(self) -> Decimal:
        """Cash without the proceeds of sales that settle later: one session after the trade (SEC Rule 15c6-1)."""
        return self.cash - sum((x for day, x in self._unsettled.items() if day > self._today), _ZERO)

    @property
    def cash(self) -> Decimal:
        """USD, what is held in the base currency included at today's rate."""
        return self._cash + self.base_cash

    @property
    def base_cash(self) -> Decimal:
        """USD that the cash in another base currency is worth."""
        return self._base_cash * self._rate() if self._base_cash else _ZERO

    def held(self, con_id: ConId) -> Units:
        holding = self._holdings.get(con_id)
        return 0 if holding is None else holding.quantity

    def positions(self) -> list[AccountPosition]:
        """What is held now, in order of first trade."""
        return [
            AccountPosition(h.contract, h.quantity, h.avg_cost) for h in self._holdings.values() if h.quantity
        ]

    def position(self, contract: Contract) -> AccountPosition:
        """One contract's position, 0 included."""
        h = self._holdings.get(contract.con_id) or _Holding(contract)
        return AccountPosition(contract, h.quantity, h.avg_cost)

    # ── what changes it

    def book_fill(self, execution: Execution) -> None:
        """Add a fill; its commission comes by :meth:`charge`, once for every fill."""
        self._move(execution.contract, execution.side, execution.quantity, execution.price)

    def charge(self, contract: Contract, commission: Decimal, *, opens: bool) -> None:
        """Take a commission: an opening fill's raises the position's cost, any other lowers the realised profit."""
        h = self._holding(contract)
        self._cash -= commission
        h.day_cash -= commission
        if opens and h.quantity:
            h.cost += commission
        else:
            h.realized -= commission

    def correct(self, old: Execution, new: Execution) -> None:
        """Undo one fill and book another in its place, as if the first had never been."""
        undone = Side.SELL if old.side is Side.BUY else Side.BUY
        # A corrected price settles with the trade, not as two more trades.
        self._move(old.contract, undone, old.quantity, old.price, settles=False)
        self._move(new.contract, new.side, new.quantity, new.price, settles=False)

    def realized_by(self, execution: Execution) -> Decimal | None:
        """What closing part of a position would realise at this price before commission; None when it opens.

        Call it before :meth:`book_fill`.
        """
        h = self._holding(execution.contract)
        signed = execution.side.sign * execution.quantity
        if h.quantity * signed >= 0:
            return None
        closing = min(unsigned(signed), unsigned(h.quantity))
        unit = execution.price * execution.contract.multiplier
        return ((unit - h.avg_cost) * closing * (1 if h.quantity > 0 else -1)).quantize(_CENT)

    def convert(self, con_id: ConId, after: Contract, ratio: Fraction) -> AccountPosition | None:
        """Make a holding one of ``after``, ``ratio`` new units for an old one; None where nothing is held.

        What it cost stays. Of whole units whole ones come out, and the rest is paid in cash at the latest price.
        """
        h = self._holdings.get(con_id)
        if h is None or not h.quantity:
            return None
        units = Decimal(h.quantity) * ratio.numerator / ratio.denominator
        kept = Decimal(int(units)) if are_whole(h.quantity) else rounded_down(units, STEP)
        times = Decimal(h.contract.multiplier * ratio.denominator) / (after.multiplier * ratio.numerator)
        h.mark = round(h.mark * times, _MARK_DIGITS)
        h.contract, h.quantity = after, tidy(kept)
        if units != kept:
            paid, cost = (units - kept) * h.mark * after.multiplier, h.cost * (units - kept) / units
            self._cash, h.day_cash = self._cash + paid, h.day_cash + paid
            h.realized, h.cost = h.realized + paid - cost, h.cost - cost
        return AccountPosition(after, h.quantity, h.avg_cost)

    def _move(
        self, contract: Contract, side: Side, quantity: Units, price: Decimal, *, settles: bool = True
    ) -> None:
        h = self._holding(contract)
        signed = side.sign * quantity
        unit = price * contract.multiplier
        if settles:
            self._settle(h, side, quantity * unit)
        self._cash -= signed * unit
        h.day_cash -= signed * unit
        if not h.mark:
            h.mark = price
        if h.quantity * signed < 0:
            closing = min(unsigned(signed), unsigned(h.quantity)) * (1 if h.quantity > 0 else -1)
            h.realized += (unit - h.avg_cost) * closing
            h.cost -= h.avg_cost * closing
            h.quantity = tidy(h.quantity - closing)
            h.cost = h.cost if h.quantity else _ZERO  # a quotient's rounding must not outlive the position
            signed += closing
        h.cost += signed * unit
        h.quantity = tidy(h.quantity + signed)

    def _settle(self, h: _Holding, side: Side, value: Decimal) -> None:
        """Note what settles when, and a sale of what unsettled money had bought."""
        if side is Side.BUY:
            if value > self.settled_cash:
                h.free_from = max(self._unsettled, default=self._today)
            return
        if h.free_from is not None and self._today < h.free_from:
            self.good_faith_violations += 1
        h.free_from = None
        day = next_session(self._today).day
        self._unsettled[day] = self._unsettled.get(day, _ZERO) + value

    def _holding(self, contract: Contract) -> _Holding:
        return self._holdings.setdefault(contract.con_id, _Holding(contract))

    # ── figures

    def mark(self) -> None:
        """Take the latest prices of what is held: the mid-point, else the last price, else leave the mark."""
        for h in self._holdings.values():
            if h.quantity:
                book = self._book_of(h.contract.con_id)
                price = None if book is None else (book.mid or book.bid or book.last)
                h.mark = h.mark if price is None else price

    def roll_to(self, at: datetime) -> None:
        """Begin a New York day: daily figures start from what the account is worth now."""
        day = new_york_day(at)
        if day <= self._today:
            return
        self._today = day
        self._unsettled = {when: amount for when, amount in self._unsettled.items() if when > day}
        # What was closed on a day before is over, for IB's lists too.
        self._holdings = {
            con_id: h for con_id, h in self._holdings.items() if h.quantity or h.free_from is not None
        }
        self._morning = self.cash + self._accrued + sum((h.value for h in self._holdings.values()), _ZERO)
        for h in self._holdings.values():
            h.realized = h.day_cash = _ZERO
            h.morning_value = h.value

    def figures(self, at: datetime) -> AccountFigures:
        """Everything at the latest prices."""
        self.mark()
        option = stock = realized = unrealized = _ZERO
        for h in self._holdings.values():
            realized += h.realized
            if h.quantity:
                worth = h.value
                unrealized += worth - h.cost
                if h.contract.sec_type is SecType.OPTION:
                    option += worth
                else:
                    stock += worth
        cash = self.cash
        needed = self.margin()
        return AccountFigures(
            account=self.account_id,
            at=at,
            cash=cash,
            settled_cash=self.settled_cash,
            stock_value=stock,
            option_value=option,
            initial_margin=needed.initial,
            maintenance_margin=needed.maintenance,
            realized=realized,
            unrealized=unrealized,
            daily=cash + self._accrued + stock + option - self._morning,
            accrued=self._accrued,
            leverage=1 if self.kind is AccountType.CASH else 4,
            currency=self.currency,
            rate=_ONE if self.currency == "USD" else self._rate(),
            base_cash=self.base_cash,
        )

    def accrue(self, amount: Decimal) -> None:
        """Book what is earned (+) or owed (-) and not yet paid: interest, a dividend, a borrow fee; in USD."""
        self._accrued += amount

    def settle_accrued(self) -> None:
        """What was accrued becomes cash."""
        self._cash, self._accrued = self._cash + self._accrued, _ZERO

    def margin(self, extra: Sequence[tuple[Contract, Units, Decimal]] = ()) -> Requirement:
        """What all positions tie up; ``extra`` adds (contract, signed quantity, price) as if held."""
        held = (h for h in self._holdings.values() if h.quantity)
        if not extra and all(h.quantity > 0 and h.contract.sec_type is SecType.OPTION for h in held):
            return NOTHING  # long options are paid for, whatever the account
        return margin(self._lots(extra), self.kind)

    def naked(self, extra: Iterable[tuple[Contract, Units, Decimal]] = ()) -> Naked:
        """Short options that nothing covers, ``extra`` counted as if held."""
        return naked(self._lots(extra))

    def _lots(self, extra: Iterable[tuple[Contract, Units, Decimal]]) -> Iterator[Lot]:
        quantities = {con_id: (h.contract, h.quantity, h.mark) for con_id, h in self._holdings.items()}
        for contract, signed, price in extra:
            _, now, mark = quantities.get(contract.con_id, (contract, 0, price))
            quantities[contract.con_id] = (contract, now + signed, mark or price)
        for contract, quantity, mark in quantities.values():
            if quantity:
                yield Lot(contract, quantity, mark, self._price_of(contract) or mark)

    def portfolio(self) -> list[PortfolioLine]:
        """Every contract held today, closed ones included (IB lists them with quantity 0 until the next day)."""
        self.mark()
        return [
            PortfolioLine(
                h.contract,
                h.quantity,
                h.mark,
                h.value,
                h.avg_cost,
                h.value - h.cost,
                h.realized,
                h.value - h.morning_value + h.day_cash,
            )
            for h in self._holdings.values()
            if h.quantity or h.day_cash
        ]
