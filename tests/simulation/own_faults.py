"""What can be broken beside the simulated gateway's own commands: network, disk, process life, other hands, the operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.ops.process.control_client import leave_halt
from bot.sim.faults.handle import bind
from tests.simulation.fault_draws import ORDER_KINDS
from tests.simulation.odd_words import odd_books, odd_figures, odd_margin, write_errors
from tests.simulation.world import settings_of

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

Own = Callable[..., None]
"""(the universe, and the fault's own values)"""


def _slow_network(u: Universe, seconds: float) -> None:
    u.network.settings = replace(u.plan.network, latency_s=2.0, jitter_s=3.0)
    u.loop.call_later(seconds, lambda: setattr(u.network, "settings", u.plan.network))


def _disk_full(u: Universe, seconds: float) -> None:
    u.disk.is_full = True
    u.loop.call_later(seconds, lambda: setattr(u.disk, "is_full", False))


def _disk_slow(u: Universe, seconds: float, delay_s: float) -> None:
    u.disk.delay_s = delay_s
    u.loop.call_later(seconds, lambda: setattr(u.disk, "delay_s", 0.0))


def _torn(u: Universe, commits: int, seconds: float) -> None:
    del seconds
    u.disk.cut_in = commits


def _disk_lies(u: Universe) -> None:
    u.has_lost_rows = True
    u.disk.begin_to_lie()


def _clock_step(u: Universe, seconds: float) -> None:
    """The wall's clock, for a minute."""
    u.clocks.wall_off_s = seconds
    u.loop.call_later(60.0, lambda: setattr(u.clocks, "wall_off_s", 0.0))


def _cancel_by_hand(u: Universe, pick: float) -> None:
    orders = [view for view in u.core.world.open_orders() if view.client_id == 1]
    if orders:
        view = orders[int(pick * len(orders))]
        u.core.apply(u.core.world.cancel(1, view.order_id))


def _move_stop(u: Universe, pick: float, price: float) -> None:
    stops = [view for view in u.core.world.open_orders() if view.client_id == 1 and view.order.type == "STP"]
    if stops:
        view = stops[int(pick * len(stops))]
        u.oracle.forged.add(view.order.order_ref)
        bind("move_stop", {"order_id": view.order_id, "price": price})(u.core)


def _manual_close(u: Universe, share: float) -> None:
    for position in u.core.world.positions():
        if position.quantity > 0:
            u.oracle.foreign.add(position.contract.con_id)
            u.may_differ = True
            quantity = max(1, int(float(position.quantity) * share))
            u.coverage.note("fault", "manual_order")
            bind(
                "manual_order", {"con_id": position.contract.con_id, "action": "SELL", "quantity": quantity}
            )(u.core)


def _foreign_order(u: Universe, quantity: int) -> None:
    options = [
        x
        for x in u.core.world._watched
        if (c := u.core.world.contract(x)) is not None and str(c.sec_type) == "OPT"
    ]
    if options:
        u.oracle.foreign.add(options[0])
        u.may_differ = True
        u.coverage.note("fault", "manual_order")
        bind("manual_order", {"con_id": options[0], "action": "BUY", "quantity": quantity})(u.core)


def _pin(u: Universe, book: str, seconds: float) -> None:
    for position in u.core.world.positions():
        con_id = position.contract.con_id
        paid = [
            x.execution.price for x in u.oracle.executed.values() if x.execution.contract.con_id == con_id
        ]
        cost = float(paid[-1]) if paid else 1.0
        bid = {"target": cost * 2, "stop": cost * 0.4, "no bid": None, "nothing": None, "cheap": 0.01}[book]
        ask = {
            "target": cost * 2 + 0.02,
            "stop": cost * 0.4 + 0.02,
            "no bid": 0.05,
            "nothing": None,
            "cheap": 0.02,
        }[book]
        how = {
            "con_id": con_id,
            "bid": None if bid is None else round(bid, 2),
            "ask": None if ask is None else round(ask, 2),
            "seconds": seconds,
        }
        u.coverage.note("fault", "pin_quote")
        bind("pin_quote", how)(u.core)


def _order_messages(effect: str) -> Own:
    """All kinds that tell of orders, so that no kind makes up for another."""

    def act(u: Universe, count: int) -> None:
        for kind in ORDER_KINDS:
            bind("message", {"kind": kind, "effect": effect, "count": count})(u.core)

    return act


def _odd_status(u: Universe, status: str, count: int) -> None:
    how = {"kind": "orderStatus", "effect": "rewrite", "count": count, "fields": {"status": status}}
    bind("message", how)(u.core)


def _order_word(u: Universe, code: int, text: str) -> None:
    """Said of the newest order that works; its status does not change."""
    orders = [view for view in u.core.world.open_orders() if view.client_id == 1]
    if orders:
        bind("say", {"code": code, "text": text, "req_id": orders[-1].order_id})(u.core)


def _swallowed(u: Universe, kind: str, count: int, skip: int = 0) -> None:
    """As a gateway that restarts: what it took it never passed on."""
    bind("message", {"kind": kind, "effect": "drop", "count": count, "skip": skip})(u.core)


def _other_id(u: Universe, pick: float) -> None:
    """The next execution bears the order id of another order (a client's ids are its own, and IB's are not)."""
    ids = sorted({x.order_id for x in u.core.world._ledger._received if x.client_id == 1})
    if ids:
        how = {"kind": "execDetails", "effect": "rewrite", "fields": {"orderId": ids[int(pick * len(ids))]}}
        bind("message", how)(u.core)


def _operator(request: dict[str, str]) -> Own:
    def act(u: Universe) -> None:
        if u.life is None or u.life.supervisor.failed is not None:
            return
        account = u.life.board.status.account
        try:
            u.life.operator.answer({**request, "reason": "drawn", "by": "operator", "account": account})
        except Exception as error:  # noqa: BLE001  refused, as a person is told
            u.tell(f"refused: {error}")

    return act


def _halt_file(u: Universe) -> None:
    leave_halt(u.disk.directory, "drawn", "operator")


def _redeploy(u: Universe, seconds: float) -> None:
    u.away_until_s = u.loop.time() + seconds
    u.news.set()


def _change_settings(u: Universe, variables: dict[str, str], seconds: float) -> None:
    u.variables |= variables
    u.settings = settings_of(u.variables)
    _redeploy(u, seconds)


OWN: dict[str, Own] = {
    "partition": lambda u, seconds: u.network.part(seconds),
    "freeze": lambda u, seconds: u.network.freeze(seconds),
    "reset": lambda u: u.network.reset(),
    "slow_network": _slow_network,
    "kill": lambda u, seconds: u.die(power=False, away_s=seconds),
    "power_loss": lambda u, seconds: u.die(power=True, away_s=seconds),
    "torn_power_loss": _torn,
    "disk_full": _disk_full,
    "disk_slow": _disk_slow,
    "disk_lies": _disk_lies,
    "clock_step": _clock_step,
    "cancel_by_hand": _cancel_by_hand,
    "move_stop": _move_stop,
    "manual_close": _manual_close,
    "foreign_order": _foreign_order,
    "pin": _pin,
    "halt": _operator({"do": "halt"}),
    "resume": _operator({"do": "resume"}),
    "flatten": _operator({"do": "flatten"}),
    "halt_file": _halt_file,
    "redeploy": _redeploy,
    "change_settings": _change_settings,
    "doubled": _order_messages("duplicate"),
    "lost": _order_messages("drop"),
    "odd_status": _odd_status,
    "swallowed": _swallowed,
    "other_id": _other_id,
    "order_word": _order_word,
    "odd_figures": odd_figures,
    "odd_margin": odd_margin,
    "odd_books": odd_books,
    "write_errors": write_errors,
}
