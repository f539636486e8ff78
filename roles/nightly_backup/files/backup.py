#!/usr/bin/python3
"""Copy a bot's journal and settings: backup.py --name pi [--to USER@HOST] [--output FILE]. See --help.

Rule: the journal is copied as of one instant by SQLite's own backup, so the bot runs on; the copy is checked before it
counts. No secrets are in it. The moment of the last success is told to Prometheus, and only when the copy arrived.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

STATE, SETTINGS = Path("/var/lib/ibkr-bot"), Path("/etc/ibkr-bot/settings.yaml")
KEYS = Path("/etc/ibkr-bot-backup")


def copy_journal(live: Path, copy: Path) -> None:
    """Copy a journal that is in use; sqlite3.DatabaseError when the copy is not whole."""
    # Beside a journal at rest a connection that may not write would leave files that it cannot take away.
    mode = "ro" if live.with_name(f"{live.name}-wal").exists() else "rw"
    source = sqlite3.connect(f"file:{live}?mode={mode}", uri=True)
    target = sqlite3.connect(copy)
    try:
        source.backup(target)
        if target.execute("pragma integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is not whole")
    finally:
        source.close()
        target.close()


def pack(archive: Path, state: Path, settings: Path) -> None:
    """Pack the journal and the settings, in the form that ansible/restore.yml reads."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.db"
        copy_journal(state / "journal.db", journal)
        fresh = archive.with_name(f".{archive.name}.{os.getpid()}")
        with tarfile.open(fresh, "w:gz") as out:
            out.add(journal, "journal.db")
            if settings.exists():
                out.add(settings, "settings.yaml")
        fresh.chmod(0o600)
        fresh.rename(archive)


def send(archive: Path, to: str, port: int) -> bool:
    """Hand the archive to the keeper; whether it said that it has it."""
    command = [
        "ssh", "-p", str(port), "-i", str(KEYS / "key"), "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
        "-o", f"UserKnownHostsFile={KEYS / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes", to, "keep",
    ]  # fmt: skip
    with archive.open("rb") as data:
        done = subprocess.run(command, stdin=data, capture_output=True, text=True, check=False)  # noqa: S603  ours
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode == 0 and "kept" in done.stdout


def publish(path: Path, now: float, place: str, size: int) -> None:
    """Tell Prometheus, replacing the text file in one step."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(
        "# HELP appliance_backup_last_success_timestamp_seconds When the last backup arrived where it is kept.\n"
        "# TYPE appliance_backup_last_success_timestamp_seconds gauge\n"
        f'appliance_backup_last_success_timestamp_seconds{{place="{place}"}} {now:.0f}\n'
        "# HELP appliance_backup_bytes How large it is.\n"
        "# TYPE appliance_backup_bytes gauge\n"
        f'appliance_backup_bytes{{place="{place}"}} {size}\n'
    )
    fresh.chmod(0o644)
    fresh.replace(path)


def main() -> int:
    """Copy, hand over, tell, tidy up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--name", required=True, help="the bot's name; it names the file")
    parser.add_argument("--folder", type=Path, default=Path("/var/backups/ibkr-bot"))
    parser.add_argument("--keep", type=int, default=7, help="how many copies stay in the folder")
    parser.add_argument("--to", default="", help="user@host of the keeper")
    parser.add_argument("--port", type=int, default=22)
    parser.add_argument("--textfile", type=Path)
    parser.add_argument("--output", type=Path, help="only write this file")
    given = parser.parse_args()
    if not (STATE / "journal.db").exists():
        sys.exit(
            f"{STATE}/journal.db is not there: the bot has never run on this host, so there is nothing to copy"
        )
    if given.output:
        pack(given.output, STATE, SETTINGS)
        return 0
    archive = given.folder / f"{given.name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar.gz"
    pack(archive, STATE, SETTINGS)
    for old in sorted(given.folder.glob("*.tar.gz"))[: -given.keep]:
        old.unlink()
    if given.to and not send(archive, given.to, given.port):
        sys.exit(f"{given.to} did not take the copy; it stays in {archive}")
    if given.textfile:
        publish(given.textfile, time.time(), "keeper" if given.to else "here", archive.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
