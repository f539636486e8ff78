"""The checks of the gateway: the door first, and behind it the account and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from bot.doctor import api_probe
from bot.doctor.api_session import ApiSession, Trouble
from bot.doctor.books import books_checks
from bot.doctor.context import Context
from bot.doctor.findings import Finding, fail, ok, skip, warn
from bot.doctor.market import market_checks
from bot.doctor.what_if import what_if_checks
from bot.wire import WireMessage

# IBKR Campus, "Market Data Subscriptions": an account needs 500 USD to subscribe; paper accounts of such accounts share it.
IB_MINIMUM_USD = 500
"""Below this equity IB's API gives no market data."""
CLOCK_WARN_S, CLOCK_FAIL_S = 2.0, 10.0


def gateway_checks(x: Context) -> Iterator[Finding]:
    """Everything that needs the gateway. A door that is shut ends it with one failure."""
    broker = x.settings.broker
    where = (broker.host, broker.port)
    try:
        link = api_probe.knock(*where, x.connect_s)
    except api_probe.ProbeFailed as shut:
        yield fail("connection", shut.words, shut.remedy)
        return
    with link:
        yield ok("connection", f"{broker.host}:{broker.port} accepts")
        try:
            line = api_probe.shake_hands(link, where, x.connect_s)
            api_probe.start_session(line, x.client_id, x.connect_s)
        except api_probe.ProbeFailed as shut:
            yield fail("handshake", shut.words, shut.remedy)
            return
        yield ok("handshake", f"API version {line.version}, doctor's client id {x.client_id}")
        try:
            yield from _inside(x, ApiSession(line, x.ask_s))
        except api_probe.ProbeFailed as shut:
            yield fail(
                "session", f"the gateway ended it: {shut.words}", "try again; then look at the gateway's log"
            )


def _inside(x: Context, session: ApiSession) -> Iterator[Finding]:
    yield _account(x, session)
    yield from _money(x, session)
    yield _clock(x, session)
    yield from market_checks(x, session)
    if x.wants_what_if:
        yield from what_if_checks(x, session)
    else:
        yield skip("permissions", "only a what-if shows them: ibkr-bot doctor --what-if")


def _account(x: Context, session: ApiSession) -> Finding:
    broker, offered = x.settings.broker, session.line.accounts
    shown = ", ".join(offered)
    wanted = broker.account
    if wanted and wanted not in offered:
        remedy = f"log the gateway in to {wanted}, or set broker.account"
        return fail("account", f"the gateway offers {shown}, broker.account is {wanted}", remedy)
    if not wanted and len(offered) > 1:
        return fail("account", f"the gateway offers {shown}", "name one of them in broker.account")
    account = wanted or offered[0]
    is_paper = account.startswith("D")
    if broker.trading == "live" and is_paper:
        return fail("account", f"{account} is a paper account, broker.trading is live", _wrong_mode("live"))
    if broker.trading == "paper" and not is_paper:
        return fail("account", f"{account} is a LIVE account, broker.trading is paper", _wrong_mode("paper"))
    return ok("account", f"{account}, {'paper' if is_paper else 'live'}")


def _wrong_mode(mode: str) -> str:
    return f"log the gateway in for {mode} trading; its API port is {4001 if mode == 'live' else 4002}"


def _money(x: Context, session: ApiSession) -> Iterator[Finding]:
    account = session.account(x.settings.broker.account)
    try:
        answers = session.ask("reqAccountUpdates", {"accountDownloadEnd"}, subscribe=True, acctCode=account)
    except Trouble as trouble:
        yield fail("funds", trouble.words, trouble.remedy)
        return
    session.line.send("reqAccountUpdates", subscribe=False, acctCode=account)
    yield _funds(x, answers)
    yield from books_checks(x, session, answers)


def _funds(x: Context, answers: list[WireMessage]) -> Finding:
    equity = _value(answers, "NetLiquidation")
    if equity is None:
        return fail("funds", "the gateway tells no net liquidation value", "restart the gateway")
    floor = x.settings.risk.min_equity_usd
    if equity < max(floor, Decimal(IB_MINIMUM_USD)):
        remedy = f"deposit: no market data over the API below {IB_MINIMUM_USD}, no entries below risk.min_equity_usd"
        return warn("funds", f"net liquidation {equity:,.2f}", remedy)
    return ok("funds", f"net liquidation {equity:,.2f}")


def _value(answers: list[WireMessage], key: str) -> Decimal | None:
    for answer in answers:
        if answer.kind == "updateAccountValue" and answer.key == key:
            try:
                return Decimal(answer.value)
            except InvalidOperation:
                return None
    return None


def _clock(x: Context, session: ApiSession) -> Finding:
    before = x.now()
    try:
        (*_, answer) = session.ask("reqCurrentTime", {"currentTime"})
    except Trouble as trouble:
        return fail("clock", trouble.words, trouble.remedy)
    after = x.now()
    middle = before + (after - before) / 2
    offset_s = (datetime.fromtimestamp(int(answer.time), UTC) - middle).total_seconds() + 0.5
    words = f"the broker's clock is {offset_s:+.1f} s from ours"
    remedy = "let this machine keep time: timedatectl set-ntp true"
    if abs(offset_s) <= CLOCK_WARN_S + (after - before).total_seconds():
        return ok("clock", words)
    judge = fail if abs(offset_s) > CLOCK_FAIL_S else warn
    return judge("clock", words, remedy)
