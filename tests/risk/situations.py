"""For each denial code a situation that produces it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import DataType
from bot.domain.types import Right
from bot.risk.blackout import parse_blackout
from bot.risk.denials import DenialCode
from bot.risk.limits import DayTradeRule, SessionRules
from bot.risk.machine import RiskMachine
from tests.risk.house import (
    LIMITS,
    NOON,
    SCALP_TERMS,
    SESSION,
    TERMS,
    WHALE_TERMS,
    account,
    approve,
    connected,
    denial,
    idea,
    one,
    opened,
    put,
    reconciled,
    round_trip,
    tell,
)
from tests.risk.situation_makers import SITUATIONS as SITUATIONS
from tests.risk.situation_makers import after, asked, at_session, embargoed, produces, with_limits


@produces(DenialCode.STATE_HALTED)
def _halted() -> m.EntryDenied:
    return after(m.HaltTrading(NOON, "lunch", "ann"))


@produces(DenialCode.STATE_NOT_RECONCILED)
def _not_reconciled() -> m.EntryDenied:
    return after(connected())


@produces(DenialCode.CONNECTION_DOWN)
def _disconnected() -> m.EntryDenied:
    return after(b.BrokerDisconnected(NOON, "socket closed"))


@produces(DenialCode.CONNECTION_LINK_DOWN)
def _farm_down() -> m.EntryDenied:
    return after(b.LinkChanged(NOON, "usopt", up=False, data_lost=False, code=2103))


@produces(DenialCode.PROTECTION_UNPROVED)
def _unproved() -> m.EntryDenied:
    return after(m.ProtectionChanged("X", False, 2, 0, 0.0, NOON))


@produces(DenialCode.EMBARGO_GATEWAY_RESTART)
def _gateway_restart() -> m.EntryDenied:
    return embargoed(DenialCode.EMBARGO_GATEWAY_RESTART)


@produces(DenialCode.EMBARGO_SERVER_RESET)
def _server_reset() -> m.EntryDenied:
    return embargoed(DenialCode.EMBARGO_SERVER_RESET)


@produces(DenialCode.EMBARGO_TOKEN_EXPIRY)
def _token_expiry() -> m.EntryDenied:
    return embargoed(DenialCode.EMBARGO_TOKEN_EXPIRY)


@produces(DenialCode.SESSION_HOLIDAY)
def _saturday() -> m.EntryDenied:
    return at_session(datetime(2024, 3, 9, 17, 0, tzinfo=UTC))


@produces(DenialCode.SESSION_CLOSED)
def _half_day_afternoon() -> m.EntryDenied:
    return at_session(datetime(2024, 12, 24, 18, 30, tzinfo=UTC))


@produces(DenialCode.SESSION_JUST_OPENED)
def _one_minute_in() -> m.EntryDenied:
    return at_session(datetime(2024, 3, 11, 13, 31, tzinfo=UTC))


@produces(DenialCode.SESSION_CLOSING)
def _half_day_noon() -> m.EntryDenied:
    return at_session(datetime(2024, 12, 24, 17, 45, tzinfo=UTC))


@produces(DenialCode.SESSION_HALF_DAY)
def _half_day() -> m.EntryDenied:
    return at_session(datetime(2024, 12, 24, 16, 0, tzinfo=UTC), SessionRules(trade_half_days=False))


@produces(DenialCode.SESSION_CALENDAR_UNKNOWN)
def _far_future() -> m.EntryDenied:
    return at_session(datetime(2099, 3, 11, 16, 0, tzinfo=UTC))


@produces(DenialCode.DATA_STALE)
def _stale() -> m.EntryDenied:
    return after(m.FeedChanged("SPY", "bars", False, NOON))


@produces(DenialCode.TRADING_HALTED)
def _halted_by_the_exchange() -> m.EntryDenied:
    return after(m.FeedChanged("SPY", m.TRADING, False, NOON))


@produces(DenialCode.DATA_NOT_LIVE)
def _delayed() -> m.EntryDenied:
    return after(b.DataTypeChanged(101, DataType.DELAYED, NOON))


@produces(DenialCode.QUOTE_TOO_OLD)
def _old_quote() -> m.EntryDenied:
    return asked(quote_at=NOON - timedelta(minutes=3))


@produces(DenialCode.QUOTE_MISSING)
def _no_quote() -> m.EntryDenied:
    return asked(bid=None, ask=Decimal("NaN"))


@produces(DenialCode.QUOTE_ONE_SIDED)
def _no_bid() -> m.EntryDenied:
    return asked(bid=Decimal(-1))


@produces(DenialCode.QUOTE_CROSSED)
def _crossed() -> m.EntryDenied:
    return asked(bid=Decimal("2.05"))


@produces(DenialCode.QUOTE_SPREAD_WIDE)
def _wide() -> m.EntryDenied:
    return asked(bid=Decimal("1.70"))


@produces(DenialCode.PREMIUM_TOO_SMALL)
def _pennies() -> m.EntryDenied:
    return asked(bid=Decimal("0.05"), ask=Decimal("0.05"))


@produces(DenialCode.PREMIUM_INSANE)
def _stock_price_as_premium() -> m.EntryDenied:
    return asked(bid=Decimal("509.50"), ask=Decimal("509.52"))


@produces(DenialCode.STOP_INSIDE_SPREAD)
def _tight_stop() -> m.EntryDenied:
    scalp = replace(SCALP_TERMS, stop_loss_pct=Decimal("0.01"))
    return denial(with_limits(strategies=TERMS | {"scalp": scalp}))


@produces(DenialCode.CONTRACT_WRONG)
def _put_for_a_rise() -> m.EntryDenied:
    return asked(right=Right.PUT)


@produces(DenialCode.CONTRACT_EXPIRING)
def _expires_at_noon() -> m.EntryDenied:
    rules = SessionRules(expiry_cutoff_minutes=4 * 60)
    return denial(opened(LIMITS, rules), idea(expiry=date(2024, 3, 11)))


@produces(DenialCode.EXPOSURE_MAX_POSITIONS)
def _full() -> m.EntryDenied:
    machine = with_limits(max_open_positions=1)
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.EXPOSURE_DUPLICATE)
def _second_call() -> m.EntryDenied:
    machine = opened()
    approve(machine)
    return denial(machine, idea(idea_id="another", con_id=102))


@produces(DenialCode.EXPOSURE_SAME_CONTRACT)
def _same_contract() -> m.EntryDenied:
    machine = opened()
    approve(machine)
    return denial(machine, idea(idea_id="another"))


@produces(DenialCode.IDEA_REPEATED)
def _again() -> m.EntryDenied:
    machine = opened()
    approve(machine)
    return denial(machine)


@produces(DenialCode.COOLDOWN_AFTER_LOSS)
def _too_soon() -> m.EntryDenied:
    machine = opened()
    round_trip(machine, idea(), "-40")
    return denial(machine, put(NOON + timedelta(minutes=2)))


@produces(DenialCode.PDT_DAY_TRADES)
def _fourth_day_trade() -> m.EntryDenied:
    machine = with_limits(day_trade_rule=DayTradeRule.PATTERN_DAY_TRADER)
    for minute in range(3):
        round_trip(machine, idea(NOON + timedelta(minutes=minute), idea_id=f"i{minute}"), "10")
    return denial(machine, put(NOON + timedelta(minutes=5)))


@produces(DenialCode.EVENT_BLACKOUT)
def _fomc() -> m.EntryDenied:
    rules = replace(SESSION, blackouts=(parse_blackout("2024-03-11 12:15 FOMC"),))
    return denial(opened(session=rules))


@produces(DenialCode.FUNDS_UNSETTLED)
def _sold_today() -> m.EntryDenied:
    machine = with_limits(is_cash_account=True)
    tell(machine, account(settled="199.99"))
    return denial(machine)


@produces(DenialCode.INTRADAY_MARGIN_DEFICIT)
def _no_excess() -> m.EntryDenied:
    machine = with_limits(day_trade_rule=DayTradeRule.INTRADAY_MARGIN)
    tell(machine, account(excess="199.99"))
    return denial(machine)


@produces(DenialCode.PREMIUM_AT_RISK_REACHED)
def _much_premium_in_all() -> m.EntryDenied:
    machine = with_limits(max_premium_pct=Decimal("0.05"))
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.DELTA_AT_RISK_REACHED)
def _much_in_one_direction() -> m.EntryDenied:
    machine = with_limits(max_delta_pct=Decimal(12), max_risk_pct_per_trade=Decimal("0.01"))
    approve(machine)
    return denial(machine, idea(strategy="whale", con_id=103, idea_id="another"))


@produces(DenialCode.ORDER_RATE_EXCEEDED)
def _hasty() -> m.EntryDenied:
    machine = with_limits(max_orders_per_minute=1)
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.DAY_ORDERS_REACHED)
def _enough_for_today() -> m.EntryDenied:
    machine = with_limits(max_orders_per_day=1)
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.DAY_CONTRACTS_REACHED)
def _contracts_used_up() -> m.EntryDenied:
    machine = with_limits(max_contracts_per_day=2)
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.DAY_NOTIONAL_REACHED)
def _premium_used_up() -> m.EntryDenied:
    machine = with_limits(max_notional_per_day_usd=Decimal(500))
    approve(machine)
    return denial(machine, put())


@produces(DenialCode.ORDER_NOTIONAL_EXCEEDED)
def _dear() -> m.EntryDenied:
    return denial(with_limits(max_notional_per_order_usd=Decimal(150)))


@produces(DenialCode.ALLOCATION_SPENT)
def _whale_share() -> m.EntryDenied:
    whale = replace(WHALE_TERMS, alloc_pct=Decimal("0.01"))
    return denial(with_limits(strategies=TERMS | {"whale": whale}), idea(strategy="whale"))


@produces(DenialCode.LOSS_BUDGET_SPENT)
def _day_is_nearly_lost() -> m.EntryDenied:
    machine = opened()
    tell(machine, account("9530", funds="9530"))
    return denial(machine)


@produces(DenialCode.SIZE_ZERO)
def _small_account() -> m.EntryDenied:
    return denial(with_limits(max_risk_pct_per_trade=Decimal("0.003")))


@produces(DenialCode.EQUITY_UNKNOWN)
def _no_account() -> m.EntryDenied:
    machine = RiskMachine(LIMITS, SESSION)
    tell(machine, connected(), reconciled())
    return denial(machine)


@produces(DenialCode.EQUITY_STALE)
def _silent_account() -> m.EntryDenied:
    return denial(opened(), idea(NOON + timedelta(minutes=11)))


@produces(DenialCode.EQUITY_BELOW_MINIMUM)
def _tiny_account() -> m.EntryDenied:
    return denial(with_limits(min_equity_usd=Decimal(20_000)))


@produces(DenialCode.FUNDS_UNKNOWN)
def _no_funds_figure() -> m.EntryDenied:
    return after(account(funds=None))


@produces(DenialCode.FUNDS_INSUFFICIENT)
def _no_funds() -> m.EntryDenied:
    return after(account(funds="0"))


@produces(DenialCode.MARGIN_REQUEST_FAILED)
def _margin_failed() -> m.EntryDenied:
    asking = asking_machine()
    failure = b.RequestFailed(f"margin:{idea().idea_id}", 201, "Order rejected", NOON)
    return one(tell(asking, failure), m.EntryDenied)


@produces(DenialCode.MARGIN_TIMED_OUT)
def _margin_silence() -> m.EntryDenied:
    return one(tell(asking_machine(), m.TimePassed(NOON + timedelta(seconds=15))), m.EntryDenied)


@produces(DenialCode.SESSION_CLOSES_EARLY)
def _closes_early() -> m.EntryDenied:
    machine = opened()
    tell(machine, b.HoursListed("SPY", ((NOON.date(), NOON + timedelta(minutes=5)),), NOON))
    return denial(machine)


@produces(DenialCode.MARGIN_UNKNOWN)
def _margin_nan() -> m.EntryDenied:
    return one(tell(asking_machine(), margin(Decimal("NaN"))), m.EntryDenied)


@produces(DenialCode.MARGIN_INSUFFICIENT)
def _margin_short() -> m.EntryDenied:
    return one(tell(asking_machine(), margin(Decimal(10_001))), m.EntryDenied)


def asking_machine() -> RiskMachine:
    machine = with_limits(what_if=True)
    one(tell(machine, idea()), b.QuoteMargin)
    return machine


def margin(after_usd: Decimal | None) -> b.MarginQuoted:
    return b.MarginQuoted(idea().idea_id, NOON, Decimal(400), Decimal(10_000), after_usd)
