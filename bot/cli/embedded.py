"""The simulated gateway that `run` and `doctor` start for themselves, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.options import data_folder
from bot.domain.clock import FASTEST_RUN, SLOWEST_RUN, ScaledTime, SteppedTime
from bot.domain.errors import FixTheCommand, FixTheMachine

if TYPE_CHECKING:
    from bot.config import Settings

GATEWAY_START_TIMEOUT_S = 60
SIMULATED_EQUITY_USD = "50000"
"""Well above the pattern-day-trader threshold, so that the day is not over after three trades."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A simulated gateway in a process of its own."""

    port: int
    clock: str
    account: str

    @property
    def scaled(self) -> ScaledTime:
        """Its clock, where it runs by itself."""
        return ScaledTime.parse(self.clock)

    @property
    def stepped(self) -> SteppedTime:
        """Its clock, where time waits for the bot. Raises ValueError where it does not."""
        clock = SteppedTime.parse(self.clock)
        if clock is None:
            raise ValueError(f"not a clock that waits: {self.clock!r}")
        return clock


def speed_of(text: str, option: str = "--speed") -> float | None:
    """The speed that was typed, as a number; None for "max". Errors: FixTheCommand."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not SLOWEST_RUN <= speed <= FASTEST_RUN:
        raise FixTheCommand(
            f"{option} {text!r}: give simulated seconds a second, {SLOWEST_RUN} to {FASTEST_RUN}, or max"
        )
    return speed


@contextlib.contextmanager
def embedded_gateway(
    settings: Settings,
    day: date,
    speed: float | None,
    directory: Path,
    *,
    early_minutes: int = 5,
    is_paced: bool = False,
) -> Iterator[Gateway]:
    """The simulated gateway as its own process, on a port that nobody else has, gone when the block ends.

    ``is_paced``: its time waits for the bot, and ``speed`` is a ceiling; None is as fast as the machine can.
    Raises FixTheMachine when it does not start.
    """
    command = [
        sys.executable, "-m", "bot", "sim", "--port", "0", "--session", f"{day}",
        "--symbols", ",".join(settings.symbols), "--speed", str(speed or "max"), "--equity", SIMULATED_EQUITY_USD,
        "--early", str(early_minutes), "--ends-with-input", "--regular-hours",
        "--data", str(data_folder(settings)), *(["--paced"] if is_paced else []),
    ]  # fmt: skip
    try:
        directory.mkdir(parents=True, exist_ok=True)
        log = (directory / "gateway.log").open("w")
    except OSError as error:
        raise FixTheMachine(
            f"state directory {directory}: {error.strerror}; make it writable, or choose another --state"
        ) from error
    # A group of its own: Ctrl-C on the terminal must reach the bot first, and the gateway only when the bot is done.
    # Its input is never written to: that it ends tells the gateway that we are gone, however we died.
    process = subprocess.Popen(  # noqa: S603  our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )
    try:
        yield _announcement(process, directory)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        log.close()


def _announcement(process: subprocess.Popen[str], directory: Path) -> Gateway:
    assert process.stdout is not None  # noqa: S101  it was asked for
    line = process.stdout.readline()
    try:
        announced = json.loads(line)
        return Gateway(announced["port"], announced["clock"], announced["account"])
    except (ValueError, KeyError):
        process.wait(GATEWAY_START_TIMEOUT_S)
        reason = (
            (directory / "gateway.log").read_text().strip().rsplit("\n", 1)[-1].removeprefix("ibkr-bot: ")
        )
        raise FixTheMachine(f"the simulated gateway did not start: {reason or line.strip()}") from None
