"""Messages about the session as a whole: the way to IB and its data farms, up or down. Pure but for what it calls.

Rule: a farm that comes back has forgotten its subscribers, so what it fed is asked for again; that it is up without
having been down is no news.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.doubted_loss import DoubtedLoss
from bot.broker.connection.error_codes import CodeEffect, code
from bot.broker.connection.errors import RequestTrouble
from bot.domain import broker_messages as b

IB = "ib"
# IBKR Campus, "System Message Codes": 1100 and 2110 IB is lost, 1101 back with subscriptions lost, 1102 back with them kept,
# 1300 the port was reset.
_LOST, _BACK_WITHOUT_DATA, _BACK, _PORT_RESET, _WAIT = 1100, 1101, 1102, 1300, 2110
# IBKR Campus, "Warning Message Codes". After 2103 and 2104 subscriptions were seen to stay silent for hours
# (nautilus_trader #3968), which is why a farm's return re-requests them.
_FARM_DOWN = {2103: "market_data", 2105: "history", 2157: "contracts"}
_FARM_UP = {2104: "market_data", 2106: "history", 2158: "contracts"}
# The guard between us and the gateway (docs/controls.md) says in IB's range of warnings, in which IB has no such numbers, that
# a person has stopped entries, and that a person went on.
GUARD = "guard"
_GUARD_STOPPED, _GUARD_GOES_ON = 2199, 2198
# Account updates were taken over by another request of account data (IBKR Campus, "Warning Message Codes").
_ACCOUNT_TAKEN = (2100, 2101)


@dataclass(frozen=True, slots=True)
class Repairs:
    """What the adapter does about it."""

    resubscribe_all: Callable[[], None]
    resubscribe_bars: Callable[[], None]
    reopen_account: Callable[[], None]
    move_to_port: Callable[[int], None]
    doubt: DoubtedLoss


class SystemMessages:
    def __init__(self, link: BrokerContext, repairs: Repairs) -> None:
        self._link = link
        self._repairs = repairs
        self._farms_down: set[str] = set()

    def start_session(self) -> None:
        self._farms_down.clear()
        self._link.is_ib_up = True
        self._repairs.doubt.found()

    def handle(self, number: int, text: str) -> None:
        if number in (_LOST, _WAIT):
            self._set_ib(number, is_up=False, data_lost=False)
        elif number in (_BACK_WITHOUT_DATA, _BACK):
            self._set_ib(number, is_up=True, data_lost=number == _BACK_WITHOUT_DATA)
        elif number in _FARM_DOWN:
            self._farm_down(number, f"{_FARM_DOWN[number]}:{_farm(text)}")
        elif number in _FARM_UP:
            self._farm_up(number, f"{_FARM_UP[number]}:{_farm(text)}")
        elif number in (_GUARD_STOPPED, _GUARD_GOES_ON):
            is_up = number == _GUARD_GOES_ON
            self._link.pass_on(b.LinkChanged(self._link.now(), GUARD, is_up, False, number))
        elif number == _PORT_RESET:
            self._port_reset(text)
        elif number in _ACCOUNT_TAKEN:
            self._repairs.reopen_account()
        elif code(number).effect is not CodeEffect.INFO:
            self._link.publish_failure("gateway", RequestTrouble(number, text))

    def _set_ib(self, number: int, *, is_up: bool, data_lost: bool) -> None:
        self._link.is_ib_up = is_up
        if is_up:
            self._repairs.doubt.found()
        else:
            self._repairs.doubt.lost(number)
        self._link.pass_on(b.LinkChanged(self._link.now(), IB, is_up, data_lost, number))
        if data_lost:
            self._repairs.resubscribe_all()

    def _farm_down(self, number: int, farm: str) -> None:
        if farm not in self._farms_down:
            self._farms_down.add(farm)
            self._link.pass_on(b.LinkChanged(self._link.now(), farm, False, False, number))

    def _farm_up(self, number: int, farm: str) -> None:
        if farm not in self._farms_down:
            return
        self._farms_down.discard(farm)
        self._link.pass_on(b.LinkChanged(self._link.now(), farm, True, True, number))
        if farm.startswith("market_data:"):
            self._repairs.resubscribe_all()
        elif farm.startswith("history:"):
            self._repairs.resubscribe_bars()

    def _port_reset(self, text: str) -> None:
        """The gateway names its new port at the end of the message, and closes."""
        self._link.publish_failure("gateway", RequestTrouble(_PORT_RESET, text))
        found = re.findall(r"\d{2,5}", text)
        if found and int(found[-1]) < 2**16:
            self._repairs.move_to_port(int(found[-1]))


def _farm(text: str) -> str:
    """``Market data farm connection is broken:usfarm`` → ``usfarm``."""
    return text.rpartition(":")[2].strip() or "unnamed"
