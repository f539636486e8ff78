"""A sweep's data on their way to a Dask cluster's workers, and who of them can play: the scheduler keeps the data, and hands them
to each worker once, to one that joins later or starts again before its first combination, and lets go of them with the sweep.

Rule: a combination's task names its delivery and never holds it. Data that are scattered are sent again as soon as Dask has
thinned out their copies between two rounds, and are lost with the last worker that had them.

Rule: what a worker reads before it has shown that it has this very build is a function or class within a function, which Dask
sends as it is, with the data as bytes. What is sent by its name must be there to be read: a worker without this package would
fail its task with a traceback, and one that joins would end at its start.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from distributed import SchedulerPlugin, WorkerPlugin, get_worker

from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Trial, Unplayed

_PREFIX: Final = "ibkr-bot-sweep-"


def name_for(client: str) -> str:
    """What the workers find a sweep's data by. It is the client's own: who ends takes no other sweep's, be they the same days."""
    return f"{_PREFIX}{client}"


def delivery(name: str, packed: bytes) -> WorkerPlugin:
    """What each worker has of a sweep, until that has ended."""

    class Delivery(WorkerPlugin):
        def __init__(self) -> None:
            self.name = name
            self.packed = packed

        def teardown(self, worker: object) -> None:  # noqa: ARG002  Dask's name
            with suppress(ImportError, AttributeError):
                import_module("bot.backtest.sweep.parcel").put_away(self.name)

    return Delivery()


def player() -> Callable[[str, str, Changes], Trial | Unplayed]:
    """What a worker runs: (name of the delivery, build, combination). Who cannot play says so, and is no error."""

    def play(name: str, build: str, changes: Changes) -> Any:
        worker = get_worker()
        try:
            own = import_module("bot.backtest.sweep.build").build_mark()
            parcels = import_module("bot.backtest.sweep.parcel")
        except Exception as error:  # noqa: BLE001  whatever another time's package, or none, has to say
            return changes, worker.address, f"it cannot read ibkr-options-bot ({error})"
        if own != build:
            return changes, worker.address, "it has another build of ibkr-options-bot"
        packed = getattr(worker.plugins.get(name), "packed", None)
        if packed is None:
            return changes, worker.address, "it has lost what it was sent"
        return parcels.run_packed(name, packed, changes)

    return play


def keeper(name: str, client: str) -> Callable[..., Any]:
    """For the scheduler: let go of what sweeps left there that were killed, and of this one's as soon as its client is gone."""
    prefix = _PREFIX

    async def keep(dask_scheduler: Any) -> None:
        async def let_go(one: str) -> None:
            if one in dask_scheduler.worker_plugins:
                await dask_scheduler.unregister_worker_plugin(None, one)

        class Keeper(SchedulerPlugin):
            def remove_client(self, scheduler: Any, client: str) -> None:
                if client == of:
                    scheduler.remove_plugin(name)
                    scheduler.loop.add_callback(let_go, name)

        of = client
        for one in [*dask_scheduler.worker_plugins]:
            if one.startswith(prefix) and one.removeprefix(prefix) not in dask_scheduler.clients:
                await let_go(one)
        dask_scheduler.add_plugin(Keeper(), name=name)

    return keep
