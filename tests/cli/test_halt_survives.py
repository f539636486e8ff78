"""The bot as its owner has it: a process, the command line beside it, and a kill at the worst moment."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Words = Callable[..., "subprocess.CompletedProcess[str]"]


def command(folder: Path, *words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "bot",
        *words,
        "--config",
        f"{folder}/settings.yaml",
        "--state",
        f"{folder}/state",
    ]


@contextmanager
def bot(folder: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """A bot that has said this of its trading state; killed at the end, if it still lives."""
    process = subprocess.Popen(
        command(folder, "run", "--speed", "60"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if f" {until} " in line:
                break
        else:
            raise AssertionError(f"it ended and was never {until}: {''.join(said[-30:])}")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.yaml").write_text("monitoring: {metrics_enabled: false}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def say(folder: Path) -> Words:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(folder, *words), capture_output=True, text=True, check=False)

    return run


def gateway_of(process: subprocess.Popen[str]) -> int:
    """A descriptor that becomes readable when the bot's embedded gateway ends."""
    (pid,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return os.pidfd_open(int(pid))


def test_a_halt_holds_though_the_bot_is_killed_the_moment_it_is_acknowledged(
    folder: Path, say: Words
) -> None:
    with bot(folder, "ACTIVE") as process:
        gateway = gateway_of(process)
        done = say("halt", "smoke on the wire", "--by", "alice")
        process.kill()
        assert (done.returncode, done.stdout) == (0, "HALTED: operator\n")
        assert (folder / "state" / "journal.db").stat().st_mode & 0o077 == 0, "others may read it"
        ended, _, _ = select.select([gateway], [], [], 30)
    assert ended, "the gateway of a killed bot outlives it"

    with bot(folder, "HALTED"):
        told = json.loads(say("status", "--json").stdout)
        assert (told["trading_state"], list(told["causes"])) == ("HALTED", ["operator"])
        assert say("resume", "the fire is out", "--by", "alice").stdout == "ACTIVE\n"


def test_a_halt_that_nobody_acknowledges_is_left_for_the_next_start(folder: Path, say: Words) -> None:
    with bot(folder, "ACTIVE"):
        pass
    done = say("halt", "it does not answer", "--by", "alice")
    assert done.returncode == 1
    assert "it takes effect within a second, or at the next start" in done.stderr
    with bot(folder, "HALTED"):
        assert "operator" in json.loads(say("status", "--json").stdout)["causes"]


def test_a_halt_reaches_a_bot_that_hung_as_soon_as_it_breathes_again(folder: Path, say: Words) -> None:
    with bot(folder, "ACTIVE") as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGSTOP)
        done = say("halt", "it hangs", "--by", "alice")
        assert done.returncode == 1
        assert "does not answer" in done.stderr
        process.send_signal(signal.SIGCONT)
        said: list[str] = []
        while not said or (said[-1] and " HALTED " not in said[-1]):
            said.append(process.stdout.readline())
        assert said[-1], f"it ended unhalted: {''.join(said[-30:])}"


def test_a_loosened_limit_is_shown_and_holds_though_the_bot_is_killed(folder: Path, say: Words) -> None:
    reason = ("--until", "2011-01-28 16:00", "--reason", "one more symbol", "--by", "alice")
    with bot(folder, "ACTIVE") as process:
        refused = say("loosen", "max_open_positions", "2", *reason)
        assert (refused.returncode, "not looser than 3" in refused.stderr) == (1, True)
        done = say("loosen", "max_open_positions", "4", *reason)
        assert done.stdout == "max_open_positions: 3 to 4 until 2011-01-28 16:00 New York; by alice\n"
        process.kill()
    with bot(folder, "ACTIVE"):
        (row,) = json.loads(say("status", "--json").stdout)["limits"]["loosened"]
        assert (row["limit"], row["now"], row["by"], row["reason"]) == (
            "max_open_positions",
            "4",
            "alice",
            "one more symbol",
        )
        assert "by alice: one more symbol" in " ".join(say("status").stdout.split())
