"""The bot of ``benchmarks.exit_path``: adapter, actors and a journal on disk, told over stdin what to do.

It prints what happened and when (CLOCK_MONOTONIC, which all processes share): ``KIND ID SECONDS``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.actors.broker_link import BrokerLink
from bot.actors.clock import Clock
from bot.actors.desk import Desk, start_peer
from bot.actors.runtime import Line, settle, stop
from bot.assembly.machines import make_machines
from bot.broker.ibkr import IbkrBroker
from bot.config import load_settings
from bot.domain import messages as m
from bot.execution.limits import WatcherLimits
from bot.execution.watcher import OcoWatcher
from bot.journal.listener import JournalListener
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.process.collector import QuietCollector
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import BOARD, BROKER, JOURNAL, OCO_WATCHER, START_ORDER
from tests.broker.script import settings as broker_settings
from tests.execution.line import START, bracket


def main(port: int, directory: Path, began_s: float) -> None:
    """``began_s``: when the day began, by the clock that all processes share; the gateway's time counts from there, too."""

    def now() -> datetime:
        return START + timedelta(seconds=time.monotonic() - began_s)

    settings = load_settings(None, {"SYMBOLS": "SPY"}, Path("none"))
    with closing(Journal(directory / JOURNAL_FILE, now)) as journal:
        line = Desk(partial(_commit, journal))
        machines = make_machines(settings, 1.0)
        # How long a gap is looked at before it is repaired, and how often the broker is asked, are decisions: not measured.
        machines[OCO_WATCHER] = OcoWatcher(WatcherLimits(repair_grace_s=0.0, snapshot_gap_s=0.0))
        machines |= {JOURNAL: JournalListener(journal), BOARD: StatusBuilder(("SPY",))}
        ordered = [name for slot in START_ORDER for name in machines if name.partition(":")[0] == slot]
        for name in ordered:
            start_peer(name, machines[name], line, _failed)
        broker = IbkrBroker(broker_settings(port, request_timeout_s=20.0, heartbeat_timeout_s=30.0), now)
        start_peer(BROKER, BrokerLink(broker), line, _failed)
        clock = Clock(now, 1.0, line.emit)
        clock.start()
        broker.start(line.peers[BROKER].tell)
        collector = QuietCollector()
        collector.beat(now(), is_settled=True)
        for words in sys.stdin:
            _obey(words.split(), line, now())
        clock.stop()
        broker.stop(5.0)
        stop(line, [BROKER, *reversed(ordered)], 5.0)


def _obey(words: list[str], line: Line, at: datetime) -> None:
    match words:
        case ["place", idea_id]:
            place = bracket(idea_id, at=at)
            _told("asked", idea_id)
            line.emit(place)
        case ["halt", name]:
            _told("typed", name)
            line.emit(m.HaltTrading(at, name, "bench"))
            settle(line)
        case ["resume"]:
            line.emit(m.ResumeTrading(at, "bench", "bench"))
            settle(line)


def _commit(journal: Journal, messages: Sequence[m.Message]) -> None:
    journal.commit_all(messages)
    for message in messages:
        match message:
            case m.FillBooked(fill):
                _told("booked", fill.order_ref)
            case m.BracketClosed():
                _told("closed", message.idea_id)
            case m.Halted():
                _told("halted", message.detail)


def _told(kind: str, subject: str) -> None:
    sys.stdout.write(f"{kind} {subject} {time.monotonic():.6f}\n")
    sys.stdout.flush()


def _failed(component: str, error: BaseException, message: object) -> None:
    sys.stderr.write(f"{component}: {error!r} while handling {message!r}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
