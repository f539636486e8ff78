"""The days at three spreads, side by side: the same report as one after the other, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from bot.backtest.elsewhere import begun_elsewhere, outcomes_of
from bot.backtest.exact.run import Progress
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.document import Report, backtest_document
from bot.backtest.report.plain import as_json_text
from bot.backtest.spreads import play_report
from bot.domain.errors import FixTheMachine
from bot.ops.page.render import as_file
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import DAY, plan
from tests.backtest.processes import PATIENCE_S, all_gone, children, until


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.backtest.worker.os.sched_getaffinity", lambda _: {0, 1})


def told_by(chosen: BacktestPlan, *, is_exact: bool = False) -> tuple[Report, list[object], int]:
    """The report, what the bar was told, and of how many sessions."""
    seen: list[object] = []
    totals: list[int] = []

    @contextmanager
    def bar(total: int) -> Iterator[Progress]:
        totals.append(total)
        yield seen.append

    return play_report(chosen, BUNDLE, bar, is_exact=is_exact, has_spreads=True), seen, totals[0]


def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.backtest.worker.os.sched_getaffinity", lambda _: {0})


def is_the_same(chosen: BacktestPlan, monkeypatch: pytest.MonkeyPatch, *, is_exact: bool) -> None:
    report, seen, total = told_by(chosen, is_exact=is_exact)
    one_after_the_other(monkeypatch)
    expected, *_ = told_by(chosen, is_exact=is_exact)

    days = [x.day for x in report.outcome.days]
    assert sorted(seen) == sorted(3 * days)  # type: ignore[type-var]  # they are dates
    assert total == len(seen)
    assert as_json_text(report) == as_json_text(expected)
    at = backtest_document(report).at
    assert as_file(backtest_document(report)) == as_file(backtest_document(expected)), at
    assert [x.decisions() for _, x in report.variants] == [x.decisions() for _, x in expected.variants]
    assert len({x.end_equity for _, x in report.variants}) == 3


def test_the_report_is_the_same_as_of_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    is_the_same(plan("SPY", date(2011, 1, 26), date(2011, 1, 27)), monkeypatch, is_exact=False)


@pytest.mark.slow
def test_so_is_that_of_the_exact_gear(monkeypatch: pytest.MonkeyPatch) -> None:
    is_the_same(plan("SPY", date(2011, 1, 26), date(2011, 1, 26)), monkeypatch, is_exact=True)


def test_without_spreads_nothing_is_played_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fork", partial(pytest.fail, "a process is made"))

    @contextmanager
    def bar(_: int) -> Iterator[Progress]:
        yield lambda _: None

    report = play_report(plan("GOOG", DAY, DAY), BUNDLE, bar, is_exact=False, has_spreads=False)

    assert report.variants == ()


def whose(_: Progress) -> Outcome:
    """Its equity says which process played."""
    return Outcome(Decimal(os.getpid()))


def killed(_: Progress) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def failing_but_in(pid: int, _: Progress) -> Outcome:
    if os.getpid() == pid:
        return whose(_)
    raise ValueError("of no interest")


def players_of(*runs: Callable[[Progress], Outcome]) -> list[Decimal]:
    with begun_elsewhere(runs) as begun:
        return [x.start_equity for x in outcomes_of(begun, lambda _: None)]


def test_each_is_played_in_a_process_of_its_own() -> None:
    assert len({*players_of(whose, whose), Decimal(os.getpid())}) == 3


def test_one_processor_makes_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    one_after_the_other(monkeypatch)

    assert players_of(whose, whose) == []


def test_one_that_was_killed_is_a_line() -> None:
    with pytest.raises(FixTheMachine, match="a process of the backtest was killed"):
        players_of(whose, killed)


def test_one_that_failed_is_played_again_here() -> None:
    own = os.getpid()

    assert players_of(partial(failing_but_in, own)) == [own]


def test_where_no_more_processes_can_be_made_the_rest_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    fork, made = os.fork, list[None]()

    def refused() -> int:
        if made:
            raise BlockingIOError
        made.append(None)
        return fork()

    monkeypatch.setattr("os.fork", refused)

    assert len(players_of(whose, whose)) == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at the processes in /proc")
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor makes no processes")
@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 130, "ibkr-bot: stopped\n"),
        (signal.SIGTERM, -signal.SIGTERM, ""),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_a_backtest_that_is_stopped_leaves_nobody_behind(
    tmp_path: Path, number: signal.Signals, code: int, says: str
) -> None:
    words = (
        sys.executable,
        "-m",
        "bot",
        "backtest",
        "--symbols",
        "SPY",
        "--synthetic",
        "--from",
        "2025-01-02",
    )
    years = (*words, "--to", "2029-12-31")
    with subprocess.Popen(
        years, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as command:
        until(lambda: len(children(command.pid)) == 2 or command.poll() is not None)
        made = children(command.pid)
        # As a terminal does it: Ctrl-C reaches every process of the command.
        (os.killpg if number is signal.SIGINT else os.kill)(command.pid, number)
        _, told = command.communicate(timeout=PATIENCE_S)

    assert len(made) == 2
    assert (command.returncode, told) == (code, says)
    until(partial(all_gone, made))
