"""Houses as a command finds them: nothing yet, a finished day, a bot that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain import messages as m
from bot.journal.codec import JOURNAL_KINDS
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.page.verdict import verdict
from bot.ops.process.control_socket import ControlServer
from bot.ops.process.instance_lock import InstanceLock
from bot.ops.process.operator import Operator, as_json
from tests.ops.page.moments import DONE, Moment

PAGE = "http://127.0.0.1:9108/"


def settings(house: Path, trading: str) -> Path:
    """A settings file that names this house's state directory."""
    path = house / "settings.yaml"
    path.write_text(
        f"broker: {{trading: {trading}}}\njournal: {{directory: {house}/state}}\n", encoding="utf-8"
    )
    return path


def write_journal(directory: Path, messages: Iterable[m.Message]) -> None:
    """What of these a journal keeps, each at the time that the day had reached."""
    directory.mkdir(parents=True, exist_ok=True)
    now: list[datetime] = []
    with closing(Journal(directory / JOURNAL_FILE, lambda: now[-1])) as journal:
        for message in messages:
            at = getattr(message, "at", None)
            if isinstance(at, datetime):
                now.append(at)
            if type(message).__name__ in JOURNAL_KINDS and now:
                journal.commit(message)


def simulated_day(house: Path, messages: Iterable[m.Message] = DONE) -> Path:
    """A simulated day that was traded, and to which ``latest`` points."""
    directory = house / "state/simulated/d1"  # short: a socket's path has 107 characters at most
    write_journal(directory, messages)
    (house / "state/simulated/latest").symlink_to(directory.name)
    return directory


@contextmanager
def running_bot(directory: Path, moment: Moment) -> Iterator[None]:
    """Its lock is held and its control socket answers with the moment's status, whatever that is by then."""
    directory.mkdir(parents=True, exist_ok=True)

    def beside() -> dict[str, Any]:
        return {"alert_failures": {}, "verdict": as_json(verdict(moment.builder.status)), "page": PAGE}

    status = lambda: moment.builder.status  # noqa: E731
    operator = Operator(status, lambda _: None, lambda: None, lambda: DONE[-1].at, beside=beside)  # type: ignore[attr-defined]
    lock, server = InstanceLock(directory), ControlServer(directory, operator.answer)
    try:
        yield
    finally:
        server.close()
        lock.release()
