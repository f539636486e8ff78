"""Contracts, chains, fills and positions between ib_insync's objects and ours. Pure; one direction per function.

Library objects are read by attribute and never kept. What must be known and is not raises UnreadableAnswer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.translate.numbers import UNSET_DOUBLE, IbNumber, amount, decimal, figure, quantity
from bot.domain.broker_messages import CommissionCharged
from bot.domain.contract import CENTS, Contract, OptionChain, TickGrid
from bot.domain.order import Fill
from bot.domain.position import AccountValues, Position
from bot.domain.types import Right, SecType, Side

# IBKR Campus: orders say BUY, SELL or SSHORT, executions say BOT or SLD.
_SIDES = {"BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL, "SSHORT": Side.SELL}
# TWS API, Contract.right: "P, PUT, C, CALL" are all valid; "?" and "0" stand for no option (recorded openOrder messages).
_RIGHTS = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}


def day(text: str) -> date:
    """IB's YYYYMMDD; a time after it is left out. Raises UnreadableAnswer."""
    try:
        return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise UnreadableAnswer(f"not a date: {text!r}") from None


def side(text: str) -> Side:
    """The side of an order or an execution. Raises UnreadableAnswer for another word."""
    try:
        return _SIDES[text]
    except KeyError:
        raise UnreadableAnswer(f"unknown side {text!r}") from None


def sec_type(text: str) -> SecType:
    """Kinds of instrument that this bot has no name for are OTHER: seen and counted, never traded."""
    try:
        return SecType(text)
    except ValueError:
        return SecType.OTHER


def to_contract(found: Any, ticks: TickGrid = CENTS) -> Contract:
    """A contract out of contract details, an order, an execution or a position. Raises without a conId."""
    if not found.conId:
        raise UnreadableAnswer(f"the gateway named no conId for {found!r}")
    kind = sec_type(found.secType)
    is_option = kind is SecType.OPTION
    multiplier = figure(found.multiplier)
    if is_option and not multiplier:
        raise UnreadableAnswer(f"the gateway named no multiplier for option {found.conId}")
    right = _RIGHTS.get(found.right)
    if is_option and right is None:
        raise UnreadableAnswer(f"the gateway named no right for option {found.conId}")
    return Contract(
        con_id=int(found.conId),
        symbol=found.symbol,
        sec_type=kind,
        exchange="SMART" if is_option else found.exchange or "SMART",
        currency=found.currency,
        primary_exchange=found.primaryExchange,
        local_symbol=found.localSymbol,
        trading_class=found.tradingClass,
        multiplier=int(multiplier or 1),
        expiry=day(found.lastTradeDateOrContractMonth) if is_option else None,
        strike=decimal(float(found.strike)) if is_option else None,
        right=right if is_option else None,
        ticks=ticks,
    )


def contract_fields(contract: Contract) -> dict[str, Any]:
    """Our contract as the keyword arguments of the library's Contract."""
    fields: dict[str, Any] = {
        "conId": contract.con_id,
        "symbol": contract.symbol,
        "secType": contract.sec_type.value,
        "exchange": contract.exchange,
        "currency": contract.currency,
        "primaryExchange": contract.primary_exchange,
        "localSymbol": contract.local_symbol,
        "tradingClass": contract.trading_class,
    }
    if contract.expiry is not None and contract.strike is not None and contract.right is not None:
        fields |= {
            "lastTradeDateOrContractMonth": f"{contract.expiry:%Y%m%d}",
            "strike": float(contract.strike),
            "right": contract.right.value,
            "multiplier": str(contract.multiplier),
        }
    return fields


def tick_rule_id(details: Any) -> int | None:
    """The market rule of the contract's own exchange: IB lists the ids in parallel to the valid exchanges."""
    exchanges = details.validExchanges.split(",")
    rules = details.marketRuleIds.split(",")
    by_exchange = dict(zip(exchanges, rules, strict=False))
    text = by_exchange.get("SMART") or (rules[0] if rules else "")
    return int(text) if text.isdigit() else None


def to_tick_grid(increments: Iterable[Any]) -> TickGrid:
    """A market rule's price increments. Raises UnreadableAnswer for an empty or senseless one."""
    steps = sorted((decimal(float(x.lowEdge)), decimal(float(x.increment))) for x in increments)
    if not steps or any(increment <= 0 for _, increment in steps):
        raise UnreadableAnswer(f"a market rule without increments: {steps}")
    return TickGrid(tuple(steps))


def flat_grid(min_tick: float) -> TickGrid:
    """The grid of a contract without a market rule; cents where IB says nothing."""
    step = figure(min_tick)
    return CENTS if not step or step <= 0 else TickGrid(((Decimal(0), decimal(step)),))


