"""IB Gateway's starts: the password as Java reads it, the wait between starts, and when the phone is asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from .conftest import ROOT, module

FILES = ROOT / "roles" / "ib_gateway" / "files"
JAVA = module(FILES / "ibgateway_java.py")
LOGIN = module(FILES / "ibgateway_login.py")
STUB = module(ROOT / "ansible" / "lab" / "stub_jvm.py")
HOUR = 3600.0
# Signs that YAML, Jinja, a shell or java.util.Properties give a meaning to. Each is one password.
PASSWORDS = (
    "plain",
    "ends in a backslash\\",
    "two\\\\",
    "C:\\new\\users\\temp",
    " blank before",
    "blank behind ",
    "#hash",
    "!bang",
    "a=b:c",
    "\"double\" and 'single'",
    "é ß € 😀",
    "\\u0041",
    "tab\there",
    "\ttab before",
    "back\bspace",
    "\b\\b",
    "form\ffeed, line\nfeed, return\r",
    "\x00\x01\x1b\x7f\x85\xa0\u2028\ufeff",
    ":=!#",
    "😀" * 500,
    "$HOME `id` %d %%",
)


def config(password: str) -> str:
    """IBC's file as the role writes it."""
    environment = Environment(trim_blocks=True, keep_trailing_newline=True)  # noqa: S701  no HTML
    environment.filters["ansible.builtin.to_json"] = json.dumps
    template = environment.from_string((FILES.parent / "templates" / "config.ini.j2").read_text())
    defaults = yaml.safe_load((FILES.parent / "defaults" / "main.yml").read_text())
    return template.render(**defaults | {"ib_gateway_username": "user", "ib_gateway_password": password})


@pytest.mark.parametrize("password", PASSWORDS)
def test_java_reads_the_password_as_its_owner_typed_it(tmp_path: Path, password: str) -> None:
    path = tmp_path / "config.ini"
    path.write_text(config(password))

    read = STUB.settings(path)

    assert read["IbPassword"] == password
    assert read["IbLoginId"] == "user"
    assert read["TradingMode"] == "paper"


@given(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\b\t\n\f\r\\bu0008 :=!#"))))
def test_java_reads_any_text_as_it_was_typed(password: str) -> None:
    written = config(password)

    assert written.isascii(), "the program that writes the file and Java need not agree on its encoding"
    assert STUB.properties(written)["IbPassword"] == password
    assert STUB.properties(written)["TradingMode"] == "paper"


def test_what_decides_about_real_money_comes_first() -> None:
    lines = [line for line in config("x").splitlines() if line and not line.startswith("#")]

    assert lines[0] == "TradingMode=paper"
    assert lines[-1].startswith("IbPassword=")


def test_every_warning_that_could_hold_an_order_back_is_passed_over() -> None:
    bypassed = [line for line in config("x").splitlines() if line.startswith("Bypass")]

    assert len(bypassed) == 9
    assert all(line.endswith("=yes") for line in bypassed)


def test_the_first_start_does_not_wait() -> None:
    assert JAVA.wait_s([], 1_000.0) == 0


def test_starts_that_follow_one_another_wait_longer_and_longer_up_to_half_an_hour() -> None:
    now, starts, waits = 0.0, [0.0], []
    for _ in range(9):
        waits.append(JAVA.wait_s(starts, now + 20))
        now += 20 + waits[-1]
        starts.append(now)

    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_gateway_that_was_well_for_an_hour_starts_again_at_once() -> None:
    assert JAVA.wait_s([0.0, 30.0, 60.0], 60.0 + HOUR + 1) == 0


@given(st.lists(st.floats(0, 1e9)), st.floats(0, 1e9))
def test_no_wait_is_longer_than_half_an_hour(starts: list[float], now: float) -> None:
    assert 0 <= JAVA.wait_s(starts, now) <= 1800


def test_java_itself_is_what_runs_in_the_end(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\necho "$@"\nexit 88\n')
    java.chmod(0o755)
    environment = {**os.environ, "IBGATEWAY_STARTS": str(tmp_path / "starts"), "IBGATEWAY_FIRST_WAIT_S": "0"}

    command = [sys.executable, str(FILES / "ibgateway_java.py"), str(java)]
    asked = subprocess.run([*command, "-XshowSettings"], capture_output=True, env=environment, check=False)
    done = subprocess.run(
        [*command, "a", "b c"], capture_output=True, text=True, env=environment, check=False
    )

    assert asked.returncode == done.returncode == 88
    assert done.stdout == "a b c\n"
    assert len(json.loads((tmp_path / "starts").read_text())) == 1, "asking for the version is no start"


SEEN = LOGIN.Seen(
    now=10 * HOUR,
    is_up=False,
    is_wrong_account=False,
    is_running=True,
    started_at=0,
    asked=(),
    is_quiet=False,
)


@pytest.mark.parametrize(
    ("changed", "decision"),
    [
        ({}, "ask"),
        ({"started_at": 10 * HOUR - 200}, "wait"),
        ({"started_at": 10 * HOUR + 900}, "wait"),
        ({"is_quiet": True}, "wait"),
        ({"is_running": False}, "wait"),
        ({"is_up": True}, "forget"),
        ({"is_wrong_account": True, "is_up": True}, "stop"),
    ],
)
def test_the_logins_watcher_decides_by_what_the_check_found(
    changed: dict[str, object], decision: str
) -> None:
    assert LOGIN.decide(replace(SEEN, **changed)) == decision


def test_the_phone_is_asked_less_and_less_often_and_never_without_end() -> None:
    asked: list[float] = []
    for minute in range(24 * 60):
        now = 60.0 * minute
        started = asked[-1] if asked else 0.0
        if LOGIN.decide(replace(SEEN, now=now, started_at=started, asked=tuple(asked))) == "ask":
            asked.append(now)

    gaps = [later - former for former, later in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[0] >= 600
    assert gaps[-1] >= 2 * HOUR
    assert len(asked) <= 16


@pytest.mark.parametrize(
    ("clock", "hours", "inside"),
    [
        ("23:30", "23:00-06:30", True),
        ("06:29", "23:00-06:30", True),
        ("06:30", "23:00-06:30", False),
        ("12:00", "11:00-13:00", True),
        ("12:00", "", False),
    ],
)
def test_quiet_hours_go_over_midnight(clock: str, hours: str, inside: bool) -> None:
    assert LOGIN.is_within(clock, hours) is inside


def test_a_gateway_that_is_up_is_forgiven_its_former_failures(tmp_path: Path) -> None:
    (tmp_path / "asked.json").write_text("[1.0, 2.0]")
    (tmp_path / "up.prom").write_text("ibgateway_up 1\nibgateway_wrong_account 0\n")
    given = LOGIN.argparse.Namespace(
        textfile=tmp_path / "up.prom",
        state=tmp_path,
        unit="nothing.service",
        stopped=tmp_path / "stopped",
        quiet_hours="",
    )

    said = LOGIN.act(LOGIN.look(given), given)

    assert said == ""
    assert not (tmp_path / "asked.json").exists()
