"""A small house to test risk in: a Monday in March 2024, an account of 10,000 USD, and one fine idea."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import CENTS, Contract
from bot.domain.market import Quote
from bot.domain.order import Fill
from bot.domain.position import AccountValues
from bot.domain.terms import StrategyTerms
from bot.domain.types import Direction, Right, SecType, Side
from bot.risk.limits import DayTradeRule, RiskLimits, SessionRules
from bot.risk.machine import RiskMachine

NOON = datetime(2024, 3, 11, 16, 0, tzinfo=UTC)
SCALP_TERMS = StrategyTerms(time_stop_minutes=60, flat_by_session_end=True)
WHALE_TERMS = StrategyTerms(alloc_pct=Decimal("0.10"), time_stop_minutes=5 * 24 * 60)
TERMS = {"scalp": SCALP_TERMS, "whale": WHALE_TERMS}
LIMITS = RiskLimits(
    strategies=TERMS,
    max_premium_pct=Decimal(1),
    max_delta_pct=Decimal(100),
    what_if=False,
    day_trade_rule=DayTradeRule.NONE,
)
SESSION = SessionRules()
T = TypeVar("T")

CALL = Contract(
    con_id=101,
    symbol="SPY",
    sec_type=SecType.OPTION,
    multiplier=100,
    expiry=date(2024, 3, 15),
    strike=Decimal(510),
    right=Right.CALL,
    ticks=CENTS,
)
QUOTE = Quote(
    con_id=101, symbol="SPY", at=NOON, bid=Decimal("1.98"), ask=Decimal("2.00"), underlying_price=509.5
)


def idea(at: datetime = NOON, **changes: Any) -> m.TradeIdea:
    """Buy CALL at QUOTE; ``changes`` replace fields of the idea, its contract or its quote."""
    quoted = _take(changes, "bid", "ask", "underlying_price", "data_type", "quote_at:at")
    quote = replace(QUOTE, **{"at": at, **quoted})
    contract = replace(
        CALL, **_take(changes, "con_id", "strike", "right", "expiry", "ticks", "multiplier", "sec_type")
    )
    return m.TradeIdea(
        idea_id=changes.pop("idea_id", f"{contract.symbol}-{at:%Y-%m-%dT%H:%M:%SZ}-scalp"),
        symbol=contract.symbol,
        strategy=changes.pop("strategy", "scalp"),
        direction=changes.pop("direction", Direction.BULLISH),
        confidence=0.7,
        contract=contract,
        quote=replace(quote, con_id=contract.con_id),
        at=at,
        reason="test",
        **changes,
    )


def _take(changes: dict[str, Any], *names: str) -> dict[str, Any]:
    pairs = (name.partition(":") for name in names)
    return {target or name: changes.pop(name) for name, _, target in pairs if name in changes}


def put(at: datetime = NOON, **changes: Any) -> m.TradeIdea:
    """A bearish idea in another contract."""
    bearish = {"direction": Direction.BEARISH, "right": Right.PUT, "con_id": 202, "strike": Decimal(508)}
    return idea(at, **{"idea_id": f"SPY-{at:%H%M%S}-put", **bearish, **changes})


def account(
    equity: str | None = "10000",
    at: datetime = NOON,
    funds: str | None = "10000",
    settled: str | None = None,
    excess: str | None = None,
) -> b.AccountUpdated:
    values = AccountValues(
        account="DU1",
        at=at,
        net_liquidation=None if equity is None else Decimal(equity),
        available_funds=None if funds is None else Decimal(funds),
        settled_cash=None if settled is None else Decimal(settled),
        excess_liquidity=None if excess is None else Decimal(excess),
    )
    return b.AccountUpdated(values)


def connected(at: datetime = NOON, account_id: str = "DU1") -> b.BrokerConnected:
    return b.BrokerConnected(at, account_id, 1, 176, 1)


def reconciled(at: datetime = NOON, *mismatches: str) -> m.Reconciled:
    return m.Reconciled(at, (), mismatches)


def opened(limits: RiskLimits = LIMITS, session: SessionRules = SESSION, at: datetime = NOON) -> RiskMachine:
    """A machine that is connected, reconciled and knows its equity."""
    machine = RiskMachine(limits, session)
    tell(machine, connected(at), reconciled(at), account(at=at))
    return machine


def tell(machine: RiskMachine, *messages: m.Message) -> list[m.Message]:
    return [said for message in messages for said in machine.handle(message)]


def only(said: Iterable[m.Message], kind: type[T]) -> list[T]:
    return [message for message in said if isinstance(message, kind)]


def one(said: Iterable[m.Message], kind: type[T]) -> T:
    (found,) = only(said, kind)
    return found


def denial(machine: RiskMachine, asked: m.TradeIdea | None = None) -> m.EntryDenied:
    return one(tell(machine, asked or idea()), m.EntryDenied)


def approve(machine: RiskMachine, asked: m.TradeIdea | None = None) -> m.PlaceBracket:
    return one(tell(machine, asked or idea()), m.PlaceBracket)


def fill(bracket: m.PlaceBracket, side: Side, at: datetime, leg: str, exec_id: str = "") -> m.FillBooked:
    return m.FillBooked(
        Fill(
            exec_id=exec_id or f"{bracket.idea_id}-{leg}.01",
            order_ref=f"{bracket.idea_id}/{leg}",
            perm_id=1,
            contract=bracket.contract,
            side=side,
            quantity=bracket.quantity,
            price=bracket.entry_limit,
            at=at,
        )
    )


def closed(bracket: m.PlaceBracket, pnl: str, at: datetime) -> m.BracketClosed:
    return m.BracketClosed(
        idea_id=bracket.idea_id,
        symbol=bracket.symbol,
        strategy=bracket.strategy,
        contract=bracket.contract,
        quantity=bracket.quantity,
        entry_price=bracket.entry_limit,
        exit_price=bracket.stop,
        stop=bracket.stop,
        target=bracket.target,
        opened_at=bracket.at,
        closed_at=at,
        exit_reason="stop",
        commission=Decimal("1.30"),
        pnl=Decimal(pnl),
        commissions_complete=True,
    )


def round_trip(machine: RiskMachine, asked: m.TradeIdea, pnl: str, minutes: int = 1) -> list[m.Message]:
    """Approve, fill, sell and close; what the machine said after the approval."""
    bracket = approve(machine, asked)
    done = bracket.at + timedelta(minutes=minutes)
    return tell(
        machine,
        fill(bracket, Side.BUY, bracket.at, "entry"),
        fill(bracket, Side.SELL, done, "stop"),
        closed(bracket, pnl, done),
        m.TimePassed(done),
    )
