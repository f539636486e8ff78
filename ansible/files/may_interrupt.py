"""May the bot on this host be interrupted now? may_interrupt.py [--force] [--at ISO-TIME] [--root FOLDER]

Rule: an unprotected position is never left alone; the open market only when its owner insists (--force). A bot that is
stopped, or not there yet, has nothing to be interrupted in. Exit code 0 = yes; 3 = no, and the reason on one line.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BOT = "/usr/local/bin/ibkr-bot"
IS_OPEN = """
import sys
from datetime import UTC, datetime
from bot.domain.session import is_open
print(is_open(datetime.fromisoformat(sys.argv[1]) if sys.argv[1] else datetime.now(UTC)))
"""
# A position is proved within seconds of its fill: so long it is given.
TRIES, PAUSE_S = 5, 3


def naked(status: dict[str, Any]) -> list[str]:
    """Labels of what is held without proved protection."""
    return [one["label"] for one in status["open_brackets"] if one["quantity"] and not one["is_proved"]]


def reason(unit: str, status: dict[str, Any] | None, market: str, *, is_forced: bool) -> str:
    """Why it may not be interrupted; empty when it may. ``market`` is True or False, or empty when nobody could say."""
    if unit in {"inactive", "failed"}:
        return ""
    if status is None:
        if is_forced:
            return ""
        return (
            "The bot runs but does not answer, so nobody knows what it holds. Look at it first (sudo ibkr-bot status; "
            "journalctl -u ibkr-bot). FORCE=1 goes on without knowing."
        )
    if bare := naked(status):
        return (
            f"Not now: {', '.join(bare)} is held without proved protection. The bot is repairing it; try again in a "
            "minute, or look with `sudo ibkr-bot positions`."
        )
    if market != "False" and not is_forced:
        return "The market is open. Wait for the close, or insist with FORCE=1."
    return ""


def said(*command: str) -> str | None:
    """What a command prints; None when it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  ours
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def status_now() -> dict[str, Any] | None:
    """The bot's own account of itself; once more while a position is not proved yet."""
    told: dict[str, Any] | None = None
    for attempt in range(TRIES):
        text = said(BOT, "status", "--json")
        told = json.loads(text) if text else None
        if told is None or not naked(told) or attempt == TRIES - 1:
            break
        time.sleep(PAUSE_S)
    return told


def main() -> int:
    """Ask systemd, the bot and the exchange's calendar."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--at", default="", help="judge as of this moment instead of now")
    parser.add_argument("--root", type=Path, default=Path("/opt/ibkr-bot"))
    given = parser.parse_args()
    if not Path(BOT).exists():
        return 0
    unit = said("systemctl", "show", "-p", "ActiveState", "--value", "ibkr-bot.service") or ""
    market = said(str(given.root / "current/venv/bin/python"), "-c", IS_OPEN, given.at) or ""
    why = reason(unit, status_now(), market, is_forced=given.force)
    sys.stdout.write(f"{why}\n")
    return 3 if why else 0


if __name__ == "__main__":
    sys.exit(main())
