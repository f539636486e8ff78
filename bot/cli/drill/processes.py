"""What a drill runs: a bot and a guard, each a process of its own in a scratch directory, ended whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bot.cli.embedded import Gateway
from bot.domain.errors import FixTheMachine
from bot.ops.process.control_client import ask

START_S = 120.0
"""For a bot or a guard to be ready, on a machine that is busy."""
CLIENT, JUDGE = 1, 990
SYMBOL = "SPY"


def _spawn(
    command: list[str], directory: Path, name: str, *, is_heard: bool = False
) -> subprocess.Popen[str]:
    """Its words go to a file; the owner's settings and addresses do not reach it."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if key in os.environ}
    with (directory / f"{name}.log").open("a") as log:
        return subprocess.Popen(  # noqa: S603  our own modules
            command, cwd=directory, env=kept | {"PYTHONPATH": _here()}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_heard else log, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    """Send the signal and wait; what does not listen is killed."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class DrillBot:
    """A bot at the gateway's or the guard's port, with the state directory ``state``."""

    def __init__(self, gateway: Gateway, port: int, state: Path) -> None:
        self.state = state
        state.mkdir(parents=True, exist_ok=True)
        settings = state / "settings.yaml"
        settings.write_text(yaml.safe_dump(_settings(gateway, port)), encoding="utf-8")
        command = [
            sys.executable, "-m", "bot", "run", "--config", str(settings), "--state", str(state),
        ]  # fmt: skip
        self.process = _spawn(command, state, "bot")

    def status(self) -> dict[str, Any]:
        """What it says of itself. Errors: FixTheMachine."""
        answer: dict[str, Any] = ask(self.state, {"do": "status"})["status"]
        return answer

    def wait_connected(self) -> None:
        """Until it is connected and takes part in the gateway's time. Errors: FixTheMachine."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with suppress(FixTheMachine):
                if self.status()["is_connected"]:
                    return
            time.sleep(0.1)
        raise FixTheMachine(f"the drill's bot did not connect; see {self.state / 'bot.log'}")

    def kill(self) -> None:
        end(self.process, signal.SIGKILL)

    def stop(self) -> int:
        """Its exit code after a polite end."""
        end(self.process)
        return int(self.process.returncode)


class DrillGuard:
    """A guard before the gateway, with limits that an ordinary day stays within."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self.state = directory / "guard"
        self.state.mkdir(parents=True)
        limits = self.state / "limits.yaml"
        limits.write_text(yaml.safe_dump(_limits(gateway.account)), encoding="utf-8")
        words = ["run", "--limits", str(limits), "--listen", "127.0.0.1:0", "--gateway"]
        self._command = [sys.executable, "-c", "from bot.guard.cli import main; main()"]
        command = [*self._command, *words, f"127.0.0.1:{gateway.port}", "--state", str(self.state)]
        self.process = _spawn(command, self.state, "guard", is_heard=True)
        assert self.process.stdout is not None  # noqa: S101  it was asked for
        try:
            self.port = int(json.loads(self.process.stdout.readline())["port"])
        except (ValueError, KeyError):
            end(self.process)
            raise FixTheMachine(f"the drill's guard did not start; see {self.state / 'guard.log'}") from None

    def type(self, *words: str) -> Mapping[str, Any]:
        """What the phone's key runs on the gateway host. Errors: FixTheMachine."""
        command = [*self._command, *words, "--state", str(self.state), "--json"]
        done = subprocess.run(  # noqa: S603  our own module
            command, capture_output=True, text=True, check=False, env={"PYTHONPATH": _here()}
        )
        try:
            found: Mapping[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise FixTheMachine(f"ibkr-guard {words[0]}: {done.stderr.strip()[-200:]}") from None
        return found

    def wait_seeing(self) -> None:
        """Until it sees the account and serves clients. Errors: FixTheMachine."""
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            if self.type("status").get("blind") == "":
                return
            time.sleep(0.1)
        raise FixTheMachine(f"the drill's guard does not see the account; see {self.state / 'guard.log'}")


def _here() -> str:
    """Where this build's package is, for a source tree that is not installed."""
    return str(Path(__file__).parents[3])


def _settings(gateway: Gateway, port: int) -> dict[str, Any]:
    return {
        "dry_run": False,
        "symbols": [SYMBOL],
        "broker": {
            "trading": "simulated", "embedded_gateway": False, "host": "127.0.0.1", "port": port,
            "client_id": CLIENT, "simulated_clock": gateway.clock,
        },
        "monitoring": {"metrics_enabled": False, "alerts_enabled": False},
    }  # fmt: skip


def _limits(account: str) -> dict[str, Any]:
    roomy = {"minute": 10_000, "day": 100_000}
    return {
        "accounts": [account],
        "clients": {"trade": [CLIENT], "watch": [JUDGE], "guard": 999},
        "underlyings": [SYMBOL],
        "order": {"quantity": 1000, "value": 1_000_000},
        "total": {"positions": 100, "premium": 10_000_000},
        "collar": {"percent": 50, "absolute": 5, "quote_age_s": 3600},
        "rates": dict.fromkeys(("entries", "exits", "revisions", "cancels"), roomy),
        "round_trips": 1000,
        "dead_man": {"silent_s": 600},
    }
