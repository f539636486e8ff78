"""The adapter's parts put together, and its life: connect, synchronise, stay, lose, wait, connect again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from types import ModuleType
from typing import Any

from bot.broker.commands import Commands
from bot.broker.connection.context import BrokerContext
from bot.broker.connection.doubted_loss import DoubtedLoss
from bot.broker.connection.error_codes import CodeEffect, code
from bot.broker.connection.errors import ConnectFailed, NotConnected, RequestTrouble
from bot.broker.connection.library import new_session
from bot.broker.connection.lockstep import LockStep
from bot.broker.connection.pacing import Pacers
from bot.broker.connection.session import BrokerSession, current_time_handler
from bot.broker.connection.settings import BrokerSettings
from bot.broker.connection.steps import Alarms
from bot.broker.connection.system_messages import Repairs, SystemMessages
from bot.broker.data.bar_feed import Bars
from bot.broker.data.contracts import ContractQueries
from bot.broker.data.quote_feed import Quotes
from bot.broker.data.subscriptions import BarLine, QuoteLine, Subscriptions
from bot.broker.orders.account_queries import AccountQueries
from bot.broker.orders.order_events import OrderEvents
from bot.broker.orders.order_evidence import Evidence
from bot.broker.orders.order_sender import Orders
from bot.broker.orders.set_aside import SetAside
from bot.broker.orders.snapshot import Snapshots
from bot.broker.translate.contracts import contract_fields
from bot.domain import broker_messages as b
from bot.domain.clock import SteppedTime
from bot.domain.contract import Contract
from bot.domain.messages import Message

# IBKR Campus, "TWS API: Error Codes"; the gateway then closes the socket.
_CLIENT_ID_IN_USE = 326
_SHORTEST_PULSE_WALL_S = 0.02
_SILENT_ROUNDS = 25
"""Of tests in real time; lock-step counts what is outstanding."""


class Adapter:
    """Made on any thread; everything else happens on the io thread."""

    def __init__(
        self,
        settings: BrokerSettings,
        library: ModuleType,
        now: Callable[[], datetime],
        speed: float,
        publish: Callable[[Message], None],
        failed: Callable[[BaseException], None],
        stepped: SteppedTime | None = None,
        pacers: Pacers | None = None,
    ) -> None:
        link = self._link = BrokerContext(settings, library, now, speed, publish, failed, pacers)
        self._steps = (
            None if stepped is None else LockStep(link, stepped, self._publish_sums, self._publish_pulse)
        )
        if stepped is not None:
            link.alarms = Alarms(now)
        self._port = settings.port
        self._floor = settings.order_id_floor
        self._subs = Subscriptions(settings.line_budget, settings.pacing.open_history, self._make)
        self._contracts = ContractQueries(link)
        self._aside = SetAside(link, self._contracts.is_known, lambda: self._evidence.want_open_orders())
        self._contracts.tell_ambiguous = self._aside.ambiguous
        self._order_events = OrderEvents(link, self._contracts, self._unknown_order, self._aside)
        self._books = AccountQueries(link, self._contracts, self._aside)
        self._order_events.in_dollars = self._books.in_dollars
        self._evidence = Evidence(link, self._books, self._order_events)
        self._orders = Orders(link, self._subs, self._order_events, self._evidence)
        self._quotes = Quotes(link, self._subs)
        self._bars = Bars(link, self._subs, self._flush_heard)
        self._commands = Commands(
            link,
            orders=self._orders,
            quotes=self._quotes,
            bars=self._bars,
            contracts=self._contracts,
            snapshots=Snapshots(link, self._books, self._order_events),
        )
        self._doubt = DoubtedLoss(link, self._ask_anew)
        self._notices = SystemMessages(link, self._repairs())
        self._session: BrokerSession | None = None
        self._published_down = ""
        self._received = 0
        """Messages so far, heartbeats apart."""

    def _make(self, contract: Contract) -> Any:
        return self._link.library.Contract(**contract_fields(contract))

    def _repairs(self) -> Repairs:
        return Repairs(
            resubscribe_all=self._resubscribe_all,
            resubscribe_bars=self._bars.resubscribe,
            reopen_account=lambda: self._spawn(self._open_account),
            move_to_port=self._move_to_port,
            doubt=self._doubt,
        )

    def dispatch(self, command: Message) -> None:
        self._commands.dispatch(command)

    # ── life ──

    async def run(self) -> None:
        """Until it is cancelled."""
        self._link.spawn(self._orders.work())
        if self._steps is None:
            self._link.spawn(self._pulse())
        pause_s = self._link.settings.retry_first_s
        while True:
            try:
                session = await self._connect()
            except (ConnectFailed, RequestTrouble) as trouble:
                self._publish_down(str(trouble))
                pause_s = min(pause_s * 2, self._link.settings.retry_most_s)
            else:
                pause_s = self._link.settings.retry_first_s
                self._publish_down(await self._stay(session))
            # Several bots on one gateway must not come back in step.
            jitter = random.uniform(0.8, 1.2)  # noqa: S311  no secret hangs on it
            await asyncio.sleep(max(self._link.wall_s(pause_s), 0.1) * jitter)

    async def _connect(self) -> BrokerSession:
        """A synchronised session, or an exception that says why not; then nothing is left of it."""
        link = self._link
        ib = new_session(
            link.library,
            self._table(),
            zone=link.settings.gateway_zone,
            on_read=self._on_read,
            on_unreadable=self._unreadable,
            failed=link.failed,
        )
        session = self._session = BrokerSession(link, ib, self._port)
        link.begin_session(ib)
        try:
            await session.open()
            link.account = session.choose_account()
            await self._synchronise(session)
        except BaseException:
            await self._leave(session)
            raise
        return session

    async def _synchronise(self, session: BrokerSession) -> None:
        """Ids above the floor, our open orders by name, then BrokerConnected before anything else is told."""
        link = self._link
        for part in (self._order_events, self._books, self._notices):
            part.start_session()
        link.opening_client.updateReqId(self._floor)
        offset_s = None
        if self._steps is None:
            offset_s = await session.check_pulse()
        else:
            await self._steps.round_trip(while_opening=True)
        alive = []
        self._order_events.is_syncing = True
        try:
            if not link.settings.read_only:  # a read-only gateway refuses even to list them
                alive = await self._books.own_open_orders()
        finally:
            self._order_events.is_syncing = False
        link.open_session(session.connected(link.next_id()))
        if offset_s is not None:
            self._publish_pulse(
                offset_s
            )  # before anything can be due: a clock may have been set while nobody looked
        self._published_down = ""
        for known in alive:
            self._order_events.publish_sighting(known)
            self._order_events.publish_status(
                known, known.status, self._order_events.sighting(known).remaining
            )

    async def _stay(self, session: BrokerSession) -> str:
        self._spawn(self._open_account)
        self._spawn(self._quotes.start_session)
        self._bars.resubscribe()
        if self._steps is not None:
            self._steps.open()
        self._commands.is_connected.set()
        try:
            if self._steps is not None:
                return await session.until_gone()
            return await session.until_lost(self._publish_pulse)
        finally:
            self._commands.is_connected.clear()
            await self._leave(session)

    async def _leave(self, session: BrokerSession) -> None:
        self._floor = max(self._floor, self._link.last_id + 1)
        self._link.end_session()
        if self._steps is not None:
            self._steps.close()
        self._session = None
        self._subs.lose_connection()
        self._link.requests.fail_all(NotConnected())
        await session.close()

    def _publish_pulse(self, offset_s: float) -> None:
        self._link.publish_pulse(offset_s, len(self._subs.quotes))

    def _publish_down(self, reason: str) -> None:
        """Once per reason: a gateway that is away for a night is one piece of news."""
        if reason != self._published_down:
            self._published_down = reason
            self._link.publish(b.BrokerDisconnected(self._link.now(), reason))

    # ── repairs ──

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        async def unless_disconnected() -> None:
            with contextlib.suppress(NotConnected):
                await work()

        self._link.spawn(unless_disconnected())

    async def _open_account(self) -> None:
        try:
            await self._books.account()
        except NotConnected:
            raise
        except RequestTrouble as trouble:
            told = RequestTrouble(trouble.code, f"account values and portfolio: {trouble.text}")
            self._link.publish_failure("account", told)

    def _resubscribe_all(self) -> None:
        self._spawn(self._quotes.resubscribe)
        self._bars.resubscribe()

    def _move_to_port(self, port: int) -> None:
        self._port = port

    def _ask_anew(self, why: str) -> None:
        if self._session is not None:
            self._session.end(why)

    def _unknown_order(self, _perm_id: int) -> None:
        if not self._order_events.is_syncing:
            self._evidence.want_open_orders()

    def _unreadable(self, error: BaseException) -> None:
        """A message the library could not decode: it may have been about an order."""
        self._link.publish_failure("unreadable_message", RequestTrouble(0, str(error)))
        self._evidence.want_open_orders()

    # ── what the gateway says ──

    def _table(self) -> dict[str, Callable[..., None]]:
        data = {**self._quotes.table(), **self._bars.table()}
        received = {
            **self._order_events.table(),
            **self._books.table(),
            **self._contracts.table(),
            **{name: self._doubt.watch(handle) for name, handle in data.items()},
            "error": self._error,
        }
        time = (
            {"currentTime": current_time_handler(self._link)} if self._steps is None else self._steps.table()
        )
        return {
            **{name: self._counted(self._aside.guard(name, handle)) for name, handle in received.items()},
            **time,
            "connectionClosed": lambda: None,  # the library would stop blocking calls of every other session
        }

    def _counted(self, handle: Callable[..., None]) -> Callable[..., None]:
        def handle_and_count(*args: Any) -> None:
            self._received += 1
            if self._steps is None:
                handle(*args)
            else:
                self._steps.handle(handle, args)

        return handle_and_count

    def _error(self, subject_id: int, number: int, text: str, *_: object) -> None:
        """An error or a notice, given to whomever its id belongs to."""
        link = self._link
        known = self._orders.of_id(subject_id)
        line = self._subs.of_request(subject_id)
        if link.requests.is_open(subject_id):
            if code(number).effect is not CodeEffect.INFO:
                link.requests.fail(subject_id, RequestTrouble(number, text))
        elif known is not None:
            self._orders.on_error(known, number, text)
        elif isinstance(line, QuoteLine):
            self._quotes.on_error(line, number, text)
        elif isinstance(line, BarLine):
            self._bars.on_error(line, number, text)
        elif subject_id <= 0:
            self._session_error(number, text)

    def _session_error(self, number: int, text: str) -> None:
        if number == _CLIENT_ID_IN_USE and self._session is not None:
            used = self._link.settings.client_id
            self._session.rejection = (
                f"client id {used} is in use by another program ({number}); waiting for it"
            )
        elif code(number).effect is CodeEffect.ASK_BROKER:
            # A refusal that names no request: whatever waits without an id will not be answered.
            for key in self._link.requests.named():
                self._link.requests.fail(key, RequestTrouble(number, text))
            self._notices.handle(number, text)
        else:
            self._notices.handle(number, text)

    def _on_read(self) -> None:
        if self._steps is not None:
            return
        self._books.flush()
        if self._link.settings.quote_interval_s == 0:
            self._quotes.flush()

    async def _pulse(self) -> None:
        """What time alone must bring about."""
        interval_s = self._link.settings.quote_interval_s or 1.0
        while True:
            await asyncio.sleep(max(self._link.wall_s(interval_s), _SHORTEST_PULSE_WALL_S))
            self._quotes.flush()
            self._bars.close_by_clock()

    # ── rest ──

    def _flush_heard(self) -> None:
        self._books.flush()
        self._quotes.flush()

    def _publish_sums(self) -> None:
        """What many messages add up to, once all of them have been received."""
        self._flush_heard()
        self._bars.close_by_clock(all_received=True)

    async def settle(self) -> None:
        """Round trips until one brings nothing but its own answer, and nothing waits to be written, heard or answered."""
        if self._steps is not None:
            await self._steps.settle()
            return
        link, silent = self._link, 0
        while silent < _SILENT_ROUNDS:
            await self._commands.is_connected.wait()
            received, held, asked_behind = self._received, link.waiting, link.sent
            with contextlib.suppress(RequestTrouble):
                await self._round_trip()
            # What left behind the question was written, but its answer does not say that the gateway has heard it.
            is_quiet = self._received == received and not held and link.sent <= asked_behind + 1
            if is_quiet and self._orders.is_idle and not link.requests.count:
                return
            # A gateway that leaves a request unanswered cannot be waited for: its deadline is told as a fact.
            silent = silent + 1 if is_quiet else 0
            await asyncio.sleep(0.002 * silent)

    async def _round_trip(self) -> None:
        if self._session is not None:
            await self._session.check_pulse()
            self._publish_sums()

    # ── lock-step ──

    @property
    def is_connected(self) -> bool:
        """A session is open and told of."""
        return self._commands.is_connected.is_set()

    def is_at_rest(self) -> bool:
        return self._steps is not None and self._steps.is_at_rest

    async def rest(self, commands: list[Message]) -> None:
        """Carry these out, and return when all that came of them was told. At once where there is no connection."""
        for command in commands:
            self.dispatch(command)
        await self.settle()

    async def let_time_go_on(self) -> datetime | None:
        """Raises RuntimeError where time does not go in steps."""
        if self._steps is None:
            raise RuntimeError("time goes on by itself here")
        return await self._steps.let_time_go_on()
