"""Time that waits for its clients, over TCP, with a client that knows nothing of the bot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.session import session_on
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from bot.sim.world.steps import LONGEST_CLOSED_STEP, LONGEST_STEP, next_step
from tests.sim.desk import DAY
from tests.sim.server.test_gateway_sockets import Caller

pytestmark = pytest.mark.line

SESSION = session_on(DAY)
assert SESSION is not None
OPEN = SESSION.open


@pytest.fixture
def gateway() -> Iterator[SimGatewayThread]:
    with SimGatewayThread(recorded_world(["SPY"], DAY), is_paced=True) as running:
        yield running


def let_go_on(*callers: Caller) -> datetime:
    """Every one of them asks for the time, then the answers are read."""
    for caller in callers:
        caller.say("reqCurrentTime")
    times = {datetime.fromtimestamp(caller.hear("currentTime").time, UTC) for caller in callers}
    assert len(times) == 1
    return times.pop()


def all_paced(*callers: Caller) -> datetime:
    """Each of them has asked once, so that the market waits for every one from here on.

    Who has never asked is not waited for: on a slow machine the one that asks first is answered before the next is heard.
    """
    for number, newcomer in enumerate(callers):
        newcomer.say("reqCurrentTime")
        if number:
            newcomer.say("reqIds", numIds=1)
            newcomer.hear("nextValidId")
        now = let_go_on(*callers[:number]) if number else None
        answered = datetime.fromtimestamp(newcomer.hear("currentTime").time, UTC)
        assert now in (None, answered)
    return answered


def test_time_stands_still_until_a_client_asks_for_it_and_then_takes_one_step(
    gateway: SimGatewayThread,
) -> None:
    caller, start = Caller(gateway.port), gateway.now
    caller.say("reqIds", numIds=1)
    caller.hear("nextValidId")
    assert gateway.now == start

    first, second = let_go_on(caller), let_go_on(caller)

    assert (first, second) == (start + LONGEST_CLOSED_STEP, start + 2 * LONGEST_CLOSED_STEP)
    assert gateway.now == second


def test_the_answer_comes_behind_everything_that_happened_in_the_step(gateway: SimGatewayThread) -> None:
    caller = Caller(gateway.port)
    stock = gateway.ask(lambda core: core.world.market.stocks["SPY"].con_id)
    contract = gateway.ask(lambda core: core.world.contract(stock))
    assert contract is not None
    while let_go_on(caller) < OPEN:
        pass
    caller.say(
        "reqMktData", reqId=7, conId=stock, symbol="SPY", secType="STK", exchange="SMART", currency="USD"
    )
    caller.say("reqCurrentTime")

    caller.read_until(lambda: any(getattr(event, "kind", "") == "currentTime" for event in caller.events))

    kinds = [getattr(event, "kind", "") for event in caller.events]
    assert "tickPrice" in kinds
    assert kinds.index("tickPrice") < kinds.index("currentTime") == len(kinds) - 1


def test_the_market_waits_for_the_slowest_of_its_clients(gateway: SimGatewayThread) -> None:
    quick, slow = Caller(gateway.port, 1), Caller(gateway.port, 2)
    start = all_paced(quick, slow)

    quick.say("reqCurrentTime")
    quick.say("reqIds", numIds=1)
    quick.hear("nextValidId")
    assert gateway.now == start

    slow.say("reqCurrentTime")
    assert datetime.fromtimestamp(quick.hear("currentTime").time, UTC) == start + LONGEST_CLOSED_STEP


def test_a_client_that_never_asks_and_one_that_has_left_are_not_waited_for(gateway: SimGatewayThread) -> None:
    paced, silent, leaving = (Caller(gateway.port, number) for number in (1, 2, 3))
    start = all_paced(paced, leaving)

    leaving.socket.close()

    assert let_go_on(paced) == start + LONGEST_CLOSED_STEP
    silent.say("reqIds", numIds=1)
    silent.hear("nextValidId")


def test_while_the_door_is_shut_time_goes_on_by_itself_until_it_opens(gateway: SimGatewayThread) -> None:
    caller = Caller(gateway.port)
    start = let_go_on(caller)

    gateway.faults.refuse(seconds=120)
    later = Caller.when_open(gateway.port)

    assert let_go_on(later) >= start + timedelta(seconds=120)


def test_a_step_ends_on_a_whole_second_at_the_next_thing_that_happens() -> None:
    world = recorded_world(["SPY"], DAY, start=OPEN - timedelta(seconds=20, microseconds=1))
    ends = []
    while world.now < OPEN + timedelta(seconds=20):
        world.advance_to(next_step(world))
        ends.append((world.now - OPEN).total_seconds())

    assert ends == [0, 5, 10, 15, 20]
    assert timedelta(seconds=5) == LONGEST_STEP
