"""What can be broken, by name: the vocabulary of scenario files, of the admin port and of the Python handle.

Rule: a command is a function of the gateway and plain values; its signature is its schema and its docstring its manual.
Spans are simulated seconds; what is broken for a span recovers by itself, what has none lasts until it is cleared by name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from bot.domain.errors import FixTheConfiguration
from bot.domain.session import new_york_day, next_session
from bot.domain.types import Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.orders import ExecutionFilter, SimOrder
from bot.sim.faults.other_hands import cancel_by_hand, move_stop
from bot.sim.faults.outages import (
    accept_then_close,
    close_port,
    competing_session,
    drop_socket,
    farm,
    half_open,
    kill_feeds,
    log_in,
    log_out,
    outage,
    refuse,
    restart,
)
from bot.sim.faults.trading_halts import halt_trading, luld_bands, resume_trading
from bot.sim.faults.values import changed
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.message_faults import FaultEffect, FaultRule, ScriptedRejection
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.market.corporate.splits import Split
from bot.sim.market.quotes import TopOfBook

Command = Callable[..., Any]


def message(
    core: GatewayCore,
    kind: str,
    effect: str,
    *,
    count: int | None = 1,
    skip: int = 0,
    seconds: float = 0.0,
    chance: float = 1.0,
    client_id: int | None = None,
    fields: dict[str, Any] | None = None,
) -> None:
    """Drop, delay (``seconds``), duplicate, reorder, rewrite (``fields``) or precede (``insert``: ``fields`` with their
    ``kind``) messages of a kind, answers or requests.

    ``kind`` is the wire's name (``orderStatus``, ``placeOrder``; ``*`` any); ``count`` null means for ever.
    Raises FixTheConfiguration.
    """
    try:
        chosen = FaultEffect(effect)
    except ValueError:
        known = ", ".join(FaultEffect)
        raise FixTheConfiguration(f"message: effect {effect!r} is unknown; choose one of {known}") from None
    if chosen is FaultEffect.INSERT and not isinstance((fields or {}).get("kind"), str):
        raise FixTheConfiguration("message: insert needs fields with the kind of the message to send")
    rule = FaultRule(
        kind=kind,
        effect=chosen,
        count=count,
        skip=skip,
        chance=chance,
        client_id=client_id,
        delay=timedelta(seconds=seconds),
        fields=fields or {},
    )
    core.faults.rules.append(rule)


def clear(core: GatewayCore) -> None:
    """Forget all message rules, rejections, hidden quotes, missing entitlements and trading halts."""
    core.faults.clear()
    core.world.halts.clear()


def reject(
    core: GatewayCore, code: int, text: str, *, count: int = 1, action: str = "", order_type: str = ""
) -> None:
    """Answer the next new orders with this error instead of placing them."""
    rejection = ScriptedRejection(code=code, text=text, count=count, action=action, order_type=order_type)
    core.faults.rejections.append(rejection)


def say(core: GatewayCore, code: int, text: str, *, req_id: int = -1, client_id: int | None = None) -> None:
    """Send an error message as it is: to one client or to all, about a request, an order or nothing (-1)."""
    for session in core.started():
        if client_id in (None, session.client_id):
            core.error(session, req_id, code, text)


def hide_quotes(core: GatewayCore, *, scope: str = "all", seconds: float | None = None) -> None:
    """Show bid and ask as absent (-1) for ``all``, a symbol, a security type or a conId."""
    core.faults.hidden.add(scope)
    _refresh(core)
    _later(core, seconds, lambda: show_quotes(core, scope=scope))


def show_quotes(core: GatewayCore, *, scope: str = "all") -> None:
    """Undo hide_quotes."""
    core.faults.hidden.discard(scope)
    _refresh(core)


def unsubscribed(core: GatewayCore, *, scope: str = "all") -> None:
    """The user has no live data for this scope: 10089, or 10167 and delayed data. For requests from now on."""
    core.faults.unentitled.add(scope)


def subscribed(core: GatewayCore, *, scope: str = "all") -> None:
    """Undo unsubscribed."""
    core.faults.unentitled.discard(scope)


def gap(core: GatewayCore, symbol: str, percent: float) -> None:
    """From its next print on the stock trades this much higher (or lower), for good; options follow.

    Raises FixTheConfiguration for a symbol nobody trades.
    """
    if symbol not in core.world.market.stocks or percent <= -100:
        known = ", ".join(core.world.market.stocks)
        raise FixTheConfiguration(f"gap: cannot move {symbol!r} by {percent} %; symbols here: {known}")
    core.world.market.gap(symbol, 1 + percent / 100)


def split(core: GatewayCore, symbol: str, new: int, old: int) -> None:
    """Before the next session ``new`` shares of the stock take the place of ``old`` ones: prices, positions, options.

    Raises FixTheConfiguration for a symbol nobody trades, or numbers that make no split.
    """
    day = next_session(new_york_day(core.now)).day
    core.world.splits.plan(Split(symbol, new, old, day))


def pin_quote(
    core: GatewayCore,
    con_id: int,
    *,
    bid: float | None = None,
    ask: float | None = None,
    size: int = 10,
    last: float | None = None,
    seconds: float | None = None,
) -> None:
    """Quote this book for a contract, whatever its market does; null is no bid or no ask."""
    book = TopOfBook(_price(bid), _price(ask), size if bid else 0, size if ask else 0, _price(last), size)
    core.world.market.pin(con_id, book)
    _later(core, seconds, lambda: unpin_quote(core, con_id))


def unpin_quote(core: GatewayCore, con_id: int) -> None:
    """Undo pin_quote."""
    core.world.market.unpin(con_id)


def exchange(core: GatewayCore, **exchange_settings: Any) -> None:
    """Change settings of the exchange (``exchange_settings.py`` lists them): displayed_size, cancel_latency_s, …

    Raises FixTheConfiguration for a value that is impossible.
    """
    core.world.use(changed(core.world.exchange_settings, exchange_settings, "exchange"))


def gateway(core: GatewayCore, **settings: Any) -> None:
    """Change settings of the gateway (see bot/sim/gateway/settings.py): read_only, market_data_lines, outbox_limit_bytes, …

    Raises FixTheConfiguration for a value that is impossible.
    """
    core.settings = changed(core.settings, settings, "gateway")


def correct_execution(core: GatewayCore, *, price: float, shares: int | None = None) -> None:
    """Correct the newest fill: the same execution id with a higher last part. No fill, no effect."""
    done = core.world.executions(ExecutionFilter())
    if done:
        newest = done[-1][0]
        quantity = newest.quantity if shares is None else shares
        changed = core.world.correct_execution(newest.exec_id, quantity=quantity, price=Decimal(str(price)))
        core.apply(changed)


def manual_order(
    core: GatewayCore,
    con_id: int,
    action: str,
    quantity: int,
    *,
    order_type: str = "MKT",
    limit: float | None = None,
) -> None:
    """An order typed into TWS: client 0, a negative id."""
    order = SimOrder(
        con_id=con_id,
        action=Side(action),
        type=order_type,
        quantity=quantity,
        limit_price=_price(limit),
        account=core.world.account_id,
    )
    core.apply(core.world.place_manual(order))


def clock_skew(core: GatewayCore, seconds: float) -> None:
    """The gateway's clock is this much ahead (or behind)."""
    core.link.clock_skew = timedelta(seconds=seconds)


