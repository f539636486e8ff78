"""A parcel on its way to a Dask cluster's workers: the scheduler keeps it, and hands it to each worker once, to one that joins
later or starts again before its first combination.

Rule: a combination's task names its parcel and never holds it. Data that are scattered are sent again as soon as Dask has
thinned out their copies between two rounds, and are lost with the last worker that had them.
"""

from __future__ import annotations

from distributed import WorkerPlugin, get_worker

from bot.backtest.sweep.parcel import Parcel, run_parcel
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Trial
from bot.domain.errors import FixTheMachine


class DataDelivery(WorkerPlugin):
    """What each worker has of a sweep. The name is the content's: a sweep that was killed and goes on sends nothing again."""

    idempotent = True

    def __init__(self, parcel: Parcel) -> None:
        self.name = name_of(parcel)
        self.parcel = parcel


def name_of(parcel: Parcel) -> str:
    """What a worker finds the parcel by."""
    return f"ibkr-bot-sweep-{parcel.mark}"


def run_delivered(name: str, changes: Changes) -> Trial:
    """Play one combination on a worker, with what it was handed. FixTheMachine where another sweep took that away."""
    found = get_worker().plugins.get(name)
    if not isinstance(found, DataDelivery):
        raise FixTheMachine(
            "another sweep over the same days has ended on this scheduler, and took the data with it; "
            "the same command goes on"
        )
    return run_parcel(found.parcel, changes)
