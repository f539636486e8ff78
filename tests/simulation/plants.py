"""The faults that are planted again, each as a small patch: what was once done wrong, in the code of today.

Where several guards stand behind each other (a refusal by one rule is made good by the next), the patch takes them all away:
what is measured is the search and its judge, not the depth of the defence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from bot.broker.adapter import Adapter
from bot.broker.connection.error_codes import CodeEffect
from bot.broker.data.bar_feed import Bars
from bot.broker.data.bars import BarStream
from bot.broker.data.quote_feed import Quotes
from bot.broker.data.quotes import QuoteTicks
from bot.broker.orders import order_sender
from bot.broker.orders.account_queries import AccountQueries
from bot.broker.orders.order_events import OrderEvents
from bot.broker.orders.order_index import OrderIndex
from bot.broker.orders.set_aside import SetAside
from bot.broker.translate import orders as translate
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Leg, OrderType
from bot.domain.types import Right, Side
from bot.execution import orders, proof
from bot.execution.books.ledger import FillLedger
from bot.execution.exits import ExitPlans
from bot.execution.order_manager import OrderManager
from bot.execution.orders import flatten_order
from bot.execution.protection_guard import ProtectionGuard
from bot.execution.reconciliation import Reconciler
from bot.journal.store import Journal
from bot.market_data.machine import MarketData
from bot.ops.alerts.events import Alerts
from bot.risk import quote_rules, sizing
from bot.risk.breakers import Losses
from bot.risk.machine import RiskMachine
from bot.strategies.symbol import SymbolStrategy

Patch = tuple[Any, str, Any]
"""(owner, name, replacement)"""


def nothing(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def passes(*_: Any, **__: Any) -> None:
    return None


# ── journal, halts and alerts ──

_remember, _tell = RiskMachine.remember, Alerts.handle


def forgetful(machine: RiskMachine, row: Any) -> None:
    if not isinstance(row, m.Halted):
        _remember(machine, row)


def recorded(journal: Journal, message: Any) -> None:
    journal.record(message)


def deaf(alerts: Alerts, message: Any) -> Any:
    return iter(()) if isinstance(message, m.Halted) else _tell(alerts, message)


# ── orders ──

_leave = Adapter._leave
_place, _rejected, _bracket = OrderManager._place, order_sender.Orders._rejected, orders.bracket_orders
_fields = translate.order_fields


def twice(manager: OrderManager, place: m.PlaceBracket) -> Iterator[m.Message]:
    for message in _place(manager, place):
        yield message
        if isinstance(message, b.SendOrders):
            yield message


async def unchecked(sender: Any, sent: Any) -> None:
    """As ``Orders._send``, which looks first whether it was sent before."""
    client = sender._ready_client()
    ids = {order.ref: sender._link.next_id() for order in sent}
    for order in sent:
        known = sender._prepared(order, ids)
        sender._names.sent(known)
        client.placeOrder(known.order_id, sender._instrument(order.contract), known.reported)


async def leave(adapter: Any, session: Any) -> None:
    """And the highest id is forgotten with the session."""
    await _leave(adapter, session)
    adapter._floor = 0


def again(sender: Any, known: Any, trouble: Any) -> None:
    """By itself, and by nobody's books: its children were refused with it."""
    _rejected(sender, known, trouble)
    if not known.parent_id:
        known.reported.transmit = True
        client = sender._link.client
        client.placeOrder(sender._link.next_id(), sender._instrument(known.contract), known.reported)


def sold(place: m.PlaceBracket, *how: Any) -> Any:
    entry, *rest = _bracket(place, *how)
    if place.contract.right is Right.PUT:
        entry = dataclasses.replace(entry, side=Side.SELL)
    return (entry, *rest)


def without_stop(place: m.PlaceBracket, *how: Any) -> Any:
    entry, target, _ = _bracket(place, *how)
    return entry, dataclasses.replace(target, transmit=True)


def limit_as_stop(order: Any, **how: Any) -> dict[str, Any]:
    fields = _fields(order, **how)
    if order.type is OrderType.STOP:
        fields |= {"orderType": "LMT", "lmtPrice": 99.0, "auxPrice": 0.0}
    return fields


def without_group(order: Any, **how: Any) -> dict[str, Any]:
    return _fields(order, **how) | {"ocaGroup": f"alone {order.ref}", "ocaType": 3}


def without_end(order: Any, **how: Any) -> dict[str, Any]:
    fields = _fields(order, **how)
    if fields.pop("goodTillDate", None):
        fields["tif"] = "DAY"
    return fields


def alone(plans: ExitPlans, plan: Any, place: Any, quantity: int, side: Any, now: Any) -> Iterator[Any]:
    if not plans._exits_are_over(plan.idea_id, now, "makes room to close"):
        return
    plans.drop(plan.idea_id)
    if quantity > 0:
        number = plans._number(plan.idea_id, (Leg.FLATTEN,))
        order = flatten_order(place, side, quantity, plans._new_price(plan, place), number)
        yield b.SendOrders((order,), now)


def dead_by_any_word(code: int, **_: Any) -> Any:
    del code
    return CodeEffect.REJECT


