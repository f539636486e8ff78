"""What a run leaves on the screen."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.cli.run import _tell_made_up
from bot.cli.show.outcome import another_day, print_outcome
from bot.config import Settings
from bot.daemon import say_why
from bot.domain.session import session_on
from bot.ops.status.day_outcome import SeenDay

DAY = session_on(date(2011, 1, 26))


def test_a_failed_run_says_what_of_and_what_to_type_last_and_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_why(1, ["broker: FixTheMachine: the port is shut"], Settings())

    told = capsys.readouterr()
    assert told.out == ""
    assert "the run failed: broker: FixTheMachine: the port is shut" in told.err
    assert told.err.splitlines()[-1].endswith("logs/bot.log, then: ibkr-bot doctor")


def test_a_day_with_invented_prices_says_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    _tell_made_up(Settings(symbols=("SPY", "TSLA")), date(2011, 1, 26))

    assert capsys.readouterr().out == "TSLA: not recorded on 2011-01-26; its prices are made up\n"


def test_a_run_that_went_well_has_no_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    say_why(0, [""], Settings())

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("is_whole", "says"), [(True, "P&L of 2011-01-26"), (False, "did not run to its end")]
)
def test_a_day_that_failed_shows_no_result_it_does_not_know(
    capsys: pytest.CaptureFixture[str], is_whole: bool, says: str
) -> None:
    assert DAY is not None
    print_outcome(SeenDay(), Path("journal.db"), DAY, "", None, is_whole=is_whole)

    told = capsys.readouterr().out
    assert says in told
    assert ("+0.00" in told) is is_whole


def test_another_day_is_one_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert DAY is not None
    known = [date(2011, 1, 25), DAY.day, date(2011, 1, 27)]

    print_outcome(
        SeenDay(), Path("journal.db"), DAY, " --state x", another_day(DAY.day, known), is_whole=True
    )

    assert "run --state x --session 2011-01-27" in capsys.readouterr().out
    assert another_day(date(2011, 1, 27), known) == DAY.day
    assert another_day(DAY.day, [DAY.day]) is None
