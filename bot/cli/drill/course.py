"""The steps of a drill, in order: kill, restore, stop from the phone, twice the busiest load. Each is judged by the books."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.drill.judge import Judge
from bot.cli.drill.processes import JUDGE, START_S, DrillBot, DrillGuard, end
from bot.cli.embedded import Gateway
from bot.domain.errors import BotError, FixTheMachine
from bot.journal.drills import DrillStep
from bot.journal.readers import connect_read_only
from bot.journal.recover import is_whole
from bot.journal.store import JOURNAL_FILE

BUSIEST_SPAN_S = 15 * 60
AFTER_STOP_S = 3600
"""Of simulated time: enough for a bot that wants to enter to try."""
LOAD_S = 3600
_DAY_S, _SETTLE_S = 7 * 3600, 120


@dataclass(slots=True)
class Course:
    """``busiest`` rows in a quarter of an hour are what the load is measured by; ``say`` tells what is being done."""

    gateway: Gateway
    scratch: Path
    busiest: int
    say: Callable[[str], None]

    def run(self) -> Iterator[DrillStep]:
        """The steps, as they end; after one that could not be done the rest is left out. Everything is ended at last."""
        with ExitStack() as stack:
            guard = DrillGuard(self.gateway, self.scratch)
            stack.callback(end, guard.process)
            guard.wait_seeing()
            judge = Judge(self.gateway.port, JUDGE)
            stack.callback(judge.close)
            lives = _Lives(self, stack, guard.port)
            works: tuple[tuple[str, Callable[[], str]], ...] = (
                ("kill", lambda: self._kill(judge, lives)),
                ("restore", lambda: self._restore(judge, lives)),
                ("phone", lambda: self._phone(judge, lives, guard)),
                ("load", lambda: self._load(judge, lives)),
            )
            for name, work in works:
                began_s = time.monotonic()
                try:
                    words, passed = work(), True
                except BotError as error:
                    words, passed = str(error), False
                yield DrillStep(name, passed, words, round(time.monotonic() - began_s, 1))
                if not passed:
                    return

    def _kill(self, judge: Judge, lives: _Lives) -> str:
        self.say("kill: waiting for a position")
        bot = lives.start("first")
        _fall_in(bot, judge)
        if not any(judge.held and not judge.unprotected() for _ in judge.steps(_DAY_S)):
            raise FixTheMachine("the day brought no position under a stop; nothing could be killed")
        bot.kill()
        _check(judge, "after the kill")
        return (
            f"killed (SIGKILL) at {_clock(judge)} with {judge.held} contracts held; "
            "the gateway still works a stop for each"
        )

    def _restore(self, judge: Judge, lives: _Lives) -> str:
        self.say("restore: a second life from a backup of the first one's journal")
        state = self.scratch / "second"
        state.mkdir()
        rows = copy_journal(lives.state("first") / JOURNAL_FILE, state / JOURNAL_FILE)
        bot = lives.start("second")
        _fall_in(bot, judge)
        held = judge.held
        judge.wait(_SETTLE_S)
        status = bot.status()
        if status["trading_state"] != "ACTIVE":
            raise FixTheMachine(
                f"the restored bot is {status['trading_state']}: {', '.join(status['causes'])}"
            )
        known = sum(one["quantity"] for one in status["open_brackets"])
        if known != judge.held:
            raise FixTheMachine(f"the restored bot knows {known} contracts, the gateway has {judge.held}")
        _check(judge, "after the restore")
        return f"{rows} rows restored and whole; {held} contracts taken over, trading active, every position under its stop"

    def _phone(self, judge: Judge, lives: _Lives, guard: DrillGuard) -> str:
        self.say("phone: the guard's stop, and an hour of the market after it")
        began_s = time.monotonic()
        while not guard.type("stop", "from the phone", "--by", "phone")["taken"]:
            if time.monotonic() - began_s > START_S:
                raise FixTheMachine("the stop lies on disk and the guard did not take it")
        took_s = time.monotonic() - began_s
        judge.wait(_SETTLE_S)
        held = judge.held
        for _ in judge.steps(AFTER_STOP_S):
            if judge.held > held:
                raise FixTheMachine(f"a position grew from {held} to {judge.held} contracts after the stop")
            held = judge.held
        entries = [order for order in judge.working() if order.action == "BUY"]
        if entries:
            raise FixTheMachine(f"{len(entries)} entries rest after the stop")
        _check(judge, "after the stop")
        if "guard" not in lives.running().status()["links_down"]:
            raise FixTheMachine("the bot does not show the stop")
        guard.type("resume", "--reason", "the drill goes on", "--by", "drill")
        return f"taken within {took_s:.1f} s; no entry for an hour, none rests, protection stands, the bot shows it"

    def _load(self, judge: Judge, lives: _Lives) -> str:
        self.say("load: the market as fast as this machine can")
        journal = lives.running().state / JOURNAL_FILE
        before, began_s = count_rows(journal), time.monotonic()
        judge.wait(LOAD_S)
        took_s, rows = time.monotonic() - began_s, count_rows(journal) - before
        if not rows:
            raise FixTheMachine("nothing was handled")
        busiest = self.busiest or busiest_rows(journal)
        needs_s = 2 * busiest * took_s / rows
        code = lives.running().stop()
        if code:
            raise FixTheMachine(f"the bot ended with {code}; see {journal.with_name('bot.log')}")
        words = f"twice the busiest quarter of an hour (2 × {busiest} rows) takes {needs_s:.1f} s of {BUSIEST_SPAN_S}"
        if needs_s > BUSIEST_SPAN_S:
            raise FixTheMachine(f"too slow: {words}")
        return words


class _Lives:
    """The bot's lives, one after the other; what still lives at the end is killed."""

    def __init__(self, course: Course, stack: ExitStack, port: int) -> None:
        self._course, self._stack, self._port = course, stack, port
        self._bot: DrillBot | None = None

    def state(self, name: str) -> Path:
        return self._course.scratch / name

    def start(self, name: str) -> DrillBot:
        self._bot = DrillBot(self._course.gateway, self._port, self.state(name))
        self._stack.callback(self._bot.kill)
        return self._bot

    def running(self) -> DrillBot:
        assert self._bot is not None  # noqa: S101  a step comes after the one that started it
        return self._bot