def to_chain(symbol: str, answers: Sequence[Any]) -> OptionChain | None:
    """The standard class out of the answers IB gives per exchange and class; None when there is none.

    Preferred: exchange SMART, multiplier 100, the class that bears the symbol's name, then the one with most expiries.
    """
    standard = [x for x in answers if figure(x.multiplier) == 100 and x.expirations and x.strikes]
    if not standard:
        return None
    best = max(
        standard,
        key=lambda x: (x.exchange == "SMART", x.tradingClass == symbol, len(x.expirations), x.tradingClass),
    )
    return OptionChain(
        symbol=symbol,
        underlying_con_id=int(best.underlyingConId),
        trading_class=best.tradingClass,
        multiplier=100,
        expiries=tuple(sorted(day(text) for text in best.expirations)),
        strikes=tuple(sorted(decimal(float(strike)) for strike in best.strikes)),
    )


def to_fill(contract: Contract, execution: Any) -> Fill:
    """One execution. Raises UnreadableAnswer for a time without a zone, which would be a guess."""
    if execution.time.tzinfo is None:
        raise UnreadableAnswer(f"execution {execution.execId} has a time without a zone: {execution.time}")
    paid = amount(execution.price)
    if paid is None:
        raise UnreadableAnswer(f"execution {execution.execId} has no price")
    return Fill(
        exec_id=execution.execId,
        order_ref=execution.orderRef,
        perm_id=int(execution.permId),
        contract=contract,
        side=side(execution.side),
        quantity=quantity(execution.shares, f"the size of execution {execution.execId}"),
        price=paid,
        at=execution.time.astimezone(UTC),
        client_id=int(execution.clientId),
    )


def to_commission(report: Any, order_ref: str) -> CommissionCharged | None:
    """None while IB has not said what it charges."""
    charged = amount(report.commission)
    if charged is None:
        return None
    return CommissionCharged(report.execId, order_ref, charged, report.currency)


def to_position(contract: Contract, held: float, average_cost: IbNumber) -> Position:
    cost = amount(average_cost)
    return Position(contract, quantity(held, f"the position in {contract.label}"), cost or Decimal(0))


_CENT = Decimal("0.01")
NET_LIQUIDATION = "NetLiquidation"
_ACCOUNT_TAGS = {
    NET_LIQUIDATION: "net_liquidation",
    "AvailableFunds": "available_funds",
    "TotalCashValue": "cash",
    "SettledCash": "settled_cash",
    "ExcessLiquidity": "excess_liquidity",
    "RealizedPnL": "realized_pnl",
}


def to_account_values(account: str, reported: dict[tuple[str, str], str], at: datetime) -> AccountValues:
    """``reported`` maps (tag, currency) to IB's text. IB's BASE line wins over one of a single currency.

    IB tells the account in its base currency; what is known here is in dollars, by IB's own ``ExchangeRate``. Without a
    rate every figure is unknown and ``fault`` says why.
    """
    found: dict[str, Any] = {}
    for (tag, currency), text in reported.items():
        name = _ACCOUNT_TAGS.get(tag)
        if name is not None and (currency in ("BASE", "") or name not in found):
            found[name] = amount(text)
    base = base_currency(reported)
    if base in ("", "USD"):
        return AccountValues(account=account, at=at, **found)
    if in_dollars(Decimal(1), base, reported) is None:
        fault = f"the account's base currency is {base} and IB gave no exchange rate to USD"
        return AccountValues(account=account, at=at, currency=base, fault=fault)
    dollars: dict[str, Any] = {
        name: None if value is None else in_dollars(value, base, reported) for name, value in found.items()
    }
    return AccountValues(account=account, at=at, currency=base, **dollars)


def base_currency(reported: dict[tuple[str, str], str]) -> str:
    """The currency that IB tells the account's worth in; empty before it has said so."""
    return next((c for tag, c in reported if tag == NET_LIQUIDATION and c not in ("BASE", "")), "")


def in_dollars(value: Decimal, currency: str, reported: dict[tuple[str, str], str]) -> Decimal | None:
    """By IB's ExchangeRate, which is base units for one unit of each currency (IBKR Campus, account value keys)."""
    base = base_currency(reported)
    rates = [
        Decimal(1) if one == base else amount(reported.get(("ExchangeRate", one)))
        for one in (currency, "USD")
    ]
    own, dollar = rates
    if own is None or dollar is None or own <= 0 or dollar <= 0:
        return None
    if currency != "USD" and own == dollar:
        return (
            None  # two currencies at par to the last digit: no rate was told, and yen would pass for dollars
        )
    return (value * own / dollar).quantize(_CENT)


def unset(value: Decimal | None) -> float:
    """A price for an order's field; the library writes its sentinel as nothing at all."""
    return UNSET_DOUBLE if value is None else float(value)
