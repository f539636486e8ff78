"""The composition root: the only place that knows every part. Recover → start in order → wait → stop in reverse → exit code.

A line that fails is built anew from the journal, through this same path; the third failure within ten minutes latches
a halt on disk and ends the process, so that systemd, and a person, take over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from loguru import logger

from bot.actors.clock import Now
from bot.actors.runtime import Line, settle, waiting
from bot.actors.signals import StopSignals
from bot.actors.supervisor import SUPERVISOR, Ending, Parts, Supervisor
from bot.broker.dry_run import DryRunPort
from bot.broker.ibkr import IbkrBroker
from bot.build import build_id
from bot.config import Settings, hand_down
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.errors import FixTheMachine
from bot.domain.market import Quote
from bot.domain.port import BrokerPort
from bot.domain.session import new_york_day
from bot.domain.types import ConId, Direction, Symbol
from bot.execution.order_manager import OrderManager
from bot.execution.watcher import OcoWatcher
from bot.journal.listener import JournalListener
from bot.journal.recover import open_journal, order_id_floor, restore_state
from bot.journal.store import Journal
from bot.market_data.machine import MarketData
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.events import REMEMBERED, Alert, Alerts, Severity
from bot.ops.alerts.outbox import DeliveryPolicy
from bot.ops.alerts.queue import AlertQueue, Channel
from bot.ops.metrics.endpoint import Metrics
from bot.ops.metrics.family import Constants
from bot.ops.process.control_socket import ControlServer, forget_halt, take_halt
from bot.ops.process.heartbeat import Heartbeat
from bot.ops.process.instance_lock import InstanceLock
from bot.ops.process.logs import start_logging
from bot.ops.process.operator import Operator
from bot.ops.process.systemd import Notifier
from bot.ops.status.status import Status
from bot.ops.status.status_builder import StatusBuilder
from bot.risk.adoption import plan_of
from bot.risk.machine import RiskMachine
from bot.selection.choose import SelectionRules, choose_contract
from bot.selection.no_contract import NoContract
from bot.strategies.registry import make_strategies
from bot.strategies.symbol import Chosen, Mode, SymbolStrategy, Unfit
from bot.wiring import ALERTS, BOARD, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK, Machine

JOURNAL_FILE = "journal.db"
FAILURES_ALLOWED = 3
FAILURE_WINDOW = timedelta(minutes=10)
LAST_ALERTS_S = 8.0
"""How long a process that ends waits for its last alerts to leave."""
HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Timing:
    """The line's clock. ``speed`` is bot seconds a real second: 1 but for simulated days."""

    now: Now
    speed: float = 1.0

    @property
    def tick_s(self) -> float:
        """Real seconds between two TimePassed: a second of bot time, as far as the machine can keep up."""
        return min(1.0, max(0.02, 2.0 / self.speed))

    @property
    def time_scale(self) -> float:
        """Threads and sockets do not get faster with the clock, so waits are scaled where it runs fast."""
        return max(1.0, self.speed / 10)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller wants to see of a run. ``is_over`` ends it, as a person's Ctrl-C would."""

    show: Callable[[Status], None]
    is_over: Callable[[Status], bool] = lambda _: False
    every_s: float = 0.2


def choose(
    rules: Mapping[str, SelectionRules],
    strategy: str,
    direction: Direction,
    contracts: tuple[Contract, ...],
    quotes: Mapping[ConId, Quote],
    spot: float | None,
    at: datetime,
) -> Chosen | Unfit:
    """Selection as the strategies' machine wants it; ``rules`` by the strategy's name."""
    found = choose_contract(direction, spot, contracts, quotes, new_york_day(at), rules[strategy])
    if isinstance(found, NoContract):
        return Unfit(found.code.upper(), found.numbers)
    return Chosen(found.contract, found.quote)


def make_machines(settings: Settings, time_scale: float) -> dict[str, Machine]:
    """Every machine of the line but the listeners, fresh and without memory."""
    limits, session = hand_down.risk_limits(settings).scaled(time_scale), hand_down.session_rules(settings)
    if time_scale > 1:
        # On a fast clock both sides read one ScaledTime: what looks like an offset is the time a message took.
        limits = replace(limits, max_clock_skew_s=None)
    watch = hand_down.market_data_limits(settings)
    watch = replace(
        watch,
        bars_stale_after_s=watch.bars_stale_after_s * time_scale,
        quotes_stale_after_s=watch.quotes_stale_after_s * time_scale,
        late_bar_after_s=watch.late_bar_after_s * time_scale,
    )
    machines: dict[str, Machine] = {
        OCO_WATCHER: OcoWatcher(hand_down.watcher_limits(settings).scaled(time_scale)),
        EXECUTION: OrderManager(
            hand_down.execution_limits(settings).scaled(time_scale), partial(plan_of, limits, session)
        ),
        RISK: RiskMachine(limits, session, hand_down.account_rule(settings)),
        MARKET_DATA: MarketData(settings.symbols, watch, hand_down.expiry_rules(settings)),
    }
    for symbol in settings.symbols:
        machines[f"strategy:{symbol}"] = make_strategy(settings, symbol)
    return machines