def _fall_in(bot: DrillBot, judge: Judge) -> None:
    """Until the bot follows the gateway's time: from then on each waits for the other. Errors: FixTheMachine."""
    bot.wait_connected()
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        judge.step()
        at = bot.status()["at"]
        if at is not None and datetime.fromisoformat(at).timestamp() >= judge.now_s:
            return
        time.sleep(0.1)
    raise FixTheMachine(f"the drill's bot does not follow the gateway's time; see {bot.state / 'bot.log'}")


def _check(judge: Judge, when: str) -> None:
    gaps = judge.unprotected()
    if gaps:
        raise FixTheMachine(f"{when} {sum(gaps.values())} contracts are without a stop at the gateway")


def _clock(judge: Judge) -> str:
    return f"{datetime.fromtimestamp(judge.now_s, UTC):%Y-%m-%d %H:%M UTC} of the simulated day"


def copy_journal(live: Path, copy: Path) -> int:
    """As the nightly backup does it, and proved: how many rows came over. Errors: FixTheMachine."""
    try:
        with (
            closing(connect_read_only(live)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise FixTheMachine(f"{live}: no backup can be made ({error})") from None
    if not is_whole(copy) or count_rows(copy) != count_rows(live):
        raise FixTheMachine(f"the backup of {live} is not whole")
    return count_rows(copy)


def count_rows(journal: Path) -> int:
    """How many rows a journal has."""
    with closing(connect_read_only(journal)) as db:
        return int(db.execute("SELECT count(*) FROM messages").fetchone()[0])


def busiest_rows(journal: Path) -> int:
    """The most rows a journal has of any quarter of an hour of its own time, 0 where there is none."""
    quarter = "substr(at, 1, 13), CAST(substr(at, 15, 2) AS INTEGER) / 15"
    query = f"SELECT count(*) AS n FROM messages GROUP BY {quarter} ORDER BY n DESC LIMIT 1"  # noqa: S608  our own words
    try:
        with closing(connect_read_only(journal)) as db:
            found = db.execute(query).fetchone()
    except (sqlite3.Error, FixTheMachine):
        return 0
    return int(found[0]) if found else 0