def by_order_id(index: OrderIndex, client_id: int, order_id: int, perm_id: int) -> Any:
    del perm_id
    return index.of_id(client_id, order_id)


# ── what the broker says ──

_conclude, _execution, _open_order = Reconciler.conclude, OrderEvents._execution, OrderEvents._open_order


def without_reference(events: OrderEvents, request_id: int, contract: Any, execution: Any) -> None:
    execution.orderRef = ""
    _execution(events, request_id, contract, execution)


def unraised(events: OrderEvents, *how: Any) -> None:
    """An order that is open says nothing of the ids that are taken."""
    client = events._link.ib.client
    before = client._reqIdSeq
    _open_order(events, *how)
    client._reqIdSeq = before


async def no_executions(_: AccountQueries) -> tuple[Any, ...]:
    return ()


async def nothing_held(_: AccountQueries) -> tuple[Any, ...]:
    return ()


def weigh(ledger: FillLedger, fill: Any) -> m.FillBooked:
    del ledger
    return m.FillBooked(fill, None)


def agreeing(reconciliation: Reconciler, found: Any, taken: Any, now: Any) -> Iterator[m.Message]:
    for news in _conclude(reconciliation, found, taken, now):
        yield dataclasses.replace(news, mismatches=())


def learn(commissions: Any, stem: str, revision: int, amount: Decimal) -> bool:
    known = commissions.amounts.get(stem)
    commissions.amounts[stem] = (revision, amount + (known[1] if known else 0))
    return True


def unguarded(aside: SetAside, name: str, handle: Any) -> Any:
    del aside, name
    return handle


# ── market data ──

_decide, _quote, _asked = SymbolStrategy.decide, QuoteTicks.quote, Bars._open


def swallowing(strategy: SymbolStrategy, message: Any) -> Iterable[Any]:
    if isinstance(message, m.BarClosed) and message.bar.start.minute % 4:
        return ()
    return _decide(strategy, message)


async def leaking(quotes: Quotes, command: Any) -> None:
    quotes._subs.unwatch_quote(command.contract.con_id)


async def asks_once(bars: Bars, line: Any, sessions: int) -> None:
    with suppress(Exception):  # that is the fault
        await _asked(bars, line, sessions)


def anothers(ticks: QuoteTicks, at: Any) -> Any:
    quote = _quote(ticks, at)
    if quote.bid is None or quote.ask is None or ticks.contract.right is None:
        return quote
    return dataclasses.replace(quote, bid=quote.bid * 8, ask=quote.ask * 8)


def all_closed(stream: BarStream, bars: Any, *_: Any) -> Any:
    found = sorted(bars, key=lambda bar: bar.start)
    stream.forming, stream.is_doubtful = None, False
    if found:
        stream.published = max(found[-1].start, stream.published or found[-1].start)
    return tuple(found)


def closed_by_clock(stream: BarStream, now: Any, late: Any) -> Any:
    bar = stream.forming
    if bar is None or now < bar.end + late:
        return None
    stream.forming = None
    return stream._close(bar)


async def gives_up(commands: Any, command: Any, work: Any, subject: str) -> None:
    for _ in range(3):
        await commands.is_connected.wait()
        try:
            await work(command)
        except Exception as error:  # noqa: BLE001  that is the fault
            trouble = error
            await commands._link.sleep(2.0)
        else:
            return
    commands._link.publish_failure(subject, trouble)


# ── risk ──

_size, _at_risk, _loss = sizing.size, sizing.contracts_at_risk, sizing.stop_loss


def at_least_one(*how: Any) -> Any:
    found = _size(*how)
    return found if isinstance(found, sizing.Size) else sizing.Size(1, found.code, {})


def hundredfold(budget: Decimal, loss: Any) -> int:
    return _at_risk(budget * 100, loss)


def without_costs(idea: Any, prices: Any, limits: Any) -> Any:
    each = (prices.entry - prices.stop) * idea.contract.multiplier
    zero = Decimal(0)
    return dataclasses.replace(
        _loss(idea, prices, limits),
        each_usd=each,
        commission_usd=zero,
        least_commission_usd=zero,
        passed_on_usd=zero,
    )


def thrice(losses: Losses, refused: Any) -> None:
    for n in range(3):
        losses.refused_at.setdefault(f"{refused.ref}/{n}", refused.at)


_rules = quote_rules.QUOTE_RULES
PLAIN: Final = tuple(rule for rule in _rules if rule is not quote_rules.feeds_fresh)
UNLIVE: Final = tuple(x for x in PLAIN if x not in (quote_rules.data_live, quote_rules.quote_fresh))
INSANE: Final = tuple(x for x in _rules if x is not quote_rules.premium_sane)

UNWATCHED: Final[tuple[Patch, ...]] = (
    (MarketData, "_judge_freshness", nothing),
    (Bars, "_ask_again_where_doubtful", passes),
)
BLIND: Final[tuple[Patch, ...]] = ((proof, "_defect", lambda *_: ""),)
DISTANT: Final[tuple[Patch, ...]] = ((ProtectionGuard, "step", nothing),)
