"""A journal of several lives, of another house's settings, and halted by people: what a replay of it compares."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.backtest.replay.differences import Compared
from bot.backtest.replay.journal import compare_journal
from bot.cli.main import main
from bot.config import load_settings
from bot.config.deciding import deciding, settings_again, told_apart
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.readers import connect_read_only
from bot.journal.store import JOURNAL_FILE, Journal, read_rows
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan, with_journals
from tests.backtest.replay.test_verdict_times import SETTINGS, Line, margin, verdicts
from tests.ops.receivers import receiving
from tests.risk.house import NOON, account, idea

OURS: dict[str, str] = {"SYMBOLS": "GOOG", "MARKET_DATA__STRIKES_EACH_SIDE": "2"}
THEIRS = OURS | {"STRATEGIES__SCALP__FAST_EMA": "5", "SESSION__MINUTES_AFTER_OPEN": "20"}
DAYS = BUNDLE.sessions("GOOG")


def life(variables: dict[str, str], day: date, folder: Path) -> list[tuple[datetime, m.Message]]:
    chosen = replace(plan("GOOG", day, day), settings=load_settings(None, variables))
    folder.mkdir()
    [one] = with_journals(chosen, folder)
    with contextlib.closing(connect_read_only(one.journal)) as db:
        return [(row.at, row.message) for row in read_rows(db)]


def written(path: Path, *lives: list[tuple[datetime, m.Message]]) -> Path:
    now = lives[0][0][0]
    journal = Journal(path, lambda: now)
    for now, message in (row for one in lives for row in one):  # noqa: B007  the journal's clock
        journal.record(message)
    journal.close()
    return path


@pytest.fixture(scope="module")
def two_lives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day by our settings and one by theirs, in one journal."""
    folder = tmp_path_factory.mktemp("lives")
    ours, theirs = (life(*x) for x in ((OURS, DAYS[0], folder / "a"), (THEIRS, DAYS[1], folder / "b")))
    return written(folder / JOURNAL_FILE, ours, theirs)


def counted(found: Compared) -> tuple[int, int, int]:
    return len(found.differences), found.decisions["judgements"], found.decisions["verdicts"]


def test_a_day_of_a_journal_is_counted_and_compared_by_itself(two_lives: Path) -> None:
    ours = load_settings(None, OURS)
    whole = compare_journal(two_lives, ours)
    parts = [compare_journal(two_lives, ours, day) for day in DAYS]

    assert [x.decisions["judgements"] > 0 for x in parts] == [True, True]
    assert tuple(map(sum, zip(*map(counted, parts), strict=True))) == counted(whole)
    assert parts[0].differences == ()
    assert parts[1].differences == whole.differences != ()


def test_settings_of_another_house_are_told_and_can_be_taken(two_lives: Path) -> None:
    ours = load_settings(None, OURS)

    assert compare_journal(two_lives, ours, DAYS[0]).settings == ()
    assert compare_journal(two_lives, ours, DAYS[1]).settings == (
        "session.minutes_after_open is 5, was 20",
        "strategies.scalp.fast_ema is 8, was 5",
    )
    taken = compare_journal(two_lives, ours, as_journaled=True)
    assert (taken.differences, taken.settings) == ((), ())


def test_the_account_of_a_journal_that_names_no_settings_is_told(tmp_path: Path) -> None:
    line = Line(tmp_path / JOURNAL_FILE)
    line.hear(m.LineStarted(NOON, "old", "growth", dry_run=False, symbols=("SPY",)))
    line.open()
    line.close()
    other = load_settings(None, {"SYMBOLS": "SPY", "BROKER__ACCOUNT": "U7654321"})

    [told] = compare_journal(tmp_path / JOURNAL_FILE, other).settings

    assert told.startswith("broker.account is U7654321, the journal is of D")
    with pytest.raises(FixTheMachine, match="without its settings"):
        compare_journal(tmp_path / JOURNAL_FILE, other, as_journaled=True)


@pytest.mark.parametrize("variables", [{}, THEIRS, {"SESSION__BLACKOUTS": "[2024-05-01 14:00-15:00]"}])
def test_settings_come_back_from_a_journal_as_they_were(variables: dict[str, str]) -> None:
    before = load_settings(None, variables)
    told = deciding(before)

    again = settings_again(told)

    assert deciding(again) == told
    assert (again.risk, again.strategies, again.session) == (before.risk, before.strategies, before.session)
    assert list(told_apart(told, deciding(again))) == []


@pytest.mark.parametrize("name", ["ann", "risk", "bot"])
def test_whoever_halts_and_resumes_is_believed(tmp_path: Path, name: str) -> None:
    """Their names may be those of the bot's own parts."""
    line = Line(tmp_path / JOURNAL_FILE)
    line.open()
    for number, order in enumerate((m.HaltTrading, m.ResumeTrading)):
        line.tick(line.now + timedelta(minutes=10))
        line.hear(account("25000", line.now, "25000"))
        for said in line._risk.handle(order(line.now, "lunch", name)):
            line._journal.record(said)
        asked = idea(line.now, idea_id=f"SPY-{number}", con_id=101 + number)
        line.hear(asked, margin(asked, line.now))
    line.close()

    found = compare_journal(tmp_path / JOURNAL_FILE, SETTINGS)

    assert verdicts(line) == ["STATE_HALTED", "yes"]
    assert (found.differences, found.decisions["verdicts"]) == ((), 2)


def replay(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["replay", *words])
    return ended.value.code


def test_a_day_that_the_journal_has_nothing_of_is_no_success(
    two_lives: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert replay(f"{two_lives}", "--day", "2015-01-05") == 2
    assert f"has {DAYS[0]} … {DAYS[1]}" in capsys.readouterr().err


def test_what_was_typed_and_is_no_journal_is_a_mistake_of_usage_and_no_difference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("hello")

    for name in ("empty.db", "text.db", "nowhere.db", "."):
        assert replay(name) == 2
        assert f"journal {name}" in capsys.readouterr().err
    assert replay() == 1, "the bot's own journal is the machine's"


def test_a_planted_difference_reaches_the_alert_channel_with_the_settings_first(
    two_lives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(two_lives.read_bytes())
    with contextlib.closing(sqlite3.connect(copy)) as db, db:
        db.execute(
            "UPDATE messages SET crc = NULL, body = json_set(body, '$.confidence', 0.9) "
            "WHERE seq = (SELECT max(seq) FROM messages WHERE kind = 'BarJudged')"
        )
    monkeypatch.chdir(tmp_path)
    for name, text in (THEIRS | {"SESSION__MINUTES_BEFORE_CLOSE": "31"}).items():
        monkeypatch.setenv(name, text)

    with receiving(200) as receiver:
        monkeypatch.setenv("MONITORING__APPRISE_URLS", receiver.url)
        assert replay("copy.db", "--day", f"{DAYS[1]}", "--alert") == 1
        [(_, told)] = receiver.wait(1)

    assert "come out differently" in told
    assert "session.minutes_before_close is 31, was 30" in told
    assert "confidence=0.9" in told
