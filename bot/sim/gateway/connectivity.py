"""The line between the gateway and IB, and the gateway's own door, as a scenario may break them.

Rule: state only; ``fault_commands`` changes it and tells the clients, the handlers and feeds ask it.
While the line is down, what only IB can answer waits, and what happens to orders is reported when it is up again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain.contract import Contract
from bot.domain.types import SecType

# Names as gateways print them in 2104, 2106 and 2158; usopt serves US options.
FARMS = ("usfarm", "usopt", "cashfarm")
HISTORY_FARM = "ushmds"
SECDEF_FARM = "secdefil"

# Own choice, from what clients reported during outages (ib_insync #172); no document of IB lists it.
# What a gateway answers from its own memory, connected to IB or not.
_ANSWERED_LOCALLY = frozenset(
    {
        "startApi",
        "reqIds",
        "reqManagedAccts",
        "reqCurrentTime",
        "setServerLogLevel",
        "reqMarketDataType",
        "reqOpenOrders",
        "reqAllOpenOrders",
        "reqAutoOpenOrders",
        "reqPositions",
        "reqAccountUpdates",
        "reqAccountSummary",
    }
)

# Own choice: what the gateway had taken for the market it does when it can, whether its client is still there or not.
FOR_THE_MARKET = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions"})


class Connectivity:
    """``is_up``: 1100 has not been said. ``is_listening``: the port accepts. ``is_silent``: accepts and never answers."""

    def __init__(self) -> None:
        self.is_up = True
        self.is_listening = True
        self.is_silent = False
        self.closes_after_accept = False
        self.clock_skew = timedelta(0)
        self.farms_down: set[str] = set()
        self.competing_session = False
        self._waiting: list[Callable[[], None]] = []

    @property
    def is_shut(self) -> bool:
        """Whether no client can come in and be answered."""
        return not self.is_listening or self.is_silent or self.closes_after_accept

    def defers(self, kind: str, *, is_running: bool) -> bool:
        """Whether a request has to wait for the line. ``is_running``: its id is that of something which flows already;
        the end of what waits itself waits behind it."""
        is_end = is_running and kind.startswith("cancelMkt")
        return not self.is_up and kind not in _ANSWERED_LOCALLY and not is_end

    def defer(self, action: Callable[[], None]) -> None:
        self._waiting.append(action)

    def take_waiting(self) -> list[Callable[[], None]]:
        """What waited, in order; the caller does it now."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def quotes(self, contract: Contract) -> bool:
        """Whether market data of this contract can arrive now."""
        return self.is_up and not self.competing_session and farm_of(contract) not in self.farms_down


def farm_of(contract: Contract) -> str:
    """The market-data farm that serves a contract."""
    if contract.sec_type is SecType.OPTION:
        return "usopt"
    return "cashfarm" if contract.sec_type is SecType.FOREX else "usfarm"
