"""What the account holds and what works for it, as the gateway tells: positions, open orders, the base currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.doctor.api_session import ApiSession, Trouble
from bot.doctor.context import Context
from bot.doctor.findings import Finding, fail, ok, warn
from bot.domain.text import made_safe
from bot.wire import WireMessage

# OCC: a standard equity option is on 100 shares.
_STANDARD_MULTIPLIER = "100"
_LONGEST = 20
"""Digits of a count that are written out."""
POSITIONS_NAMED = 6
"""Positions that are named; more are counted."""


def books_checks(x: Context, session: ApiSession, account_updates: list[WireMessage]) -> Iterator[Finding]:
    """``account_updates`` is what the subscription to the account brought."""
    yield _currency(account_updates)
    try:
        held = _held(session, account_updates)
    except Trouble as trouble:
        yield fail("positions", trouble.words, trouble.remedy)
    else:
        yield _positions(held)
        yield _foreign(x, held)
    yield _orders(x, session)


def _held(session: ApiSession, account_updates: list[WireMessage]) -> list[WireMessage]:
    """What the account holds by either list: the portfolio has no currency balance, which the list of positions may have."""
    found = [row for row in account_updates if row.kind == "updatePortfolio" and row.position]
    known = {row.conId for row in found}
    account = {row.accountName for row in account_updates if row.kind == "accountDownloadEnd"}
    listed = session.ask("reqPositions", {"positionEnd"})
    session.line.send("cancelPositions")
    return found + [
        row
        for row in listed
        if row.kind == "position" and row.position and row.conId not in known and {row.account} == account
    ]


def _currency(answers: list[WireMessage]) -> Finding:
    found = {
        str(answer.currency)
        for answer in answers
        if answer.kind == "updateAccountValue" and answer.key == "NetLiquidation"
    }
    if not found:
        return fail("currency", "the gateway tells no base currency", "restart the gateway")
    base = min(found)
    if base == "USD":
        return ok("currency", "the account's base currency is USD")
    return warn(
        "currency",
        f"the account's base currency is {base}: limits in settings are USD, and figures are converted",
        "keep dollars in the account, or change its base currency at IB",
    )


def _positions(held: list[WireMessage]) -> Finding:
    if not held:
        return ok("positions", "the account holds nothing")
    names = [f"{_count(x)} {_label(x)}" for x in held[:POSITIONS_NAMED]]
    more = f" and {len(held) - POSITIONS_NAMED} more" if len(held) > POSITIONS_NAMED else ""
    return ok("positions", f"the account holds {', '.join(names)}{more}")


def _foreign(x: Context, held: list[WireMessage]) -> Finding:
    """Rows that can be no position of this bot, with what makes them foreign."""
    found = [f"{_count(row)} {_label(row)} ({why})" for row in held if (why := _why_foreign(x, row))]
    if not found:
        return ok("foreign", "every position could be this bot's")
    more = f" and {len(found) - POSITIONS_NAMED} more" if len(found) > POSITIONS_NAMED else ""
    return ok("foreign", f"left alone, not the bot's: {'; '.join(found[:POSITIONS_NAMED])}{more}")


def _why_foreign(x: Context, row: WireMessage) -> str:
    """Empty for a whole number of standard options on a symbol of ours."""
    if row.secType != "OPT":
        return f"{row.secType or 'no kind of security'}: the bot trades options alone"
    if row.symbol not in x.settings.symbols:
        return "not among `symbols`"
    if str(row.multiplier) != _STANDARD_MULTIPLIER:
        return f"multiplier {row.multiplier or 'unknown'}: adjusted, or a mini"
    return "" if row.position.is_finite() and row.position == int(row.position) else "a fraction"


def _count(x: WireMessage) -> str:
    return f"{x.position:f}" if x.position.adjusted() < _LONGEST else str(x.position)


def _label(x: WireMessage) -> str:
    return made_safe(x.get("localSymbol") or x.symbol, 40)


def _orders(x: Context, session: ApiSession) -> Finding:
    try:
        answers = session.ask("reqAllOpenOrders", {"openOrderEnd"})
    except Trouble as trouble:
        return fail("orders", trouble.words, trouble.remedy)
    orders = [answer for answer in answers if answer.kind == "openOrder"]
    if not orders:
        return ok("orders", "no order is open")
    owners = Counter(int(order.clientId) for order in orders)
    ours = owners.pop(x.settings.broker.client_id, 0)
    foreign = sum(owners.values())
    words = f"{len(orders)} open: {ours} of this bot's client id {x.settings.broker.client_id}, {foreign} of others"
    return ok("orders", words)
