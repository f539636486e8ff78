"""A time copied from anywhere into `why` finds the bar: every form in which a screen, a log, a table or a file writes one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.show.moment import moment_of
from bot.cli.show.screen import clock_text, moment_text
from bot.domain.errors import FixTheCommand
from bot.domain.idea import Idea
from bot.domain.session import NEW_YORK, new_york_day, session_on
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.page.wording import clock
from bot.ops.status.line import new_york
from bot.ops.status.spoken import spoken_idea, spoken_moment, spoken_time
from tests.journal.makers import BAR_END, JUDGED

DAYS = [datetime(2011, 1, 26, tzinfo=UTC).date(), datetime(2026, 7, 6, tzinfo=UTC).date()]
NOBODY_S = lambda: Path("none")  # noqa: E731
Written = Callable[[datetime], str]

WITH_ITS_DAY: dict[str, Written] = {
    "status's time": lambda at: moment_text(at.isoformat()),
    "the page's last word": lambda at: f"{at.astimezone(NEW_YORK):%a, %-d %b %Y, %H:%M:%S} New York",
    "bot.log": lambda at: f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S.123 %Z}",
    "bot.jsonl's utc": lambda at: at.isoformat(timespec="milliseconds"),
    "JSON of msgspec": lambda at: at.isoformat().replace("+00:00", "Z"),
    "journalctl --utc": lambda at: f"{at:%a %Y-%m-%d %H:%M:%S UTC}",
    "why's own title": lambda at: f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York",
    "replay": lambda at: f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}",
    "an offset": lambda at: at.astimezone(NEW_YORK).isoformat(),
}
OF_THE_LAST_DAY: dict[str, Written] = {
    "a table": lambda at: (
        f"{at.astimezone(NEW_YORK):%H:%M}–{at.astimezone(NEW_YORK) + timedelta(minutes=9):%H:%M}"
    ),
    "a table, still open": lambda at: f"{at.astimezone(NEW_YORK):%H:%M}–",
    "status's clock": lambda at: clock_text(at.isoformat()),
    "the panel": lambda at: f"{new_york(at)} New York",
    "the page": clock,
    "an alert": spoken_time,
    "without a nought": lambda at: f"{at.astimezone(NEW_YORK):%-H:%M}",
    "the console's log": lambda at: f"{at.astimezone(NEW_YORK):%H:%M:%S %Z}",
    "what was not traded": lambda at: spoken_idea(Idea("SPY", at, "scalp").idea_id).removeprefix("SPY "),
    "UTC's clock": lambda at: f"{at:%H:%M} UTC",
}


@st.composite
def bars(draw: st.DrawFn) -> datetime:
    """A minute of one of two sessions, one in winter and one in summer."""
    session = session_on(draw(st.sampled_from(DAYS)))
    assert session is not None
    minutes = int((session.close - session.open).total_seconds()) // 60
    return session.open + timedelta(minutes=draw(st.integers(1, minutes)))


@given(bars(), st.sampled_from(sorted(WITH_ITS_DAY)), st.integers(0, 59))
def test_a_time_with_its_day_finds_the_bar(at: datetime, form: str, seconds: int) -> None:
    written = WITH_ITS_DAY[form](at + timedelta(seconds=seconds))
    assert moment_of(NOBODY_S, "spy", written, None) == ("SPY", at)


@given(bars(), st.sampled_from(sorted(OF_THE_LAST_DAY)), st.integers(0, 59))
def test_a_time_of_day_finds_the_bar_of_the_day_that_was_named(at: datetime, form: str, seconds: int) -> None:
    written, day = OF_THE_LAST_DAY[form](at + timedelta(seconds=seconds)), f"{new_york_day(at)}"
    assert moment_of(NOBODY_S, "SPY", written, day) == ("SPY", at)


@given(bars(), st.sampled_from(["", "/entry", "/stop-2"]))
def test_the_name_of_an_idea_or_of_an_order_finds_the_bar(at: datetime, leg: str) -> None:
    assert moment_of(NOBODY_S, Idea("SPY", at, "whale").idea_id + leg, "", None) == ("SPY", at)


def test_without_a_day_it_is_the_journal_s_last(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / JOURNAL_FILE, lambda: BAR_END)) as journal:
        journal.commit(JUDGED)
    found = moment_of(lambda: tmp_path / JOURNAL_FILE, "SPY", "10:31", None)[1]
    assert new_york_day(found) == new_york_day(BAR_END)
    assert spoken_moment(found).endswith("10:31 New York")


@pytest.mark.parametrize(
    "text", ["noon", "25:00", "10:61", "10:31 tomorrow", "2011-02-30 10:31", "1031", "31 Nov 2011 10:00"]
)
def test_what_is_no_time_is_refused_with_the_form_that_is_wanted(text: str) -> None:
    with pytest.raises(FixTheCommand, match="write it as in 10:31"):
        moment_of(NOBODY_S, "SPY", text, None)
