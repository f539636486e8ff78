"""What a planted fault needs before it can show: a cheap look at a seed's plan.

A seed whose plan lacks it is counted as one that did not find the fault, and is not run: a count of seeds that is told is
never too small by that. A need that asks too much makes the count larger, not smaller.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.swarm import Fault, Plan, signal_times

Need = Callable[[Plan], bool]
AWAY = (
    *("partition", "freeze", "reset", "drop_socket", "half_open", "accept_then_close", "restart", "outage"),
)
"""The line between bot and broker breaks, and comes back."""
ENDS = ("kill", "power_loss", "redeploy", "change_settings")
"""A process of the bot ends, and another begins."""


def always(_: Plan) -> bool:
    return True


def after_signal(*names: str, low_s: float = -30.0, high_s: float = 600.0, **how: object) -> Need:
    """One of these, from ``low_s`` to ``high_s`` after a signal; ``how`` are values that it must have."""

    def holds(plan: Plan) -> bool:
        return any(
            low_s <= fault.at_s - at_s <= high_s
            for fault in _of(plan, names)
            if all(fault.how.get(key) == value for key, value in how.items())
            for at_s in signal_times(plan)
        )

    return holds


def before_signal(*names: str, least: float = 0.0) -> Need:
    """One of these begins at most ten minutes before a signal, and whatever it moves it moves by ``least``."""

    def holds(plan: Plan) -> bool:
        return any(
            0.0 <= at_s - fault.at_s <= 600.0 and abs(fault.how.get("seconds", least)) >= least
            for fault in _of(plan, names)
            for at_s in signal_times(plan)
        )

    return holds


def first_then(first: tuple[str, ...], then: tuple[str, ...], signal: bool = True, **how: object) -> Need:
    """One of the first, within ten minutes one of the others, and (``signal``) a signal after both."""

    def holds(plan: Plan) -> bool:
        return any(
            0.0 <= later.at_s - sooner.at_s <= 600.0
            and (not signal or any(at_s > later.at_s + 60 for at_s in signal_times(plan)))
            for sooner in _of(plan, first)
            if all(sooner.how.get(key) == value for key, value in how.items())
            for later in _of(plan, then)
        )

    return holds


def poor(most: int, least: int = 0) -> Need:
    """An account of so many dollars."""
    return lambda plan: least <= plan.equity <= most


def through_the_open(plan: Plan) -> bool:
    return plan.start == "09:25"


def wide(plan: Plan) -> bool:
    """Many contracts around the money."""
    return int(plan.variables.get("MARKET_DATA__STRIKES_EACH_SIDE", "1")) >= 4


def both(*needs: Need) -> Need:
    return lambda plan: all(need(plan) for need in needs)


def _of(plan: Plan, names: tuple[str, ...]) -> list[Fault]:
    return [fault for fault in plan.faults if fault.do in names]
