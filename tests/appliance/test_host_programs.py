"""Programs that the roles put on hosts: may it be interrupted, backups and their keeper, what else a host tells."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, module

INTERRUPT = module(ROOT / "ansible" / "files" / "may_interrupt.py")
CONNECTED = ROOT / "ansible" / "files" / "while_connected.py"
BACKUP = module(ROOT / "roles" / "nightly_backup" / "files" / "backup.py")
KEEP = ROOT / "roles" / "nightly_backup" / "files" / "keep.py"
FACTS = module(ROOT / "roles" / "base" / "files" / "host_facts.py")

FLAT: dict[str, Any] = {"open_brackets": []}
HELD = {"open_brackets": [{"label": "SPY 130 C", "quantity": 2, "is_proved": True}]}
NAKED = {"open_brackets": [{"label": "SPY 130 C", "quantity": 2, "is_proved": False}]}


@pytest.mark.parametrize(
    ("unit", "status", "market", "is_forced", "part"),
    [
        ("active", FLAT, "False", False, ""),
        ("active", HELD, "False", False, ""),
        ("active", HELD, "True", False, "The market is open."),
        ("active", HELD, "True", True, ""),
        ("active", FLAT, "", False, "The market is open."),
        ("active", NAKED, "False", True, "SPY 130 C is held without proved protection"),
        ("active", None, "False", False, "does not answer"),
        ("active", None, "True", True, ""),
        ("inactive", None, "True", False, ""),
        ("failed", None, "", False, ""),
    ],
)
def test_a_bot_may_be_interrupted_when_nothing_is_at_stake(
    unit: str, status: dict[str, Any] | None, market: str, is_forced: bool, part: str
) -> None:
    why = INTERRUPT.reason(unit, status, market, is_forced=is_forced)

    assert part in why
    assert bool(part) == bool(why)


def journal(folder: Path) -> Path:
    """A journal in use, with a row that only its write-ahead log holds."""
    path = folder / "journal.db"
    live = sqlite3.connect(path)
    live.execute("pragma journal_mode=wal")
    live.execute("create table row (text)")
    live.execute("insert into row values ('halted')")
    live.commit()
    return path


def test_a_backup_holds_the_journal_as_of_one_instant_and_the_settings(tmp_path: Path) -> None:
    journal(tmp_path)
    (tmp_path / "settings.yaml").write_text("symbols: [SPY]\n")

    BACKUP.pack(tmp_path / "pi.tar.gz", tmp_path, tmp_path / "settings.yaml")

    with tarfile.open(tmp_path / "pi.tar.gz") as archive:
        archive.extractall(tmp_path / "out", filter="data")
    assert sqlite3.connect(tmp_path / "out" / "journal.db").execute("select text from row").fetchall() == [
        ("halted",)
    ]
    assert (tmp_path / "out" / "settings.yaml").read_text() == "symbols: [SPY]\n"
    assert (tmp_path / "pi.tar.gz").stat().st_mode & 0o777 == 0o600


def test_a_backup_of_a_journal_at_rest_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = journal(tmp_path)
    rest = tmp_path / "rest"
    rest.mkdir()
    BACKUP.copy_journal(path, rest / "journal.db")

    BACKUP.copy_journal(rest / "journal.db", tmp_path / "copy.db")

    assert [x.name for x in rest.iterdir()] == ["journal.db"]


def test_the_moment_of_the_last_backup_is_told(tmp_path: Path) -> None:
    BACKUP.publish(tmp_path / "backup.prom", 1_000.4, "keeper", 77)

    told = (tmp_path / "backup.prom").read_text()
    assert 'appliance_backup_last_success_timestamp_seconds{place="keeper"} 1000\n' in told


def keep(home: Path, name: str, data: bytes, many: int = 2) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, str(KEEP), name, str(many)]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, input=data, capture_output=True, env=environment, check=False)


def test_the_keeper_takes_a_copy_and_throws_the_oldest_away(tmp_path: Path) -> None:
    for old in ("pi-20200101T000000Z.tar.gz", "pi-20200102T000000Z.tar.gz", "pi2-20200101T000000Z.tar.gz"):
        (tmp_path / old).write_bytes(b"\x1f\x8bold")

    done = keep(tmp_path, "pi", b"\x1f\x8bnew")

    assert done.stdout == b"kept\n"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:1] == ["pi-20200102T000000Z.tar.gz"]
    assert names[2:] == ["pi2-20200101T000000Z.tar.gz"], "another bot's copies are not counted"


@pytest.mark.parametrize(("name", "data"), [("pi", b"not an archive"), ("../pi", b"\x1f\x8b"), ("pi", b"")])
def test_the_keeper_takes_nothing_else(tmp_path: Path, name: str, data: bytes) -> None:
    assert keep(tmp_path, name, data).returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_errors_of_a_card_are_counted_and_a_reboot_is_told() -> None:
    log = "mmc0: card removed\nmmc0: Timeout waiting for hardware interrupt.\nBuffer I/O error on dev mmcblk0\nusb 1-1: new\n"

    told = FACTS.metrics(log, is_reboot_due=True)

    assert "appliance_storage_errors_total 2\n" in told
    assert "appliance_reboot_due 1\n" in told


def test_a_long_command_ends_with_the_connection_it_was_asked_by(tmp_path: Path) -> None:
    # A stand-in for sshd's process, by its name: it starts the command, and goes when it is told to.
    sshd = tmp_path / "sshd-session"
    sshd.symlink_to("/bin/sh")
    pids = tmp_path / "pids"
    script = (
        f"{sys.executable} {CONNECTED} sh -c 'echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; wait' & wait"
    )
    with subprocess.Popen([str(sshd), "-c", script], start_new_session=True) as connection:
        while not pids.exists() or len(pids.read_text().split()) < 2:
            time.sleep(0.05)  # until the command runs; no deadline, the test's own time limit holds
        started = [int(pid) for pid in pids.read_text().split()]
        connection.kill()
    while any(Path(f"/proc/{pid}").exists() for pid in started):
        time.sleep(0.05)


def test_a_command_without_a_connection_just_runs() -> None:
    done = subprocess.run([sys.executable, str(CONNECTED), "sh", "-c", "exit 7"], check=False)

    assert done.returncode == 7