def make_strategy(settings: Settings, symbol: Symbol) -> SymbolStrategy:
    strategies = make_strategies(symbol, hand_down.strategy_parameters(settings))
    chooser = partial(choose, hand_down.option_rules(settings))
    return SymbolStrategy(symbol, strategies, Mode(settings.mode), chooser)


def make_port(settings: Settings, journal: Journal, timing: Timing) -> BrokerPort:
    """IBKR over ib_insync; in a dry run with an exchange of our own in front that lets no order through."""
    broker = replace(hand_down.broker_settings(settings), order_id_floor=order_id_floor(journal) + 1)
    port: BrokerPort = IbkrBroker(broker, now=timing.now, speed=timing.speed)
    if not settings.dry_run:
        return port
    # Only a dry run carries the exchange.
    from bot.sim.loopback.dry_run_journal import REMEMBERED as REMEMBERED_BY_A_DRY_RUN
    from bot.sim.loopback.loopback import DryRunExchange

    exchange = DryRunExchange()
    for row in journal.rows(REMEMBERED_BY_A_DRY_RUN):
        exchange.remember(row.message)
    return DryRunPort(port, exchange, timing.now)


def run(settings: Settings, timing: Timing, hooks: Hooks) -> int:
    """Run until a signal, an unrecoverable failure or ``hooks.is_over``; the process's exit code."""
    with StopSignals() as signals:
        return _run_alone(settings, timing, hooks, signals)


def _run_alone(settings: Settings, timing: Timing, hooks: Hooks, signals: StopSignals) -> int:
    directory = settings.journal.directory
    lock = InstanceLock(directory, settings.broker.client_id)
    try:
        logs = settings.journal
        start_logging(
            logs.log_directory,
            logs.log_level,
            settings.secrets(),
            retention_days=logs.log_retention_days,
        )
        channels = open_channels(hand_down.alert_addresses(settings))
        with (
            _measured(settings, timing, [*(kind for kind, _ in channels), HEARTBEAT]) as metrics,
            _heard(settings, channels, metrics, signals) as outside,
        ):
            return _run_lines(settings, timing, hooks, directory, outside)
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class Outside:
    """How the process is heard outside, and told to stop from there, from its first line to its last."""

    metrics: Metrics
    alerts: AlertQueue
    heartbeat: Heartbeat | None
    signals: StopSignals


@contextmanager
def _heard(
    settings: Settings, channels: list[Channel], metrics: Metrics, signals: StopSignals
) -> Iterator[Outside]:
    """Alerts and heartbeat; what waits when the process ends is sent first."""
    url, trading = settings.monitoring.heartbeat_url, settings.broker.trading
    heartbeat = None
    if url is not None:
        heartbeat = Heartbeat(
            url.get_secret_value(),
            settings.schedule.interval_seconds,
            lambda is_delivered: metrics.note_notification(HEARTBEAT, is_delivered=is_delivered),
        )
    alerts = AlertQueue(
        channels,
        manners=DeliveryPolicy(per_minute=settings.monitoring.max_alerts_per_minute),
        prefix="" if trading == "live" else f"[{trading}] ",
        secrets=settings.secrets(),
        note=lambda kind, is_delivered: metrics.note_notification(kind, is_delivered=is_delivered),
    )
    try:
        yield Outside(metrics, alerts, heartbeat, signals)
    finally:
        if heartbeat is not None:
            heartbeat.close()
        alerts.close(LAST_ALERTS_S)


@contextmanager
def _measured(settings: Settings, timing: Timing, channels: list[str]) -> Iterator[Metrics]:
    """The metrics' endpoint, for as long as the process trades."""
    metrics = Metrics(
        Constants(
            limits=hand_down.risk_limits(settings),
            session=hand_down.session_rules(settings),
            channels=tuple(channels),
            trading=settings.broker.trading,
            settings_id=sha256(settings.model_dump_json().encode()).hexdigest()[:12],
            clock_speed=timing.speed,
        )
    )
    close: Callable[[], None] = lambda: None  # noqa: E731  nothing to close is a function too
    try:
        if settings.monitoring.metrics_enabled:
            close = metrics.serve(settings.monitoring.metrics_host, settings.monitoring.metrics_port)
    except FixTheMachine as error:
        if settings.broker.trading != "simulated":
            raise
        logger.warning("{}; this simulated day is not measured", error)
    try:
        yield metrics
    finally:
        close()


