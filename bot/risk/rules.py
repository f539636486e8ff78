"""The entry rules: each looks at an idea, the book and the limits, and says nothing or why not.

Rule: a rule changes nothing and knows no other rule. Their order in ENTRY_RULES is the order in which reasons are
worth hearing: the state of the house first, then the clock, the data, the account, what is open, what was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain.messages import TradeIdea
from bot.domain.session import new_york_day, nth_session_before
from bot.domain.types import SecType
from bot.risk.conditions import sane_money
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limits import DayTradeRule, RiskLimits
from bot.risk.risk_book import RiskBook

Rule = Callable[[TradeIdea, RiskBook, RiskLimits], Denial | None]


def not_halted(_: TradeIdea, book: RiskBook, __: RiskLimits) -> Denial | None:
    if not book.latch.causes:
        return None
    return deny(DenialCode.STATE_HALTED, causes=",".join(book.latch.causes))


def connected(_: TradeIdea, book: RiskBook, __: RiskLimits) -> Denial | None:
    return None if book.conditions.is_connected else deny(DenialCode.CONNECTION_DOWN)


def links_up(_: TradeIdea, book: RiskBook, __: RiskLimits) -> Denial | None:
    down = book.conditions.links_down
    return deny(DenialCode.CONNECTION_LINK_DOWN, down=",".join(sorted(down))) if down else None


def reconciled(_: TradeIdea, book: RiskBook, __: RiskLimits) -> Denial | None:
    return None if book.conditions.is_reconciled else deny(DenialCode.STATE_NOT_RECONCILED)


def protection_proved(_: TradeIdea, book: RiskBook, __: RiskLimits) -> Denial | None:
    for idea_id, gap in book.conditions.unproved.items():
        return deny(
            DenialCode.PROTECTION_UNPROVED,
            bracket=idea_id,
            position=gap.position,
            stop_quantity=gap.stop_quantity,
        )
    return None


def not_repeated(idea: TradeIdea, book: RiskBook, _: RiskLimits) -> Denial | None:
    before = book.exposure.brackets.get(idea.idea_id)
    return deny(DenialCode.IDEA_REPEATED, approved_at=before.approved_at) if before else None


def long_option_of_the_direction(idea: TradeIdea, _: RiskBook, __: RiskLimits) -> Denial | None:
    contract = idea.contract
    is_right = (
        contract.sec_type is SecType.OPTION
        and contract.right is idea.direction.right
        and contract.symbol == idea.symbol
        and contract.con_id == idea.quote.con_id
        and contract.multiplier > 0
        and contract.expiry is not None
        and contract.strike is not None
    )
    if is_right:
        return None
    return deny(
        DenialCode.CONTRACT_WRONG,
        contract=contract.label,
        con_id=contract.con_id,
        quote_con_id=idea.quote.con_id,
        direction=idea.direction,
        multiplier=contract.multiplier,
    )


def equity_known(_: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    account, equity = book.conditions.account, book.conditions.equity_usd
    if account is None or equity is None:
        return deny(DenialCode.EQUITY_UNKNOWN)
    age_s = (book.now - account.at).total_seconds()
    if limits.max_account_age_s is not None and age_s > limits.max_account_age_s:
        return deny(DenialCode.EQUITY_STALE, age_s=int(age_s), max_age_s=limits.max_account_age_s)
    if equity < limits.min_equity_usd:
        return deny(DenialCode.EQUITY_BELOW_MINIMUM, equity_usd=equity, min_usd=limits.min_equity_usd)
    if sane_money(account.available_funds) is None and account.available_funds != 0:
        return deny(DenialCode.FUNDS_UNKNOWN, available_funds_usd=account.available_funds)
    return None


def room_for_a_position(_: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    count = book.exposure.position_count
    if count < limits.max_open_positions:
        return None
    return deny(DenialCode.EXPOSURE_MAX_POSITIONS, open=count, max=limits.max_open_positions)


def one_per_direction(idea: TradeIdea, book: RiskBook, _: RiskLimits) -> Denial | None:
    for bracket in book.exposure.open():
        if bracket.con_id == idea.contract.con_id:
            return deny(DenialCode.EXPOSURE_SAME_CONTRACT, bracket=bracket.idea_id)
        # Strategies judge over different horizons: another's bracket in the same direction is no duplicate.
        same = (bracket.symbol, bracket.direction, bracket.strategy)
        if same == (idea.symbol, idea.direction, idea.strategy):
            return deny(DenialCode.EXPOSURE_DUPLICATE, bracket=bracket.idea_id, direction=idea.direction)
    return None


def day_orders_left(_: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    count = book.exposure.account_totals(book.today).orders
    if count < limits.max_orders_per_day:
        return None
    return deny(DenialCode.DAY_ORDERS_REACHED, orders=count, max=limits.max_orders_per_day)


def order_rate(_: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    count = book.exposure.approvals_since(book.now, timedelta(minutes=1))
    if count < limits.max_orders_per_minute:
        return None
    return deny(DenialCode.ORDER_RATE_EXCEEDED, last_minute=count, max=limits.max_orders_per_minute)


def cooled_down(idea: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    lost_at = book.losses.last_loss_at.get(idea.symbol)
    until = lost_at and lost_at + timedelta(minutes=limits.cooldown_after_loss_minutes)
    if until is None or book.now >= until:
        return None
    return deny(DenialCode.COOLDOWN_AFTER_LOSS, lost_at=lost_at, until=until)


def no_pattern_day_trader(_: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    """The former FINRA Rule 4210(f)(8)(B): four day trades in five business days, below 25,000 USD of equity."""
    equity = book.conditions.equity_usd
    applies = limits.day_trade_rule is DayTradeRule.PATTERN_DAY_TRADER and not limits.is_cash_account
    if not applies or equity is None or equity >= limits.pdt_equity_usd:
        return None
    first = nth_session_before(book.today, 4).day
    count = book.exposure.day_trades_since(first, new_york_day(book.now))
    if count < limits.pdt_max_day_trades:
        return None
    return deny(
        DenialCode.PDT_DAY_TRADES,
        day_trades=count,
        max=limits.pdt_max_day_trades,
        since=str(first),
        equity_usd=equity,
        threshold_usd=limits.pdt_equity_usd,
    )


HOUSE_RULES: tuple[Rule, ...] = (
    not_halted,
    connected,
    links_up,
    reconciled,
    protection_proved,
    not_repeated,
    long_option_of_the_direction,
)
ACCOUNT_RULES: tuple[Rule, ...] = (
    equity_known,
    one_per_direction,
    room_for_a_position,
    day_orders_left,
    order_rate,
    cooled_down,
    no_pattern_day_trader,
)
