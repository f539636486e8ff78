"""The guard's disk: the latch of a stop, the counts of the day, and the status others read.

Rule: a latch that cannot be read is a stop. Every file is replaced whole, so a reader never sees half of one.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.errors import FixTheMachine
from bot.guard.clearing import Stop
from bot.guard.core.rates import Counts
from bot.guard.kept_counts import counts_from_json

_STOP, _RESUMED, _COUNTS, _STATUS = "stop.json", "resumed.json", "counts.json", "status.json"


class Files:
    """Everything lies in ``directory``; ``metrics`` is a text file for Prometheus' node exporter, if wanted."""

    def __init__(self, directory: Path, metrics: Path | None = None) -> None:
        """Raises FixTheMachine when it cannot be used."""
        self.directory = directory
        self._metrics = metrics
        if not directory.is_dir():
            raise FixTheMachine(f"{directory}: no such directory; make it, or name another with --state")

    def latch(self, stop: Stop) -> None:
        """Write the stop; it is on the disk when this returns, also on a full one, where it takes the status' place.

        Errors: FixTheMachine."""
        try:
            self._replace(_STOP, stop.to_json(), sync=True)
        except FixTheMachine:
            (self.directory / _STATUS).unlink(missing_ok=True)
            self._replace(_STOP, stop.to_json(), sync=True)

    def release(self, by: str, reason: str, at: datetime) -> None:
        """Take the stop away and say who did. Errors: FixTheMachine."""
        self._replace(_RESUMED, {"by": by, "reason": reason, "at": at.isoformat()}, sync=True)
        (self.directory / _STOP).unlink(missing_ok=True)

    def stamp(self) -> tuple[int, int]:
        """Changes whenever a person has stopped or gone on."""
        return self._stamp(_STOP), self._stamp(_RESUMED)

    def _stamp(self, name: str) -> int:
        try:
            return (self.directory / name).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def stop(self, now: datetime) -> Stop | None:
        """The latched stop, ``None`` without one."""
        try:
            return Stop.from_json(json.loads((self.directory / _STOP).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return Stop("the latch on disk cannot be read", "guard", now)

    def counts(self, now: datetime) -> Counts:
        """The day's counts; unreadable ones begin at nothing, with the stop latched."""
        try:
            return counts_from_json(json.loads((self.directory / _COUNTS).read_text(encoding="utf-8")), now)
        except FileNotFoundError:
            return Counts.of(now)
        except (OSError, ValueError, KeyError, TypeError):
            self.latch(Stop("the counts of the day cannot be read", "guard", now))
            return Counts.of(now)

    def keep(self, counts: dict[str, Any], status: dict[str, Any]) -> None:
        """What a restart must know, and what others may read. Errors: FixTheMachine."""
        self._replace(_COUNTS, counts)
        self._replace(_STATUS, status)
        if self._metrics is not None:
            _write(self._metrics, "".join(_metric_lines(status)))

    def status(self) -> dict[str, Any] | None:
        """What the running guard last said of itself, ``None`` when it never has."""
        try:
            found: dict[str, Any] = json.loads((self.directory / _STATUS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def _replace(self, name: str, content: dict[str, Any], *, sync: bool = False) -> None:
        _write(self.directory / name, json.dumps(content, indent=1) + "\n", sync=sync)


def _write(path: Path, text: str, *, sync: bool = False) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):  # on a full disk half a draft is in the way of the next
            draft.unlink(missing_ok=True)
        raise FixTheMachine(f"{path}: cannot be written ({error.strerror})") from None


def _metric_lines(status: dict[str, Any]) -> list[str]:
    rows = {
        "ibkr_guard_stopped": ("Whether a person's stop is latched.", int(status["stopped"] is not None)),
        "ibkr_guard_blind": ("Whether the guard does not see the account.", int(bool(status["blind"]))),
        "ibkr_guard_refused_today": ("Orders and requests refused today.", status["refused"]),
        "ibkr_guard_silent_clients": ("Trading clients the dead man's rule acted on.", len(status["silent"])),
        "ibkr_guard_alert_slowest_seconds": (
            "The longest way of an alert to a channel's acceptance since the start.",
            status.get("alert_slowest_s", 0.0),
        ),
        "ibkr_guard_alerts_lost": (
            "Alerts that a channel did not accept since the start.",
            status.get("alerts_lost", 0),
        ),
        "ibkr_guard_seen_timestamp_seconds": ("When the guard last wrote this.", status["seen_s"]),
    }
    return [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n" for name, (text, value) in rows.items()
    ]
