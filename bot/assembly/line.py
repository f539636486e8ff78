"""One line: its parts put together over an open journal, run by the supervisor from start to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bot.actors.clock import STEADY, real_now
from bot.actors.runtime import settle, waiting
from bot.actors.supervisor import Parts, Supervisor
from bot.assembly.day_picture import with_the_day
from bot.assembly.halt_file import HaltFile
from bot.assembly.machines import make_machines
from bot.assembly.nightly_books import NightlyBooks
from bot.assembly.outside import Outside
from bot.assembly.port import make_broker, make_port
from bot.assembly.slow_disk import judge_disk, tell_of_disk
from bot.assembly.timing import Hooks, Timing
from bot.build import build_id
from bot.config import hand_down
from bot.config.deciding import deciding
from bot.domain import messages as m
from bot.domain.session import NEW_YORK, midnight
from bot.journal.listener import JournalListener
from bot.journal.recover import restore_state
from bot.journal.store import Journal
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.events import REMEMBERED, UNPROTECTED_AFTER, Alerts
from bot.ops.alerts.reach import OUT_OF_REACH_AFTER
from bot.ops.page.day_record import DAY_KINDS, DayRecorder
from bot.ops.page.feed import Recorded
from bot.ops.page.verdict import verdict
from bot.ops.process.clock_steps import ClockStepWatch
from bot.ops.process.collector import QuietCollector
from bot.ops.process.control_socket import ControlServer
from bot.ops.process.operator import Operator, as_json
from bot.ops.process.systemd import Notifier
from bot.ops.status.status import Status
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import ALERTS, BOARD, JOURNAL, Machine

if TYPE_CHECKING:
    from bot.config import Settings


def run_line(
    settings: Settings, timing: Timing, hooks: Hooks, journal: Journal, outside: Outside, *, is_restart: bool
) -> m.MachineFailed | None:
    """Assemble one line over the recovered journal, and start it, wait, stop it. What it failed of, else None."""
    board = StatusBuilder(settings.symbols, _log_event)
    alerts = _make_alerts(settings, journal, outside, timing.time_scale, is_restart=is_restart)
    recorder = _recorder(journal, timing.now())
    machines: dict[str, Machine] = {JOURNAL: JournalListener(journal), ALERTS: alerts}
    machines |= {BOARD: Recorded(board, recorder)} | make_machines(settings, timing.time_scale)
    is_over = partial(hooks.shown_is_over, lambda: board.status)
    directory, notifier, collector = journal.path.parent, Notifier(), QuietCollector()
    books = NightlyBooks(journal, outside.alerts.put, is_on=timing.stepped is None)
    halt_file = HaltFile(directory, lambda reason, by: operator.halt(reason, by))
    parts = _parts(settings, timing, journal, outside, machines, is_over)
    supervisor = Supervisor(replace(parts, before_broker=halt_file.obey))
    outside.metrics.watch(lambda: board.status, lambda: waiting(supervisor.line))
    outside.page.watch(lambda: board.status, recorder.picture, lambda: outside.alerts.failures)
    operator = Operator(
        lambda: board.status,
        supervisor.line.emit,
        lambda: settle(supervisor.line),
        timing.now,
        beside=lambda: _beside(board.status, outside, settings.monitoring.page_address),
    )
    steps = ClockStepWatch(
        timing.now, lambda: STEADY.step_s, lambda: _offset_s(board.status), STEADY.follow_the_wall
    )

    def meanwhile() -> None:
        outside.metrics.beat()
        collector.beat(timing.now(), is_settled=board.status.is_reconciled)
        books.beat(timing.now())
        for order in steps.beat() if timing.now is real_now else ():
            supervisor.line.emit(order)
        if outside.heartbeat is not None:
            outside.heartbeat.beat(board.status)
        halt_file.obey()
        if timing.stepped is None:  # in lock-step time waits for the disk, and a slow one changes no trade
            judge_disk(journal.take_slowest_s(), outside, operator)
        _notify(notifier, board.status)
        if timing.stepped is None and is_over():
            supervisor.request_stop("session over")

    outside.signals.subscribe(supervisor.request_stop)
    ends = (collector.end, books.end)
    supervisor.run(hooks.every_s, meanwhile, lambda _: _controlled(directory, operator, notifier, ends))
    hooks.show(board.status)
    return supervisor.failed


def _beside(status: Status, outside: Outside, page: str | None) -> dict[str, object]:
    """What `status` tells beside the line's own picture."""
    failures = dict(outside.alerts.failures)
    return {"alert_failures": failures, "verdict": as_json(verdict(status)), "page": page}


