"""README and docs, typed as they are written, in a fresh clone; which commands are not run here, and why: ``documented.WAYS``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.documented import ROOT, Way, documented

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("documents")]

BESIDE = "--speed 60"
EXPECTED = {"ibkr-bot alert test": 78, "ibkr-bot doctor --go-live": 1, "ibkr-bot replay --day 2026-11-20": 2}
"""Exit codes other than 0, as the pages say; the last is a day that `make run` did not trade."""


class Clone:
    """A fresh clone with an environment of its own, in which commands are typed as after `. .venv/bin/activate`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
        subprocess.run([sys.executable, "-m", "venv", str(root / ".venv")], check=True)
        packages = next((root / ".venv/lib").glob("python3*/site-packages"))
        # The locked packages are those of this environment: that they can be installed is what CI begins with.
        here = next(path for path in map(Path, sys.path) if (path / "rich").is_dir())
        (packages / "locked.pth").write_text(f"{here}\n", encoding="utf-8")
        install = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--editable", "."]
        subprocess.run([root / ".venv/bin/python", *install], check=True, cwd=root)
        (root / ".venv/.installed").touch()

    def start(self, command: str) -> subprocess.Popen[str]:
        path = f"{self.root}/.venv/bin:{os.environ['PATH']}"
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("JOURNAL__", "IBKR_BOT", "PYTEST"))
        }
        environment = kept | {"PATH": path, "SPEED": "max", "MONITORING__METRICS_PORT": "9139"}
        return subprocess.Popen(
            ["bash", "-c", command if command.startswith(". ") else f"exec {command}"],
            cwd=self.root, env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def type(self, command: str, answer: str = "") -> tuple[int, str]:
        process = self.start(command)
        told, _ = process.communicate(answer, timeout=500)
        return process.returncode, told


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("c") / "bot")


def commands(way: Way) -> list[str]:
    return [one.text for one in documented() if one.rows and one.rows[0].way is way]


def _ends_as_said(command: str, code: int, told: str) -> None:
    assert "Traceback" not in told, (command, told)
    assert code == EXPECTED.get(command, 0), (command, told)


def test_what_needs_nothing_else(clone: Clone) -> None:
    alone = [command for command in commands(Way.ALONE) if command != "make run"]
    assert len(alone) > 8
    for command in alone:
        _ends_as_said(command, *clone.type(command))


def test_what_is_only_named_has_a_help_with_an_example(clone: Clone) -> None:
    for command in commands(Way.NAMED):
        code, told = clone.type(
            f"{' '.join(command.split()[:2]) if 'python' not in command else command} --help"
        )
        _ends_as_said(command, code, told)
        assert "Example" in told or "python" in command, command


def test_what_is_typed_after_make_run(clone: Clone) -> None:
    code, told = clone.type("make run")
    _ends_as_said("make run", code, told)
    advised = re.findall(
        r"^(?:next:)? +((?:\.venv/bin/)?ibkr-bot (?:report|why|journal)[^\n]*?)  ", told, re.MULTILINE
    )
    assert len(advised) == 3
    for command in (*advised, *commands(Way.AFTER_A_DAY)):
        _ends_as_said(command, *clone.type(command))


def test_what_serves_or_shows_until_ctrl_c(clone: Clone) -> None:
    for command in commands(Way.SERVES):
        if not command.startswith("ibkr-bot status"):
            _ends_with_ctrl_c(clone, command)


def _ends_with_ctrl_c(clone: Clone, command: str) -> None:
    process = clone.start(command)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.strip(), command
    assert not first.startswith("ibkr-bot: "), (command, first, "it serves nothing")
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=300)
    assert "Traceback" not in first + told, (command, told)


@pytest.fixture
def account(clone: Clone) -> Iterator[str]:
    """A bot trades meanwhile; its account."""
    bot = clone.start(f"ibkr-bot run {BESIDE}")
    assert bot.stdout is not None
    for line in bot.stdout:
        if "connected" in line or "ACTIVE" in line:
            break
    code, told = clone.type("ibkr-bot status --json")
    assert code == 0, told
    yield json.loads(told)["account"]
    os.killpg(bot.pid, signal.SIGINT)
    bot.communicate(timeout=300)


def test_what_is_typed_beside_a_bot_that_trades(clone: Clone, account: str) -> None:
    for command in sorted(commands(Way.BESIDE_A_BOT), key=_last_words_last):
        _ends_as_said(command, *clone.type(command, f"{account}\n"))
    _ends_with_ctrl_c(clone, "ibkr-bot status --watch")


def _last_words_last(command: str) -> int:
    return ["status", "positions", "orders", "halt", "resume", "flatten"].index(command.split()[1])
