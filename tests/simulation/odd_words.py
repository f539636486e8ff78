"""What the gateway says for a while of account, margin and books, and what a bad block does: figures that make no sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.sim.faults.handle import bind
from bot.sim.messages.account_messages import AccountSubscription

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

SaidOtherwise = Callable[[str, dict[str, Any]], dict[str, Any]]


def odd_figures(u: Universe, key: str, value: str, seconds: float) -> None:
    """One of the account's figures, told at once and then as often as it changes; and at the end the true one."""

    def said(kind: str, values: dict[str, Any]) -> dict[str, Any]:
        is_meant = kind == "updateAccountValue" and values.get("key") == key
        return {**values, "value": value} if is_meant else values

    _for_a_while(u, said, seconds)
    _tell_account(u)
    u.loop.call_later(seconds, _tell_account, u)


def odd_margin(u: Universe, fields: dict[str, str], seconds: float) -> None:
    """The answers to what-if questions."""

    def said(kind: str, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, **fields} if kind == "openOrder" and values.get("whatIf") else values

    _for_a_while(u, said, seconds)


def odd_books(u: Universe, book: str, seconds: float) -> None:
    """Every option that is watched quotes so. What the market makes of it by itself is of no interest."""
    for con_id in sorted(u.core.world._watched):
        contract = u.core.world.contract(con_id)
        if contract is not None and str(contract.sec_type) == "OPT":
            bid, ask = _BOOKS[book]
            u.coverage.note("fault", "pin_quote")
            bind("pin_quote", {"con_id": con_id, "bid": bid, "ask": ask, "seconds": seconds})(u.core)


_BOOKS: dict[str, tuple[float | None, float | None]] = {
    "wide": (0.5, 1.5),
    "no bid": (None, 1.0),
    "no ask": (1.0, None),
    "nothing": (None, None),
    "crossed": (1.1, 1.0),
    "above": (180.0, 180.02),
    "dear": (9.5, 10.2),
}


def write_errors(u: Universe, count: int, every_s: float) -> None:
    for n in range(count):
        u.loop.call_later(n * every_s, setattr, u.disk, "fails_once", True)


def _for_a_while(u: Universe, said: SaidOtherwise, seconds: float) -> None:
    u.said_otherwise.append(said)

    def end() -> None:
        if said in u.said_otherwise:  # the calm ends all of them at once
            u.said_otherwise.remove(said)

    u.loop.call_later(seconds, end)


def _tell_account(u: Universe) -> None:
    u.gateway.catch_up()
    for session in u.core.started():
        for subscription in list(session.subscriptions.values()):
            if isinstance(subscription, AccountSubscription):
                subscription._sent.clear()
                subscription.send(u.core.world.account_figures())
    u.gateway.settle()
