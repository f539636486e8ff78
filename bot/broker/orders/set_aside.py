"""Rows and messages that cannot be used: kept as they came, told once, and never the end of the line.

Rule: what is not ours (another account's, a stranger's, an instrument this bot never trades) is foreign, and a list that
holds it is still whole. A row of ours that cannot be read makes its list incomplete, and the broker is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import RequestTrouble, UnreadableAnswer
from bot.domain import broker_messages as b
from bot.domain.order import leg_of
from bot.domain.types import ConId, SecType

UNREADABLE = (UnreadableAnswer, ValueError, TypeError, LookupError, ArithmeticError)
"""What reading a message of the gateway raises when the message is not as it should be."""
_KEPT_CHARACTERS = 1000


class SetAside:
    """``is_known`` says whether a conId was qualified by us; ``look_again`` asks the broker for what was lost."""

    def __init__(
        self, link: BrokerContext, is_known: Callable[[ConId], bool], look_again: Callable[[], None]
    ) -> None:
        self._link = link
        self._is_known = is_known
        self._look_again = look_again
        self._told: set[str] = set()

    def is_other_account(self, account: str) -> bool:
        return account not in ("", self._link.account)

    def foreign(self, what: str) -> None:
        """Count and tell a row that is not ours."""
        self._tell("foreign", what)

    def ambiguous(self, what: str) -> None:
        self._tell("ambiguous", what)

    def guard(self, name: str, handle: Callable[..., None]) -> Callable[..., None]:
        """``handle``, whose trouble with a message is set aside instead of ending the line."""

        def guarded(*args: Any) -> None:
            try:
                handle(*args)
            except UNREADABLE as error:
                self._set_aside(name, args, error)

        return guarded

    def _set_aside(self, name: str, args: tuple[Any, ...], error: Exception) -> None:
        raw = f"{name}: {error}; {', '.join(map(_text, args))}"
        if self._is_foreign(name, args):
            self.foreign(raw)
            return
        self._tell("unreadable", raw)
        key = _list_of(name, args)
        if key is not None and self._link.requests.is_open(key):
            self._link.requests.fail(key, RequestTrouble(0, raw[:_KEPT_CHARACTERS]))
        else:
            self._look_again()

    def _is_foreign(self, name: str, args: tuple[Any, ...]) -> bool:
        match name, args:
            case "position", (_, contract, *_):
                return not (contract.secType == SecType.OPTION and self._is_known(int(contract.conId)))
            case "openOrder", (_, _, order, *_):
                return self._is_strangers(order.account, order.clientId, order.orderRef)
            case "completedOrder", (_, order, *_):
                return leg_of(order.orderRef) is None
            case "execDetails", (_, _, execution):
                return self._is_strangers(execution.acctNumber, execution.clientId, execution.orderRef)
        return False

    def _is_strangers(self, account: str, client_id: int, ref: str) -> bool:
        is_other_client = client_id != self._link.settings.client_id and leg_of(ref) is None
        return self.is_other_account(account) or is_other_client

    def _tell(self, kind: str, text: str) -> None:
        """Each once in the life of the process: a list repeats its rows for ever."""
        text = text[:_KEPT_CHARACTERS]
        if text not in self._told:
            self._told.add(text)
            self._link.publish(b.RowSetAside(kind, text, self._link.now()))


def _text(value: object) -> str:
    """A library object as its fields that say something."""
    return repr(value)[: _KEPT_CHARACTERS // 2]


def _list_of(name: str, args: tuple[Any, ...]) -> Hashable:
    """The request whose answer the message was a part of."""
    if name == "execDetails":
        return args[0]  # type: ignore[no-any-return]  # the request's number
    return {"openOrder": "openOrders", "completedOrder": "completedOrders", "position": "positions"}.get(name)