def _run_lines(settings: Settings, timing: Timing, hooks: Hooks, directory: Path, outside: Outside) -> int:
    failures: list[datetime] = []
    while True:
        journal, repair = open_journal(directory / JOURNAL_FILE, timing.now)
        if repair is not None:
            logger.warning("{}", repair)
            title = "Halted: the journal was damaged"
            outside.alerts.put(
                Alert(f"journal:{repair.set_aside.name}", Severity.CRITICAL, title, f"{repair}")
            )
        try:
            failed = _run_line(settings, timing, hooks, journal, outside, is_restart=bool(failures))
            if failed is None:
                return 0
            _tell_failure(failed, outside)
            if failed.component == SUPERVISOR:
                return 1  # what hangs might wake up beside the next line: only a new process is safe
            if outside.signals.wanted:
                return 0
            failures = [at for at in failures if failed.at - at < FAILURE_WINDOW * timing.time_scale] + [
                failed.at
            ]
            if len(failures) >= FAILURES_ALLOWED:
                journal.commit(m.Halted(timing.now(), "repeated_failure", failed.error, "supervisor"))
                logger.critical("halted after {} failures; resume when the cause is mended", len(failures))
                title = f"Halted: {len(failures)} failures in a row, the bot has ended"
                outside.alerts.put(Alert("repeated_failure", Severity.CRITICAL, title, failed.error))
                return 1
        finally:
            journal.close()


def _tell_failure(failed: m.MachineFailed, outside: Outside) -> None:
    outside.metrics.note_failure(
        failed.component, is_journal=failed.error.startswith("FixTheMachine: journal")
    )
    logger.error("{} failed: {} while handling {}", failed.component, failed.error, failed.message)
    title = f"{failed.component} failed; the line starts anew"
    body = f"{failed.error}; positions keep their stops at the broker"
    outside.alerts.put(Alert(f"line_failed:{failed.at.isoformat()}", Severity.CRITICAL, title, body))


def _run_line(
    settings: Settings,
    timing: Timing,
    hooks: Hooks,
    journal: Journal,
    outside: Outside,
    *,
    is_restart: bool,
) -> m.MachineFailed | None:
    metrics = outside.metrics
    board = StatusBuilder(settings.symbols, lambda at, text: logger.info("{:%H:%M:%S} {}", at, text))
    alerts = _make_alerts(settings, journal, outside, timing.time_scale, is_restart=is_restart)
    machines: dict[str, Machine] = {JOURNAL: JournalListener(journal), BOARD: board, ALERTS: alerts}
    machines |= make_machines(settings, timing.time_scale)
    supervisor = Supervisor(_parts(settings, timing, journal, metrics, machines))
    metrics.watch(lambda: board.status, lambda: waiting(supervisor.line))
    operator = Operator(
        lambda: board.status,
        supervisor.line.emit,
        lambda: settle(supervisor.line),
        timing.now,
        beside=lambda: {"alert_failures": dict(outside.alerts.failures)},
    )
    directory = journal.path.parent
    notifier = Notifier()

    def meanwhile() -> None:
        metrics.beat()
        if outside.heartbeat is not None:
            outside.heartbeat.beat(board.status)
        _obey_halt_file(directory, operator)
        _notify(notifier, board.status)
        hooks.show(board.status)
        if hooks.is_over(board.status):
            supervisor.request_stop("session over")

    @contextmanager
    def around(_: Line) -> Iterator[None]:
        control = ControlServer(directory, operator.answer)
        try:
            yield
        finally:
            notifier.stopping()
            control.close()

    outside.signals.tell(supervisor.request_stop)
    ending = supervisor.run(hooks.every_s, meanwhile, around)
    hooks.show(board.status)
    return supervisor.failed if ending is Ending.FAILED else None


def _parts(
    settings: Settings, timing: Timing, journal: Journal, metrics: Metrics, machines: Mapping[str, Machine]
) -> Parts:
    """The line's parts, once the machines have their memory back."""
    remembered = restore_state(journal, machines)
    logger.info("start: build {}, {} rows remembered from {}", build_id(), remembered, journal.path)
    first_words = m.LineStarted(timing.now(), build_id(), settings.mode, settings.dry_run, settings.symbols)
    return Parts(
        machines={name: metrics.timed(name, machine) for name, machine in machines.items()},
        port=metrics.timed_port(make_port(settings, journal, timing)),
        commit=journal.commit,
        record=journal.record,
        now=timing.now,
        tick_s=timing.tick_s,
        first_words=first_words,
    )


def _make_alerts(
    settings: Settings, journal: Journal, outside: Outside, time_scale: float, *, is_restart: bool
) -> Alerts:
    limits = hand_down.lasting_limits(settings)
    alerts = Alerts(
        outside.alerts.put,
        lasting=None if limits is None else LastingConditions(limits.scaled(time_scale)),
        is_restart=is_restart,
    )
    alerts.catch_up(row.message for row in journal.rows(REMEMBERED))
    return alerts


def _obey_halt_file(directory: Path, operator: Operator) -> None:
    left = take_halt(directory)
    if left is not None:
        operator.halt(*left)
        forget_halt(directory)


def _notify(notifier: Notifier, status: Status) -> None:
    if status.is_reconciled:
        notifier.ready()
    notifier.alive()
    held = sum(1 for bracket in status.open_brackets if bracket.quantity)
    notifier.status(f"{status.trading_state} {' '.join(status.causes)}, {held} positions")
