"""What the adapter is told at its start. Frozen; made from the configuration by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PacingLimits:
    """What the adapter allows itself of IB's rates; ``pacing.py`` has the rates themselves and their source."""

    # 50 from all clients together (IBKR Campus, "Order Limitations"); the warning was seen at 44 (ib_insync #443).
    messages_per_s: int = 40
    reserved_for_orders: int = 8
    """Of those, what data requests never touch."""
    # IBKR Campus, "Historical Data Limitations": 60, 15 s, 6 in 2 s, 50 at once; kept-up bars count as open (ib_insync #293).
    history_per_10min: int = 55
    identical_after_s: float = 15.5
    same_contract_per_2s: int = 4
    open_history: int = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Times named ``_s`` are seconds of bot time, which may run faster than the clock on the wall; ``_wall_s`` are not.

    ``account`` None takes the session's only account. ``read_only`` and ``dry_run`` make every order command fail
    before it reaches the wire. ``order_id_floor`` is the lowest order id that may be used, from disk: the gateway's own
    next id can fall back after its restart.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 1
    account: str | None = None
    read_only: bool = False
    dry_run: bool = False
    order_id_floor: int = 1
    connect_timeout_wall_s: float = 10.0
    request_timeout_s: float = 15.0
    history_timeout_s: float = 60.0
    heartbeat_s: float = 30.0
    heartbeat_timeout_s: float = 10.0
    retry_first_s: float = 2.0
    retry_most_s: float = 60.0
    shortest_deadline_wall_s: float = 3.0
    """However fast bot time runs: the network and this machine do not get faster with it."""
    line_budget: int = 90
    """Market data lines in use at most, of the 100 that IB grants; the rest are left to TWS on the same account."""
    quote_interval_s: float = 0.25
    """Changed quotes are told together this often, each contract once; 0 tells them after every read of the socket."""
    late_bar_s: float = 10.0
    """A bar without a successor counts as closed this long after its end."""
    gateway_zone: str = "America/New_York"
    """The zone of a time that the gateway sends without one (gateways before 10.19)."""
    pacing: PacingLimits = field(default_factory=PacingLimits)

    @property
    def orders_allowed(self) -> bool:
        return not (self.read_only or self.dry_run)
