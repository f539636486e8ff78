"""Whatever stands in the settings, .env or the environment: settings, or lines that name the place. Never anything else."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import Settings, load_settings
from bot.config.checks import warnings
from bot.config.template import secret_keys, setting_keys
from bot.config.where import place
from bot.domain.errors import FixTheConfiguration
from tests.config.desk import Desk

KEYS = sorted(setting_keys())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [
            "",
            "nan",
            "-inf",
            "1e308",
            "2011-13-45",
            "2011-02-30",
            "25:61",
            "0x10",
            "1_000",
            "50%",
            "\ud7ff\n\x7f",
            "٣",
        ]
    ),
    st.text(max_size=30),
    st.lists(st.integers() | st.text(max_size=5), max_size=5),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def outcome(load: Callable[[], Any]) -> Any:
    """What came of it; a complaint is one bounded printable line for each thing that is wrong."""
    try:
        return load()
    except FixTheConfiguration as error:
        lines = str(error).split("\n")
        assert all(line.isprintable() and 0 < len(line) < 500 for line in lines), lines
        return lines


def loaded(text: bytes = b"", dotenv: bytes = b"", variables: dict[str, str] | None = None) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file, env = Path(folder) / "settings.yaml", Path(folder) / ".env"
        file.write_bytes(text)
        env.write_bytes(dotenv)
        outcome(lambda: place(file, variables or {}, env))
        return outcome(lambda: load_settings(file, variables or {}, env))


@settings(max_examples=100)
@given(st.sampled_from(KEYS), VALUES)
def test_any_value_of_any_setting_is_taken_or_named(key: str, value: Any) -> None:
    section, _, name = key.rpartition(".")
    tree: Any = {name: value}
    for part in reversed(section.split(".") if section else []):
        tree = {part: tree}

    found = loaded(yaml.safe_dump(tree, allow_unicode=True).encode())

    assert isinstance(found, Settings | list)
    if key in secret_keys() and isinstance(found, list) and len(str(value)) > 3:
        assert str(value) not in "".join(line.partition(":")[2] for line in found)


@settings(max_examples=40)
@given(st.sampled_from(KEYS), st.text(st.characters(exclude_characters="\0"), max_size=40))
def test_any_variable_is_taken_or_named(key: str, value: str) -> None:
    name = key.upper().replace(".", "__")

    assert isinstance(loaded(variables={name: value}), Settings | list)
    assert isinstance(loaded(dotenv=f"{name}={json.dumps(value)}".encode()), Settings | list)


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_settings_or_a_complaint(text: bytes) -> None:
    assert isinstance(loaded(text), Settings | list)
    assert isinstance(loaded(dotenv=text), Settings | list)


ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ALIAS_BOMB, "settings.yaml: line 2: settings use no aliases"),
        ("risk: &risk {session: *risk}", "settings.yaml: line 1: settings use no aliases"),
        ("symbols: " + "[" * 3000 + "]" * 3000, "settings.yaml: line 1: is nested too deep"),
        ("mode: growth\n" + "#" * 300_000, "settings.yaml: is larger than 256 KiB"),
        ("broker: {simulated_session: 2011-13-45}", "broker.simulated_session: 2011-13-45 "),
        ("broker: {simulated_session: 2011-02-30}", "broker.simulated_session: 2011-02-30 "),
        ('broker: {host: "127.0.0.1\\nevil"}', "broker.host: 127.0.0.1 evil (from settings.yaml) is no host"),
        ("risk: {max_open_positions: true}", "risk.max_open_positions: true"),
        ("risk: {max_contracts_per_day: 1000000000000000000000000}", "risk.max_contracts_per_day"),
        ("broker: {request_timeout_s: 1.0e+9}", "broker.request_timeout_s"),
        ("embargo: {server_reset: {lasts_minutes: 100000}}", "embargo.server_reset.lasts_minutes"),
        ("session: {expiry_cutoff_minutes: 100000}", "session.expiry_cutoff_minutes"),
        ("execution: {max_repairs: 100000}", "execution.max_repairs"),
        ("symbols: [BRK.B]", "symbols: ['BRK.B'] (from settings.yaml) is not how IB writes it: BRK B"),
        ("symbols: [SPX]", "symbols: ['SPX'] (from settings.yaml) is an index"),
        ("monitoring: {discord_webhook_url: 'htps:/x'}", "monitoring.discord_webhook_url: (hidden)"),
        ("schedule: {max_concurrent_symbols: 50}\nsymbols: [%s]", "broker.line_budget"),
    ],
)
def test_what_once_got_through_is_named(desk: Desk, text: str, says: str) -> None:
    if "%s" in text:
        text %= ", ".join(f"A{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(50))

    (line,) = desk.refused(text)

    assert line.startswith(says), line


@pytest.mark.parametrize(
    "text", ["IBKR_HOST=x\nRISK MAX 0.01\n", "\n\nRISK__MAX_DAILY_LOSS_PCT\n", 'A="open\n']
)
def test_a_line_of_dotenv_that_says_nothing_is_named_and_not_repeated(desk: Desk, text: str) -> None:
    (line,) = desk.refused(dotenv=text)

    assert line.startswith(".env: line ")
    assert line.endswith("cannot be read; write it as NAME=value")
    assert "0.01" not in line


def test_a_section_given_whole_in_the_environment_is_refused_since_its_limits_would_be_lost(
    desk: Desk,
) -> None:
    (line,) = desk.refused(variables={"RISK": '{"max_daily_loss_pct": 0.01}', "SESSION": "ubuntu"})

    assert line.startswith("risk: ")
    assert "(from environment: RISK) is a section" in line


def test_a_dotenv_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="is no file"):
        load_settings(None, {}, tmp_path)


def test_a_file_that_never_ends_is_no_settings_file() -> None:
    for read in (lambda: load_settings(Path("/dev/zero"), {}), lambda: place(Path("/dev/zero"), {})):
        with pytest.raises(FixTheConfiguration, match=r"/dev/zero: is no file"):
            read()


def test_a_secret_in_the_file_and_an_open_door_are_warned_of(desk: Desk) -> None:
    found = list(warnings(desk.load("broker: {password: hunter2}\nmonitoring: {metrics_host: 0.0.0.0}")))

    assert [line.partition(":")[0] for line in found] == ["broker.password", "monitoring.metrics_host"]
    assert "hunter2" not in str(found)
    assert list(warnings(desk.load(dotenv="BROKER__PASSWORD=hunter2"))) == []