def bust(core: GatewayCore) -> None:
    """10225: every streaming bar subscription is deactivated and must be asked for again."""
    for session in core.started():
        for family, req_id in list(session.subscriptions):
            if family in ("bars_5s", "kept_bars"):
                session.unsubscribe(family, req_id)
                text = "Bust event occurred, current subscription is deactivated. Please resubscribe real-time bars immediately."
                core.error(session, req_id, 10225, text)


def _price(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _refresh(core: GatewayCore) -> None:
    for feed in core.feeds.everyone():
        feed.refresh()


def _later(core: GatewayCore, seconds: float | None, action: Callable[[], None]) -> None:
    if seconds is not None:
        core.timers.at(core.now + timedelta(seconds=seconds), action)


SETTINGS_OF: Final[dict[str, Callable[[], Any]]] = {"exchange": ExchangeSettings, "gateway": GatewaySettings}
"""Commands that change settings, with the settings they change."""
COMMANDS: Final[dict[str, Command]] = {
    command.__name__: command
    for command in (
        *(drop_socket, refuse, half_open, accept_then_close, close_port, restart, log_out, log_in),
        *(outage, farm, competing_session, kill_feeds),
        *(message, clear, reject, say, hide_quotes, show_quotes, unsubscribed, subscribed),
        *(halt_trading, resume_trading, luld_bands),
        *(move_stop, cancel_by_hand),
        *(
            gap,
            split,
            pin_quote,
            unpin_quote,
            exchange,
            gateway,
            correct_execution,
            manual_order,
            clock_skew,
            bust,
        ),
    )
}
