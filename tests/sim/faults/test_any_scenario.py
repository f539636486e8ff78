"""Any scenario file, and any command at the admin port: a scenario or one line that names the place; a value that gets
through does no harm."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import FixTheConfiguration
from bot.sim.faults.commands import COMMANDS, message
from bot.sim.faults.handle import bind
from bot.sim.faults.scenario import load_scenario, parse
from bot.sim.handlers.table import make_core
from bot.sim.server.admin import AdminPort
from bot.sim.server.tcp_server import SimGateway
from bot.sim.world.build import synthetic_world
from tests.sim.raw import Bench

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.sampled_from(
        [float("nan"), float("inf"), -1.0, 1e300, 0.5, 1103, 1101, "HOLD", "BUY", "", "usopt", "all", "SPY"]
    ),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
NAMES = sorted(
    {name for command in COMMANDS.values() for name in inspect.signature(command).parameters} - {"core"}
)
COMMAND = st.fixed_dictionaries(
    {"do": st.sampled_from(sorted(COMMANDS))}, optional=dict.fromkeys(NAMES, ODD)
) | st.sampled_from(sorted(COMMANDS)).flatmap(
    lambda name: st.fixed_dictionaries(
        {
            "do": st.just(name),
            **{key: ODD for key, one in inspect.signature(COMMANDS[name]).parameters.items()
               if key != "core" and one.default is one.empty and one.kind is not one.VAR_KEYWORD},
        }
    )
)  # fmt: skip
LINE = st.builds(
    lambda command, when: {**command, **when},
    COMMAND,
    st.fixed_dictionaries(
        {}, optional={"at": ODD | st.just("10:15"), "upon": ODD, "nth": ODD, "repeat": ODD, "weekday": ODD}
    ),
)


def complaint(text: bytes) -> str:
    """What is wrong with it, nothing for a scenario."""
    try:
        parse(text)
    except FixTheConfiguration as error:
        return str(error)
    return ""


def check(text: bytes) -> None:
    said = complaint(text)
    assert said.isprintable()
    assert len(said) < 1500


@settings(max_examples=80)
@given(
    st.lists(LINE, max_size=3),
    st.dictionaries(st.sampled_from(["displayed_size", "cancel_latency_s", "x"]), ODD),
)
def test_any_timeline_is_a_scenario_or_a_complaint(
    lines: list[dict[str, Any]], exchange: dict[str, Any]
) -> None:
    check(yaml.safe_dump({"timeline": lines, "exchange": exchange}).encode())


@settings(max_examples=60)
@given(st.binary(max_size=120) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_a_scenario_or_a_complaint(text: bytes) -> None:
    check(text)


@settings(max_examples=60)
@given(st.lists(COMMAND, min_size=1, max_size=6))
def test_any_command_is_answered_and_time_goes_on(commands: list[dict[str, Any]]) -> None:
    async def talk() -> tuple[list[dict[str, Any]], list[str]]:
        gateway = SimGateway(make_core(synthetic_world(["SPY"], date(2026, 1, 5))), port=0)
        await gateway.start()
        admin = AdminPort(gateway, can_advance=True)
        answers = [await admin.answer(json.dumps(one).encode()) for one in commands]
        answers.append(await admin.answer(b'{"do": "advance", "seconds": 90}'))
        failures = list(gateway.core.failures)
        await gateway.stop()
        return answers, failures

    answers, failures = asyncio.run(talk())
    assert failures == []
    assert answers[-1]["ok"], answers
    assert not [one for one in answers if "a bug" in one.get("error", "")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exchange: {cancel_latency_s: '2'}", "exchange: cancel_latency_s is '2'; it must be seconds between"),
        ("exchange: {cancel_latency_s: 1.0e+300}", "exchange: cancel_latency_s"),
        ("exchange: {cancel_latency_s: null}", "exchange: cancel_latency_s"),
        ("exchange: {points_per_minute: 7}", "exchange: points_per_minute is 7; it must be a multiple of 4"),
        ("exchange: {displayed_size: abc}", "exchange: displayed_size"),
        ("exchange: {displayed_size: -5}", "exchange: displayed_size"),
        ("gateway: {market_data_lines: -1}", "gateway: market_data_lines"),
        ("timeline: [{upon: execDetails, nth: x, do: clear}]", "timeline entry 1: nth is 'x'"),
        ("timeline: [{upon: execDetails, nth: 0, do: clear}]", "timeline entry 1: nth is 0"),
        ("timeline: [{upon: execDetial, do: clear}]", "timeline entry 1: the gateway sends no 'execDetial'"),
        ("timeline: [{at: '10:15', repeat: [1], do: clear}]", "timeline entry 1: repeat is daily or weekly"),
        ("timeline: [{at: '10:15', do: gap, symbol: SPY, percent: .nan}]", "timeline entry 1: fault gap: percent"),
        ("timeline: [{at: '10:15', do: split, symbol: SPY, new: 2, old: 2}]", "timeline entry 1: fault split: new and old"),
        ("timeline: [{at: '10:15', do: split, symbol: SPY, new: 0, old: 2}]", "timeline entry 1: fault split: new is 0"),
        ("timeline: [{at: '10:15', do: gap, symbol: SPY, percent: -100}]", "timeline entry 1: fault gap: percent"),
        ("timeline: [{at: '10:15', do: refuse, seconds: .inf}]", "timeline entry 1: fault refuse: seconds"),
        ("timeline: [{at: '10:15', do: refuse, seconds: -5}]", "timeline entry 1: fault refuse: seconds"),
        ("timeline: [{at: '10:15', do: outage, seconds: 5, then: 1103}]", "timeline entry 1: fault outage: then"),
        ("timeline: [{at: '10:15', do: farm, name: moon, seconds: 5}]", "timeline entry 1: fault farm: name"),
        ("timeline: [{at: '10:15', do: message, kind: orderStatsu, effect: drop}]", "timeline entry 1: fault message: kind"),
        ("timeline: [{at: '10:15', do: message, kind: error, effect: eat}]", "timeline entry 1: fault message: effect"),
        ("timeline: [{at: '10:15', do: hide_quotes, scope: nobody}]", "timeline entry 1: fault hide_quotes: scope"),
        ("timeline: [{at: '10:15', do: kill_feeds, family: mine}]", "timeline entry 1: fault kill_feeds: family"),
        ("timeline: [{at: '10:15', do: gateway, nothing: 1}]", "timeline entry 1: gateway: 'nothing' is unknown"),
        (
            "timeline: [{at: '10:15', do: manual_order, con_id: 1, action: HOLD, quantity: 1}]",
            "timeline entry 1: fault manual_order: action",
        ),
    ],
)  # fmt: skip
def test_what_once_got_through_is_named(text: str, says: str) -> None:
    with pytest.raises(FixTheConfiguration) as error:
        parse(text.encode())

    assert str(error.value).startswith(says), str(error.value)


def test_a_symbol_nobody_trades_is_named_before_the_gateway_starts() -> None:
    core = make_core(synthetic_world(["SPY"], date(2026, 1, 5)))

    with pytest.raises(FixTheConfiguration, match="'XYZ' is not traded here; symbols: SPY"):
        parse(b"timeline: [{at: '10:15', do: gap, symbol: XYZ, percent: 5}]").arm(core)


@pytest.mark.parametrize("name", ["/dev/zero", "/", "nothing.yaml"])
def test_what_is_no_file_is_named(name: str) -> None:
    with pytest.raises(FixTheConfiguration, match="scenario "):
        load_scenario(Path(name))


def test_aliases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text("description: &a x\ntimeline: [*a, *a]\n")

    with pytest.raises(FixTheConfiguration, match="aliases"):
        load_scenario(path)


@pytest.mark.parametrize("value", ["abc", [1], {"a": 1}, None, True])
def test_a_rewriting_that_makes_no_message_ends_with_a_word_and_the_message_goes_out(value: Any) -> None:
    bench = Bench()
    client = bench.client()
    message(bench.core, "currentTime", "rewrite", count=None, fields={"time": value})  # unchecked
    for _ in range(3):
        client.say("reqCurrentTime")

    assert bench.core.failures == []
    assert not client.is_gone
    assert len([one for one in client.take() if one.kind == "currentTime"]) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"effect": "rewrite", "fields": {"filled": "abc"}}, "filled of orderStatus cannot be 'abc'"),
        ({"effect": "rewrite", "fields": {"filled": float("inf")}}, "filled of orderStatus cannot be inf"),
        ({"effect": "rewrite", "fields": {"fild": 1}}, "orderStatus has no field 'fild'"),
        ({"effect": "insert", "fields": {"kind": "orderStatsu"}}, "there is no message kind 'orderStatsu'"),
        (
            {"effect": "insert", "fields": {"kind": "position", "position": "x"}},
            "position of position cannot be 'x'",
        ),
    ],
)
def test_a_rewriting_that_the_wire_cannot_say_is_refused_where_it_is_written(
    arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(FixTheConfiguration, match=f"fault message: fields: {re.escape(says)}"):
        bind("message", {"kind": "orderStatus", **arguments})
