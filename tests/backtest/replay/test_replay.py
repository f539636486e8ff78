"""A day's journal judged again: nothing differs, and what is changed is found."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.backtest.replay.journal import compare_journal
from bot.cli.main import main
from bot.config import load_settings
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.store import Journal
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import JUDGED_A_DAY, Played, plan


def test_a_day_s_decisions_come_out_the_same_again(played_day: Played) -> None:
    path, out = played_day.journal, played_day.outcome

    found = compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"}))

    assert found.differences == ()
    assert found.decisions["judgements"] == JUDGED_A_DAY
    assert out.bars == 390 + 7
    assert found.decisions["verdicts"] == len(out.denied) + len(out.plans) > 3


def test_other_settings_decide_otherwise_and_each_difference_says_what_was(played_day: Played) -> None:
    path = played_day.journal

    found = compare_journal(path, load_settings(None, {"SYMBOLS": "SPY", "STRATEGIES__SCALP__FAST_EMA": "5"}))

    assert found.differences
    assert {x.who for x in found.differences} >= {"scalp"}
    assert "ema8" in found.differences[0].journaled
    assert "ema5" in found.differences[0].replayed


def edited(journal: Path, folder: Path, assignment: str) -> Path:
    """A copy with one column of its first bracket set to something else."""
    copy = folder / "journal.db"
    copy.write_bytes(journal.read_bytes())
    with contextlib.closing(sqlite3.connect(copy)) as db, db:
        first = "(SELECT min(seq) FROM messages WHERE kind = 'PlaceBracket')"
        db.execute(f"UPDATE messages SET crc = NULL, {assignment} WHERE seq = {first}")  # noqa: S608  our own words
    return copy


def test_a_figure_that_the_journal_s_build_did_not_have_is_no_difference(
    played_day: Played, tmp_path: Path
) -> None:
    path = edited(played_day.journal, tmp_path, "body = json_remove(body, '$.delta_usd')")

    assert compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"})).differences == ()


def test_one_difference_is_told_as_one(
    played_day: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = edited(played_day.journal, tmp_path, "body = json_set(body, '$.quantity', 99)")

    with pytest.raises(SystemExit) as ended:
        main(["replay", str(path)])

    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "quantity=99" in said
    assert "1 difference in" in said


def test_what_the_evening_s_replay_came_to_is_left_for_prometheus(
    played_day: Played, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = edited(played_day.journal, tmp_path, "body = json_set(body, '$.quantity', 99)")

    def left(*words: str) -> dict[str, float]:
        with suppress(SystemExit):
            main(["replay", *words, "--textfile", "replay.prom"])
        lines = Path("replay.prom").read_text().splitlines()
        found = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name.removeprefix("ibkr_comparison_").partition("{")[0]: float(text) for name, text in found}

    assert left(f"{played_day.journal}")["differences"] == 0
    found = left(f"{path}")
    assert (found["differences"], found["compared"] > JUDGED_A_DAY) == (1, True)
    assert left("nowhere.db") == found, "a run that compares nothing is none"


def test_the_file_for_prometheus_can_be_named_by_a_variable(
    played_day: Played, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IBKR_BOT_TEXTFILE", f"{tmp_path / 'replay.prom'}")

    with suppress(SystemExit):
        main(["replay", f"{played_day.journal}"])

    assert "ibkr_comparison_differences" in (tmp_path / "replay.prom").read_text()


def test_a_journal_under_any_name_is_read_and_nothing_is_left_beside_it(
    played_day: Played, tmp_path: Path
) -> None:
    path = tmp_path / "a 100 % journal?.db"
    path.write_bytes(played_day.journal.read_bytes())

    assert compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"})).differences == ()
    assert [*tmp_path.iterdir()] == [path]


def test_what_is_no_journal_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as db, db:
        db.execute("CREATE TABLE messages (seq INTEGER, text TEXT)")

    for path in (tmp_path, other):
        with pytest.raises(FixTheMachine, match=f"journal {path}"):
            compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"}))


def test_another_risk_limit_changes_verdicts_and_no_judgement(played_day: Played) -> None:
    path, out = played_day.journal, played_day.outcome
    later = load_settings(None, {"SYMBOLS": "SPY", "SESSION__MINUTES_AFTER_OPEN": "170"})

    found = compare_journal(path, later)

    assert {x.who for x in found.differences} == {"risk"}
    assert "EntryDenied" in found.differences[0].replayed
    assert out.plans


def test_a_journal_without_history_is_said_to_be_too_old(tmp_path: Path) -> None:
    at = datetime.fromisoformat("2015-12-24T14:31:00+00:00")
    journal = Journal(tmp_path / "journal.db", lambda: at)
    journal.record(m.BarClosed(BUNDLE.minutes("GOOG", plan().first)[0]))
    journal.close()

    with pytest.raises(FixTheMachine, match="without the history"):
        compare_journal(tmp_path / "journal.db", load_settings(None, {"SYMBOLS": "GOOG"}))


def test_the_evening_s_replay_of_a_day_without_rows_ends_well(
    played_day: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["replay", str(played_day.journal), "--day", "today", "--alert"])

    assert not ended.value.code
    assert "0 differences" in capsys.readouterr().out


def test_a_difference_that_nobody_can_be_told_of_is_an_error_of_the_settings(
    played_day: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRATEGIES__SCALP__FAST_EMA", "5")

    with pytest.raises(SystemExit) as ended:
        main(["replay", str(played_day.journal), "--alert"])

    assert ended.value.code == 78
    assert "no alert channel" in capsys.readouterr().err


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40), st.floats(0.02, 1))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_or_cut_journal_costs_one_line(
    played_day: Played, tmp_path_factory: pytest.TempPathFactory, places: list[float], part: float
) -> None:
    whole = bytearray(played_day.journal.read_bytes())
    for place in places:
        whole[100 + int(place * (len(whole) - 100))] ^= 0xFF
    damaged = tmp_path_factory.mktemp("damaged") / "journal.db"
    damaged.write_bytes(whole[: int(part * len(whole))])

    with suppress(FixTheMachine):
        compare_journal(damaged, load_settings(None, {"SYMBOLS": "SPY"}))
