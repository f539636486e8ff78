"""The accounts of a login in a world: opened, and each night's interest, dividends and borrow fees.

Sources: IBKR, "Interest and Financing": nothing is paid on the first 10,000 USD, half a point below the benchmark on the rest,
and a point and a half above it is charged for what is owed (IBKR Pro). Dividends are those of ``calibration.dividends``; a
price's fall by one is within its night's own move. What was accrued becomes cash on the first day of the next month (IBKR: its
third business day).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.session import new_york_day
from bot.domain.types import SecType
from bot.sim.exchange.account import Account
from bot.sim.exchange.logins.accounts import Accounts
from bot.sim.exchange.logins.login import Login
from bot.sim.market.calibration.dividends import is_ex_day, quarter_of
from bot.sim.market.calibration.rates import rate_on
from bot.sim.world.exchange_view import MarketSurroundings

_UNPAID: Final = Decimal(10_000)
_BELOW, _ABOVE = Decimal("0.005"), Decimal("0.015")
_YEAR: Final = 360
"""Days of interest a year, as money markets count."""


def open_accounts(login: Login, view: MarketSurroundings, today: date) -> Accounts:
    """The accounts as they begin. Raises ValueError for a base currency that has no pair with the dollar."""
    for terms in login.accounts:
        view.usd_for(terms.currency)
    accounts = [
        Account(
            terms.account_id,
            terms.equity,
            view.book,
            view.underlying_price,
            today,
            kind=terms.type,
            currency=terms.currency,
            trades_fractions=terms.fractional,
            rate=partial(view.usd_for, terms.currency),
        )
        for terms in login.accounts
    ]
    return Accounts(accounts, login.advisor, login.groups)


def carry_overnight(accounts: Accounts, before: datetime, now: datetime, borrow_fee: Decimal) -> None:
    """What the nights between two instants bring or cost each account."""
    day, last = new_york_day(before), new_york_day(now)
    while day < last:
        day += timedelta(days=1)
        for account in accounts:
            if day.day == 1:
                account.settle_accrued()
            account.accrue(_interest(account.cash, day) + _of_shares(account, day, borrow_fee))


def _interest(cash: Decimal, day: date) -> Decimal:
    benchmark = Decimal(str(rate_on(day)))
    if cash < 0:
        return cash * (benchmark + _ABOVE) / _YEAR
    return max(Decimal(0), cash - _UNPAID) * max(Decimal(0), benchmark - _BELOW) / _YEAR


def _of_shares(account: Account, day: date, borrow_fee: Decimal) -> Decimal:
    """Dividends of what is held, and of what was sold short, which pays them; and the fee for borrowing it."""
    total = Decimal(0)
    for line in account.portfolio():
        if line.contract.sec_type is SecType.STOCK:
            if is_ex_day(day):
                total += line.market_value * Decimal(str(quarter_of(line.contract.symbol)))
            total += min(Decimal(0), line.market_value) * borrow_fee / _YEAR
    return total
