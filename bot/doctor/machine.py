"""The checks of this machine: settings, secrets, disk, lock, ports, the unit, and the ways out to a person."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot.build import build_id
from bot.config import Settings, hand_down
from bot.doctor.findings import Finding, fail, ok, skip, warn
from bot.doctor.packages import packages_of
from bot.domain.errors import FixTheConfiguration
from bot.domain.session import days_left, new_york_day
from bot.journal.drills import drill_due, last_passed
from bot.journal.recover import is_whole
from bot.journal.store import JOURNAL_FILE
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.events import CALENDAR_WARNING_DAYS
from bot.ops.process.control_client import SOCKET
from bot.ops.process.instance_lock import is_locked

UNIT = "ibkr-bot.service"
LOW_DISK_BYTES, NO_DISK_BYTES = 500 * 2**20, 50 * 2**20
_TIMEOUT_S = 5.0


def machine_checks(settings: Settings, dotenv: Path = Path(".env")) -> Iterator[Finding]:
    yield ok("build", build_id())
    yield packages_of(Path(sys.prefix))
    yield _settings(settings)
    yield _secrets(settings, dotenv)
    for name, directory in (("state", settings.journal.directory), ("logs", settings.journal.log_directory)):
        yield _directory(name, directory)
    yield _disk(settings.journal.directory)
    yield _journal(settings.journal.directory / JOURNAL_FILE)
    yield drill_finding(settings.journal.directory / JOURNAL_FILE, datetime.now(UTC))
    yield _lock(settings)
    yield _metrics_port(settings)
    yield _alerts(settings)
    yield _heartbeat(settings)
    yield _unit()
    yield calendar_finding(datetime.now(UTC))


def calendar_finding(now: datetime) -> Finding:
    """How far the table of trading days reaches."""
    left = days_left(new_york_day(now))
    words = (
        f"trading days are known for {left} days more" if left >= 0 else "the table of trading days has ended"
    )
    remedy = "upgrade the bot: without a calendar it buys nothing"
    if left < 0:
        return fail("calendar", words, remedy)
    return warn("calendar", words, remedy) if left < CALENDAR_WARNING_DAYS else ok("calendar", words)


def _settings(settings: Settings) -> Finding:
    origins = [where for where in settings.provenance().values() if where != "default"]
    places = sorted({where.partition(": ")[0].partition(", which")[0] for where in origins})
    orders = "no orders (dry run)" if settings.dry_run else "orders go out"
    words = f"{settings.broker.trading}, {orders}, {', '.join(settings.symbols)}; {len(origins)} values set"
    return ok("settings", f"{words} in {', '.join(places)}" if places else f"{words}: all defaults")


def _secrets(settings: Settings, dotenv: Path) -> Finding:
    """Every file that holds a secret is read by its owner alone, or by the group through which we read another's file."""
    named = [where.partition(", which")[0] for where in settings.provenance().values() if ", which" in where]
    files_there = (path for path in {dotenv, *map(Path, named)} if path.is_file())
    open_to_others = [str(path) for path in files_there if _is_open_to_others(path)]
    if open_to_others:
        files = " ".join(sorted(open_to_others))
        return fail("secrets", f"others on this machine may read {files}", f"chmod 600 {files}")
    return ok("secrets", f"{len(settings.secrets())} configured, their files are private")


def _is_open_to_others(path: Path) -> bool:
    info = path.stat()
    is_ours = info.st_uid == os.getuid()
    return bool(info.st_mode & stat.S_IRWXO or (is_ours and info.st_mode & stat.S_IRWXG))


def _directory(name: str, directory: Path) -> Finding:
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        key = "journal.directory" if name == "state" else "journal.log_directory"
        return fail(name, f"{existing} cannot be written to", f"make it writable for this user, or set {key}")
    if name == "state" and existing == directory and directory.stat().st_mode & stat.S_IWOTH:
        return warn(name, f"everybody may write to {directory}", f"chmod 700 {directory}")
    return ok(name, f"{directory} is writable" if existing == directory else f"{directory} will be made")


def _disk(directory: Path) -> Finding:
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    usage = shutil.disk_usage(existing)
    words = f"{usage.free / 2**30:.1f} GiB free of {usage.total / 2**30:.1f}"
    remedy = "free some space: old logs, backups, apt-get clean"
    if usage.free < NO_DISK_BYTES:
        return fail("disk", words, remedy)
    return warn("disk", words, remedy) if usage.free < LOW_DISK_BYTES else ok("disk", words)


