#!/usr/bin/python3
"""Act on what the health check found: ask the phone again, stop a gateway with the wrong account, forget old failures.

Rule: the phone is asked again after a missed approval, less and less often and not at night, and never without end every
few minutes as IBC alone would do it. A gateway whose account does not fit the inventory is stopped and stays so until
its owner has looked. Runs as the superuser after every check.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# IB waits three minutes for the phone, and the start takes one more.
PATIENCE_S = 300
WAITS_S = (0, 600, 1200, 2400, 3600, 7200)
STEADY_S = 600


@dataclass(frozen=True)
class Seen:
    """What is known when the check is over. Times are seconds since 1970."""

    now: float
    is_up: bool
    is_wrong_account: bool
    is_running: bool
    started_at: float
    asked: tuple[float, ...]
    is_quiet: bool


def decide(seen: Seen) -> str:
    """``stop``, ``ask``, ``forget`` or ``wait``."""
    if seen.is_wrong_account:
        return "stop"
    if seen.is_up:
        return "forget"
    if not seen.is_running or seen.is_quiet:
        return "wait"
    wait = WAITS_S[min(len(seen.asked), len(WAITS_S) - 1)]
    since = max((seen.started_at + PATIENCE_S, *(asked + PATIENCE_S + wait for asked in seen.asked[-1:])))
    return "ask" if seen.now >= since else "wait"


def is_within(clock: str, hours: str) -> bool:
    """Whether HH:MM lies in hours such as ``23:00-07:00``; never in an empty string."""
    if not hours:
        return False
    begin, end = hours.split("-")
    return begin <= clock < end if begin <= end else clock >= begin or clock < end


def value_of(text: str, name: str) -> float:
    """Read one number of a file of metrics; 0 when it is not there."""
    found = [line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(found[0]) if found else 0.0


def numbers_in(path: Path) -> tuple[float, ...]:
    """Read a list of moments; empty when the file is missing or broken."""
    try:
        return tuple(float(number) for number in json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return ()


def systemctl(*arguments: str) -> str:
    """Run systemctl and give what it says."""
    command = ["/usr/bin/systemctl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603  ours


def look(given: argparse.Namespace) -> Seen:
    """Collect what there is to know."""
    text = given.textfile.read_text() if given.textfile.exists() else ""
    starts = numbers_in(given.state / "starts.json")
    return Seen(
        now=time.time(),
        is_up=value_of(text, "ibgateway_up") == 1,
        is_wrong_account=value_of(text, "ibgateway_wrong_account") == 1,
        is_running=systemctl("show", "-p", "ActiveState", "--value", given.unit) == "active",
        started_at=starts[-1] if starts else 0.0,
        asked=numbers_in(given.state / "asked.json"),
        is_quiet=is_within(time.strftime("%H:%M"), given.quiet_hours),
    )


def act(seen: Seen, given: argparse.Namespace) -> str:
    """Do what was decided; gives one line that says it, or nothing."""
    asked, decision = given.state / "asked.json", decide(seen)
    if decision == "stop" and given.stopped.exists() and not seen.is_running:
        return ""
    if decision == "stop":
        given.stopped.parent.mkdir(exist_ok=True)
        given.stopped.write_text("the account that answered does not fit the inventory's trading mode\n")
        systemctl("stop", given.unit)
        return (
            f"{given.unit} was stopped: the account that answered does not fit the inventory's trading mode"
        )
    if decision == "ask":
        asked.write_text(json.dumps([*seen.asked, seen.now]))
        systemctl("restart", "--no-block", given.unit)
        return f"not logged in: {given.unit} is started again, so that the phone is asked (time {len(seen.asked) + 1})"
    if decision == "forget":
        asked.unlink(missing_ok=True)
        if seen.now - seen.started_at > STEADY_S:
            systemctl("reset-failed", given.unit)
    return ""


def main() -> int:
    """Look, decide, act."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--unit", default="ibgateway.service")
    parser.add_argument("--state", type=Path, default=Path("/var/lib/ibgateway"))
    parser.add_argument("--textfile", type=Path, required=True)
    parser.add_argument("--stopped", type=Path, default=Path("/var/lib/appliance/ibgateway-stopped"))
    parser.add_argument(
        "--quiet-hours", default="", help="such as 23:00-07:00: the phone is not asked again then"
    )
    given = parser.parse_args()
    said = act(look(given), given)
    if said:
        sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
