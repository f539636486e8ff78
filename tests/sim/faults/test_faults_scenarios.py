"""Scenario files: what they may say, when it happens, and that the same scenario gives the same bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.domain.errors import FixTheConfiguration
from bot.sim.faults.scenario import load_scenario, parse
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.sim.raw import SPY, Bench, order
from tests.sim.stranger import Stranger, limit_order, opening

SCENARIOS = Path(__file__).parents[3] / "configs" / "scenarios"
_SPY = "0|SPY|STK||0|||SMART||USD||"


def armed(text: str, *, open_market: bool = False) -> Bench:
    bench = Bench(open_market=open_market)
    parse(text.encode()).arm(bench.core)
    return bench


def at(hour: int, minute: int, second: int = 0, day: int = 4) -> datetime:
    return datetime(2011, 1, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_bundled_scenario_can_be_read_and_run(path: Path) -> None:
    scenario = load_scenario(path)
    bench = Bench(open_market=False)
    bench.core.world.turn(displayed_size=scenario.exchange_settings.displayed_size)
    scenario.arm(bench.core)
    client = bench.client()
    client.say("reqMktData", reqId=1, **SPY)
    bench.advance(hours=2)
    assert scenario.description


def test_a_time_is_new_yorks_on_the_first_day() -> None:
    bench = armed('timeline: [{at: "10:15", do: log_out}]')
    bench.core.advance_to(at(15, 14, 59))
    assert bench.core.link.is_listening
    bench.core.advance_to(at(15, 15))
    assert not bench.core.link.is_listening


def test_a_time_may_be_a_span_or_a_full_date() -> None:
    bench = armed('timeline: [{at: "+90s", do: log_out}, {at: "2011-01-05 09:00", do: log_in}]')
    bench.advance(seconds=90)
    assert not bench.core.link.is_listening
    bench.core.advance_to(at(14, 0, day=5))
    assert bench.core.link.is_listening


def test_what_repeats_daily_comes_every_night() -> None:
    bench = armed('timeline: [{at: "23:45", repeat: daily, do: restart, seconds: 60}]')
    closings = 0
    for day in (5, 6, 7):
        bench.core.advance_to(at(4, 45, 30, day=day))
        closings += not bench.core.link.is_listening
        bench.core.advance_to(at(4, 50, day=day))
        assert bench.core.link.is_listening
    assert closings == 3


def test_what_repeats_weekly_comes_on_its_day() -> None:
    bench = armed('timeline: [{at: "01:00", weekday: sunday, repeat: weekly, do: log_out}]')
    bench.core.advance_to(at(5, 59, day=9))
    assert bench.core.link.is_listening
    bench.core.advance_to(at(6, 0, day=9))
    assert not bench.core.link.is_listening


def test_a_fault_may_come_upon_a_message() -> None:
    bench = armed("timeline: [{upon: openOrder, nth: 2, do: drop_socket}]", open_market=True)
    client = bench.client()
    client.say("placeOrder", **order(1))
    assert not client.is_gone
    client.say("placeOrder", **order(2))
    assert client.is_gone


def test_knobs_and_settings_are_taken_over() -> None:
    scenario = parse(
        b"exchange: {displayed_size: 7, cancel_latency_s: 2.5}\ngateway: {market_data_lines: 20}"
    )
    assert scenario.exchange_settings.displayed_size == 7
    assert scenario.exchange_settings.cancel_latency.total_seconds() == 2.5
    assert scenario.settings.market_data_lines == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timline: []", "timline"),
        ("timeline: [{at: '10:15'}]", "entry 1 has no 'do'"),
        ("timeline: [{do: log_in}]", "either 'at'"),
        ("timeline: [{at: '10:15', upon: openOrder, do: log_in}]", "either 'at'"),
        ("timeline: [{at: '25:00', do: log_in}]", "write 10:15"),
        ("timeline: [{at: '10:15', do: log_out, seconds: 5}]", "log_out"),
        ("timeline: [{at: '10:15', do: fly}]", "no fault 'fly'"),
        ("timeline: [{at: '10:15', do: log_in, repeat: hourly}]", "repeat"),
        ("exchange: {displayed_sise: 7}", "'displayed_sise' is unknown"),
        ("gateway: {read_only: 1}", "read_only is 1; it must be true or false"),
        ("a: [", "while parsing|expected"),
    ],
)
def test_a_mistake_in_a_scenario_is_one_line(text: str, said: str) -> None:
    with pytest.raises(FixTheConfiguration, match=said):
        parse(text.encode())


def test_a_time_that_has_passed_is_refused() -> None:
    with pytest.raises(FixTheConfiguration, match="before the simulated start"):
        armed('timeline: [{at: "09:31", do: log_out}]', open_market=True)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FixTheConfiguration, match=r"nowhere\.yaml"):
        load_scenario(Path("nowhere.yaml"))


def trade_a_while(seed: int) -> bytes:
    """All that a client reads from its socket while it trades for four minutes under a rough scenario."""
    scenario = load_scenario(SCENARIOS / "rough-messages.yaml")
    world = recorded_world(["SPY"], date(2011, 1, 4), exchange_settings=scenario.exchange_settings)
    with SimGatewayThread(world, settings=scenario.settings, seed=seed) as gateway:
        gateway.ask(scenario.arm)
        gateway.advance(minutes=10)
        client = Stranger(gateway.port, opening("v100..178"))
        client.say(f"1|11|1|{_SPY}|0||0|0|")
        client.say(f"20|2|{_SPY}|0||1 min|600 S|1|TRADES|2|1|")
        client.say("92|3|DU1234567|")
        for minute in range(1, 5):
            client.say(limit_order(178, minute, _SPY, "BUY", "130"))
            gateway.advance(minutes=1)
            client.catch_up()
        client.close()
    return bytes(client.stream)


@pytest.mark.line
def test_the_same_seed_and_scenario_give_the_same_bytes_on_the_socket() -> None:
    first = trade_a_while(seed=5)
    assert len(first) > 5_000
    assert trade_a_while(seed=5) == first
    assert trade_a_while(seed=6) != first
