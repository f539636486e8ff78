"""What an entry would cost: the bracket that the settings would make of one contract, priced by the broker, not placed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.doctor.api_session import ASK, BID, LAST, ApiSession, Trouble
from bot.doctor.context import Context
from bot.doctor.findings import Finding, fail, ok, skip, warn
from bot.doctor.market import Option, find_option, price_of, stock_details, stock_fields
from bot.risk.denials import figure_text
from bot.wire import WireMessage

NAME = "what-if"


def what_if_checks(x: Context, session: ApiSession) -> Iterator[Finding]:
    """One contract of the first symbol. Where no order may leave, neither may a what-if."""
    if x.settings.dry_run or x.settings.broker.read_only:
        which = "dry_run" if x.settings.dry_run else "broker.read_only"
        yield skip(NAME, f"{which} is true: not even a what-if leaves")
        return
    try:
        yield _try(x, session)
    except Trouble as trouble:
        yield fail(NAME, trouble.words, trouble.remedy)


def _try(x: Context, session: ApiSession) -> Finding:
    stock = stock_details(session, x.settings.symbols[0])
    price = price_of(session.quote(stock_fields(stock), (BID, ASK)))
    if price is None:
        return skip(NAME, f"{stock.symbol} has no price now")
    option = _option(x, session, stock, price)
    if option is None:
        return fail(NAME, "no contract near the money", "look at the chain's finding above")
    quote = session.quote(option.fields, (BID, ASK))
    ask = next((quote.prices[tick] for tick in (*ASK, *LAST) if tick in quote.prices), None)
    if ask is None:
        return skip(NAME, f"{option.label} has no price now")
    entry = Decimal(str(ask))
    answer = session.try_order(
        **option.fields,
        action="BUY",
        totalQuantity=1,
        orderType="LMT",
        lmtPrice=float(entry),
        tif="DAY",
        account=session.account(x.settings.broker.account),
    )
    return _judged(answer, f"1 {option.label} at {entry:f}, {_exits(x, entry, option)}")


def _option(x: Context, session: ApiSession, stock: WireMessage, price: float) -> Option | None:
    answers = session.ask(
        "reqSecDefOptParams",
        {"securityDefinitionOptionParameterEnd"},
        underlyingSymbol=stock.symbol,
        futFopExchange="",
        underlyingSecType="STK",
        underlyingConId=stock.conId,
    )
    parts = [one for one in answers if one.kind == "securityDefinitionOptionParameter"]
    expiries = sorted({expiry for part in parts for expiry in part.expirations})
    strikes = sorted({float(strike) for part in parts for strike in part.strikes})
    return find_option(session, stock, x, expiries, strikes, price) if expiries else None


def _exits(x: Context, entry: Decimal, option: Option) -> str:
    tick = Decimal(str(option.min_tick))
    target = (entry * (1 + x.settings.risk.take_profit_pct) / tick).to_integral_value() * tick
    stop = (entry * (1 - x.settings.risk.stop_loss_pct) / tick).to_integral_value() * tick
    return f"target {target:f}, stop {stop:f}"


def _judged(answer: WireMessage, bracket: str) -> Finding:
    change, after, equity = (
        _amount(answer, name) for name in ("initMarginChange", "initMarginAfter", "equityWithLoanAfter")
    )
    commission = _amount(answer, "commission")
    if change is None or after is None or equity is None:
        text = answer.get("warningText") or "IB leaves figures out"
        return warn(NAME, f"{bracket}: {text}", "the account may lack the permission for options: ask for it")
    words = (
        f"{bracket}: margin {figure_text(change)}, commission {figure_text(commission)}; "
        f"equity with loan {figure_text(equity)} after"
    )
    if after > equity:
        return warn(
            NAME, words, "deposit, or close something: this entry would be denied (MARGIN_INSUFFICIENT)"
        )
    return ok(NAME, words)


def _amount(answer: WireMessage, name: str) -> Decimal | None:
    """IB writes what it does not know as the largest double, or leaves it out."""
    value = answer.get(name)
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount) < Decimal(10) ** 300 else None
