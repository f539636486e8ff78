"""How patient execution is: every waiting time and bound in one place, in seconds of the line's own clock.

Rule: frozen values, no logic beyond stretching; whoever reads the settings makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import TypeVar

from bot.domain.types import Symbol

_T = TypeVar("_T", "ExecutionLimits", "WatcherLimits")


def _scaled(limits: _T, factor: float) -> _T:
    """The same waits in real seconds when the line's clock runs ``factor`` times faster."""
    waits = {f.name: getattr(limits, f.name) * factor for f in fields(limits) if f.name.endswith("_s")}
    return replace(limits, **waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionLimits:
    """The order manager's waits.

    answer_s            an order or a cancel unanswered for this long makes the order manager ask for a snapshot
    settle_s            an unanswered order missing from a snapshot asked for this much later never arrived
    fill_wait_s         a status counted a fill whose execution has not come: ask
    snapshot_retry_s    an unanswered snapshot request is repeated
    snapshot_gap_s      the least time between two requests; doubles for a question that stays open, up to backoff_max_s
    snapshot_every_s    a routine look at the broker while nothing is in doubt
    entry_grace_s       an entry that nobody cancels ends at the broker so long after its time is up
    inactive_wait_s     an inactive order that was cancelled and says nothing more counts as ended
    market_rung         from this step of the exit escalation on a new closing order is a market order, and a moved one
                        goes as far below the bid as max_slip allows
    forced_step         from this step on a live limit order is given up for a market order, its stop with it
    market_rests_s      a market order that nobody takes for so long gives way to a limit that stays at the broker
    ticks_per_rung      how far each step goes below the bid (above the ask for a short)
    max_slip            the escalation's limit never lies further from the bid than this part of it (price collars)
    stop_trigger        IB's number of what sets a stop off (Order.trigger_method)
    stop_limit_pct      a stop sells at this part of its trigger below it or better; None: at the market
    symbols             strangers' orders and positions in these underlyings are mismatches; None: in all
    """

    answer_s: float = 3.0
    settle_s: float = 5.0
    fill_wait_s: float = 2.0
    snapshot_retry_s: float = 10.0
    snapshot_gap_s: float = 1.0
    snapshot_every_s: float = 300.0
    backoff_max_s: float = 60.0
    entry_grace_s: float = 60.0
    inactive_wait_s: float = 3.0
    market_rung: int = 3
    forced_step: int = 6
    market_rests_s: float = 45.0
    ticks_per_rung: int = 1
    max_slip: float = 0.1
    stop_trigger: int = 0
    stop_limit_pct: Decimal | None = None
    symbols: frozenset[Symbol] | None = None

    def scaled(self, factor: float) -> ExecutionLimits:
        return _scaled(self, factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherLimits:
    """The watcher's waits.

    repair_grace_s      a gap must outlive this, and a snapshot, before protection is replaced
    repair_wait_s       how long one repair may take before the next attempt
    max_repairs         attempts before the position is closed instead
    repair_limit_s      a gap as old as this closes the position, whatever the attempts
    blind_s             with no snapshot to be had for this long, a gap is taken as confirmed
    rung_s              the time one step of the exit escalation is given; doubles beyond the last, up to backoff_max_s
    look_s              how long a step waits for a fresh snapshot before it is taken without one
    last_step           beyond this step the escalation only repeats itself
    quote_fresh_s       an older bid is no bid
    stop_limit_wait_s   a stop's limit that the market has passed for so long gives way to the market …
    passed_step         … by this step of the escalation, which is the desk's ``forced_step``
    sibling_grace_s     how long the broker may take to end the orders of a position that is gone
    cancel_retry_s      how often such an order is cancelled again
    clock_tolerance_s   a deadline counts by the broker's clock once that is further than this from ours
    early_close_s       on a day that IB ends earlier than our calendar, what was to be gone today is gone so long before
    overdue_s           a position that should have been gone for so long is told
    shut_retry_s        while the market is closed, attempts to protect come ever more rarely, down to one in this time
    commission_wait_s   how long a closed trade waits for its commission reports
    snapshot_*          as for the desk
    """

    repair_grace_s: float = 1.0
    repair_wait_s: float = 4.0
    max_repairs: int = 2
    repair_limit_s: float = 15.0
    blind_s: float = 30.0
    rung_s: float = 4.0
    look_s: float = 5.0
    last_step: int = 3
    quote_fresh_s: float = 120.0
    stop_limit_wait_s: float = 5.0
    passed_step: int = 6
    sibling_grace_s: float = 2.0
    cancel_retry_s: float = 10.0
    commission_wait_s: float = 10.0
    clock_tolerance_s: float = 10.0
    early_close_s: float = 600.0
    overdue_s: float = 30.0
    shut_retry_s: float = 1800.0
    snapshot_retry_s: float = 10.0
    snapshot_gap_s: float = 1.0
    backoff_max_s: float = 60.0
    settle_s: float = 5.0

    def scaled(self, factor: float) -> WatcherLimits:
        return _scaled(self, factor)