def _offset_s(status: Status) -> float | None:
    pulse = status.figures.pulse
    return None if pulse is None else pulse.clock_offset_s


@contextmanager
def _controlled(
    directory: Path, operator: Operator, notifier: Notifier, ends: Iterable[Callable[[], None]]
) -> Iterator[None]:
    """The control socket, for as long as the line runs."""
    control = ControlServer(directory, operator.answer)
    try:
        yield
    finally:
        notifier.stopping()
        for end in ends:
            end()
        control.close()


def _log_event(at: datetime, text: str) -> None:
    """Bot time, as New York's clock: in a simulated day it is another than the line's own."""
    logger.info("{:%H:%M:%S} New York: {}", at.astimezone(NEW_YORK), text)


def _recorder(journal: Journal, now: datetime) -> DayRecorder:
    """The day as far as the journal knows it: a restart in mid-session draws on where it was."""
    recorder = DayRecorder()
    recorder.catch_up(row.message for row in journal.rows(DAY_KINDS, journal.seq_before(midnight(now))))
    return recorder


def _parts(
    settings: Settings,
    timing: Timing,
    journal: Journal,
    outside: Outside,
    machines: Mapping[str, Machine],
    is_over: Callable[[], bool],
) -> Parts:
    """The line's parts, once the machines have their memory back."""
    metrics = outside.metrics
    remembered = restore_state(journal, machines)
    logger.info("start: build {}, {} rows remembered from {}", build_id(), remembered, journal.path)
    first_message = m.LineStarted(
        timing.now(), build_id(), settings.mode, settings.dry_run, settings.symbols, deciding(settings)
    )
    broker = make_broker(settings, journal, timing, outside.pacers)
    return Parts(
        machines={name: metrics.timed(name, machine) for name, machine in machines.items()},
        port=metrics.timed_port(make_port(settings, journal, timing, broker)),
        commit=journal.commit,
        commit_all=journal.commit_all,
        disk_waits_s=lambda: journal.waits_s,
        slow_disk=partial(tell_of_disk, outside),
        record=journal.record,
        now=timing.now,
        tick_s=timing.tick_s,
        first_message=first_message,
        pace=None if timing.stepped is None else broker,
        is_over=is_over,
    )


def _make_alerts(
    settings: Settings, journal: Journal, outside: Outside, time_scale: float, *, is_restart: bool
) -> Alerts:
    limits = hand_down.lasting_limits(settings)
    alerts = Alerts(
        with_the_day(outside.alerts.put, outside.page.document),
        lasting=None if limits is None else LastingConditions(limits.scaled(time_scale)),
        is_restart=is_restart,
        unprotected_after=UNPROTECTED_AFTER * time_scale,
        out_of_reach_after=OUT_OF_REACH_AFTER * time_scale,
    )
    alerts.catch_up(row.message for row in journal.living(REMEMBERED))
    return alerts


def _notify(notifier: Notifier, status: Status) -> None:
    if status.is_reconciled:
        notifier.ready()
    notifier.alive()
    held = sum(1 for bracket in status.open_brackets if bracket.quantity)
    notifier.status(f"{status.trading_state} {' '.join(status.causes)}, {held} positions")