def _journal(path: Path) -> Finding:
    """The whole file: a start looks only at what it reads."""
    if not path.exists():
        return skip("journal", f"{path} is not there yet")
    if is_whole(path):
        return ok("journal", f"{path.stat().st_size / 2**20:.1f} MiB, whole to its first row")
    remedy = "back it up, and restart the bot while the market is closed: it repairs the file at its start"
    return fail("journal", f"{path} is damaged", remedy)


def drill_finding(journal: Path, now: datetime) -> Finding:
    """Whether the quarter's drill was passed."""
    last, due = last_passed(journal), drill_due(journal)
    if due is None:
        return skip("drill", "there is no journal yet; the first drill: ibkr-bot drill")
    words = "never passed" if last is None else f"passed on {last.at:%Y-%m-%d} by build {last.build}"
    if now >= due:
        return warn(
            "drill", f"{words}; overdue since {due:%Y-%m-%d}", "ibkr-bot drill, while the market is closed"
        )
    return ok("drill", f"{words}; due by {due:%Y-%m-%d}")


def is_running(settings: Settings) -> bool:
    """Whether a bot holds the lock of these settings. Takes nothing."""
    return is_locked(settings.journal.directory)


def _lock(settings: Settings) -> Finding:
    if not is_running(settings):
        return ok("lock", "no bot runs with this state directory")
    if not (settings.journal.directory / SOCKET).exists():
        return warn(
            "lock", "a bot runs, and has no control socket", f"systemctl restart {UNIT}, or stop the process"
        )
    return ok("lock", "a bot runs; `ibkr-bot status` shows it")


def _metrics_port(settings: Settings) -> Finding:
    monitoring = settings.monitoring
    if not monitoring.metrics_enabled:
        return skip("metrics", "monitoring.metrics_enabled is false")
    where = (monitoring.metrics_host, monitoring.metrics_port)
    shown = f"{where[0]}:{where[1]}"
    is_used = _accepts(*where)
    if is_running(settings):
        if is_used:
            return ok("metrics", f"served on {shown}")
        return warn("metrics", f"a bot runs, and nothing answers on {shown}", "see bot.log for why")
    if is_used:
        return fail(
            "metrics", f"another program listens on {shown}", "stop it, or set monitoring.metrics_port"
        )
    return ok("metrics", f"{shown} is free")


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _alerts(settings: Settings) -> Finding:
    if not settings.monitoring.alerts_enabled:
        return warn(
            "alerts", "monitoring.alerts_enabled is false", "nobody is told what happens: set it true"
        )
    try:
        channels = open_channels(hand_down.alert_addresses(settings))
    except FixTheConfiguration as error:
        return fail("alerts", str(error), "correct the address, then: ibkr-bot alert test")
    if not channels:
        judge = warn if settings.broker.trading != "simulated" else _unneeded
        return judge(
            "alerts", "no channel is configured", "set one below monitoring, then: ibkr-bot alert test"
        )
    return ok("alerts", f"{', '.join(kind for kind, _ in channels)}; `ibkr-bot alert test` sends one")


def _unneeded(name: str, found: str, _: str) -> Finding:
    return skip(name, f"{found}; a simulation needs none")


def _heartbeat(settings: Settings) -> Finding:
    """Only whether the watcher can be reached: a ping from here would be a false sign of life."""
    url = settings.monitoring.heartbeat_url
    if url is None:
        judge = warn if settings.broker.trading != "simulated" else _unneeded
        remedy = "set monitoring.heartbeat_url: only somebody outside can tell that this machine is dead"
        return judge("heartbeat", "no watcher is configured", remedy)
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return fail(
            "heartbeat", "monitoring.heartbeat_url is no web address", "copy it again from the watcher"
        )
    if not _accepts(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)):
        return fail("heartbeat", "the watcher cannot be reached", "look at the network, DNS, and the address")
    return ok("heartbeat", "the watcher can be reached")


def _unit() -> Finding:
    systemctl = shutil.which("systemctl")
    if systemctl is None or not Path("/run/systemd/system").exists():
        return skip("unit", "no systemd here")
    shown = subprocess.run(  # noqa: S603  a fixed command
        [systemctl, "show", UNIT, "--property=LoadState,ActiveState,UnitFileState,NRestarts"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    state = dict(line.partition("=")[::2] for line in shown.stdout.splitlines())
    if state.get("LoadState") != "loaded":
        return skip("unit", f"{UNIT} is not installed")
    words = f"{state.get('ActiveState')}, {state.get('UnitFileState')}, {state.get('NRestarts')} restarts"
    if state.get("ActiveState") == "failed":
        return fail("unit", words, f"journalctl -u {UNIT} -n 50; then systemctl restart {UNIT}")
    if state.get("UnitFileState") != "enabled":
        return warn("unit", words, f"systemctl enable --now {UNIT}: it does not start with the machine")
    return ok("unit", words)
