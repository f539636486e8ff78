"""What lock-step rests on: a loop that knows when nothing is left to run, the market's alarms, and nothing outstanding."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.settings import BrokerSettings
from bot.broker.connection.steps import Alarms, RestingLoop
from bot.domain import broker_messages as b
from bot.domain.clock import SteppedTime
from bot.domain.messages import Message
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from bot.sim.world.steps import LONGEST_CLOSED_STEP
from tests.broker.script import TIMEOUT_S, Heard
from tests.live_line.late_wire import LateBroker, Order


@dataclass
class Late:
    broker: LateBroker
    heard: Heard
    gateway: SimGatewayThread
    clock: SteppedTime


AT = datetime(2011, 1, 26, 14, 30, tzinfo=UTC)


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=RestingLoop) as runner:
        runner.run(work)


@given(lengths=st.lists(st.integers(0, 60), max_size=8))
def test_a_loop_is_at_rest_only_when_every_chain_of_wakings_has_come_to_its_end(lengths: list[int]) -> None:
    async def chain(length: int, done: list[int]) -> None:
        if length:
            woken = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(woken.set_result, None)
            await woken
            await asyncio.gather(chain(length - 1, done))
        else:
            done.append(1)

    async def whole() -> None:
        loop, done = asyncio.get_running_loop(), list[int]()
        assert isinstance(loop, RestingLoop)
        chains = [loop.create_task(chain(length, done)) for length in lengths]
        await loop.rest()
        assert len(done) == len(chains)

    run(whole())


def test_a_loop_is_at_rest_while_something_waits_for_the_outside() -> None:
    async def whole() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, RestingLoop)
        waits = [loop.create_task(asyncio.Event().wait()), loop.create_task(asyncio.sleep(3600))]
        await loop.rest()
        assert not any(task.done() for task in waits)
        for task in waits:
            task.cancel()

    run(whole())


def test_alarms_ring_at_their_instant_in_the_order_of_their_setting_and_can_be_taken_back() -> None:
    now, rung = AT, list[str]()
    alarms = Alarms(lambda: now)
    alarms.after(5, partial(rung.append, "late"))
    take_back = alarms.after(1, partial(rung.append, "taken back"))
    alarms.after(2, partial(rung.append, "first"))
    alarms.after(1, partial(rung.append, "second"))
    alarms.after(math.inf, partial(rung.append, "never"))
    take_back()

    now = AT + timedelta(seconds=2)
    alarms.ring()
    alarms.ring()

    assert rung == ["first", "second"]


@pytest.fixture
def late() -> Iterator[Late]:
    """A connected broker in lock-step, whose frames behind a question come to the gateway after the question's answer."""
    world = recorded_world(["SPY"], date(2011, 1, 26))
    with SimGatewayThread(world, is_paced=True) as gateway:
        clock, heard = SteppedTime(world.now), Heard()
        settings = replace(BrokerSettings(), port=gateway.port)
        broker = LateBroker(settings, order=Order.BEHIND_ITS_ANSWER, seed=0, now=clock.now, stepped=clock)
        broker.start(heard.add)
        heard.wait_for(b.BrokerConnected)
        while not broker.is_connected:
            threading.Event().wait(0.01)
        broker.rest()
        yield Late(broker, heard, gateway, clock)
        broker.stop(TIMEOUT_S)


def rest(late: Late, *commands: Message) -> list[Message]:
    """What was told by the time the broker is at rest."""
    before = len(late.heard.all)
    for command in commands:
        late.broker.send(command)
    late.broker.rest()
    return late.heard.all[before:]


@pytest.mark.line
def test_a_broker_rests_when_the_answer_to_what_it_wrote_last_was_told_however_late_that_comes(
    late: Late,
) -> None:
    (stock,) = (
        x.contract for x in rest(late, b.QualifyUnderlying("SPY")) if isinstance(x, b.UnderlyingQualified)
    )

    told = rest(late, b.WatchQuote(stock))

    assert [x.quote.con_id for x in told if isinstance(x, b.QuoteReceived)] == [stock.con_id]
    assert rest(late) == []


@pytest.mark.line
def test_a_request_that_the_gateway_does_not_answer_ends_by_the_markets_time_and_holds_up_nothing(
    late: Late,
) -> None:
    late.gateway.faults.message("contractDetailsEnd", "drop")
    asked_at = late.clock.now()

    assert rest(late, b.QualifyUnderlying("SPY")) == []
    while not late.heard.of(b.UnderlyingQualified):
        late.broker.let_time_go_on().result(TIMEOUT_S)
        late.broker.rest()

    # Its deadline of 15 s falls into the first step of the closed market, and the pause before it is asked again into the second.
    assert late.clock.now() - asked_at == 2 * LONGEST_CLOSED_STEP
