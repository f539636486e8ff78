"""Each command says of which bot or day it speaks, and what to type next: without a bot, with one, after a day, under paper."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.cli.main import main
from tests.cli.houses import PAGE, running_bot, settings, simulated_day, write_journal
from tests.journal.makers import IDEA
from tests.ops.page.moments import DONE, HOLDING, Moment

ASKING = (["status"], ["positions"], ["orders"])
LOOKING = (["report"], ["journal"], ["why", IDEA])
IN_WORDS = "simulated day of Wed 05 Jan 2011"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["ibkr-bot"])
    return tmp_path


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
        self.code = 0
        try:
            main(words)
        except SystemExit as ended:
            self.code = int(ended.code or 0)
        told = capsys.readouterr()
        self.out, self.err = told.out, told.err


def type_in(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    house: Path,
    trading: str,
    words: list[str],
) -> Said:
    monkeypatch.setenv("IBKR_BOT_CONFIG", str(settings(house, trading)))
    return Said(capsys, words)


Typing = tuple[pytest.CaptureFixture[str], pytest.MonkeyPatch, Path]


@pytest.fixture
def typing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, house: Path) -> Typing:
    return capsys, monkeypatch, house


@pytest.mark.parametrize("words", [*ASKING, *LOOKING], ids=" ".join)
def test_before_the_first_day_each_says_that_nothing_is_there_and_what_makes_it(
    typing: Typing, words: list[str]
) -> None:
    said = type_in(*typing, "simulated", words)
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1
    assert "no simulated" in said.err or "nothing is recorded" in said.err
    assert said.err.rstrip().endswith("ibkr-bot run")


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_after_a_simulated_day_who_asks_the_bot_is_shown_to_the_report(
    typing: Typing, words: list[str]
) -> None:
    simulated_day(typing[2])
    said = type_in(*typing, "simulated", words)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert IN_WORDS in said.err
    assert "next: " in said.err
    assert "ibkr-bot report, or" in said.err


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_after_a_simulated_day_who_looks_back_is_told_which_day_that_is(
    typing: Typing, words: list[str]
) -> None:
    simulated_day(typing[2])
    said = type_in(*typing, "simulated", words)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(IN_WORDS)


def test_a_paper_account_s_commands_never_speak_of_a_simulated_day(typing: Typing) -> None:
    simulated_day(typing[2])
    for words in (*ASKING, *LOOKING):
        said = type_in(*typing, "paper", words)
        assert said.code == 1
        assert "paper bot" in said.err
        assert "Jan 2011" not in said.err
        assert "ibkr-bot doctor, or ibkr-bot run" in said.err.replace("python -m bot", "ibkr-bot")


def test_a_paper_bot_that_has_ended_leaves_its_journal(typing: Typing) -> None:
    write_journal(typing[2] / "state", DONE)
    said = type_in(*typing, "paper", ["status"])
    assert "no paper bot is running with the state directory" in said.err
    assert "its journal ends on Wed 05 Jan 2011" in said.err
    assert type_in(*typing, "paper", ["report"]).out.startswith("paper bot, ")


@pytest.mark.parametrize("trading", ["simulated", "paper"])
def test_with_a_bot_each_says_whose_figures_these_are(typing: Typing, trading: str) -> None:
    house = typing[2]
    directory = simulated_day(house, HOLDING) if trading == "simulated" else house / "state"
    if trading == "paper":
        write_journal(directory, HOLDING)
    with ExitStack() as stack:
        stack.enter_context(running_bot(directory, Moment(HOLDING)))
        told = {" ".join(words): type_in(*typing, trading, words) for words in (*ASKING, *LOOKING, [])}
    name = IN_WORDS if trading == "simulated" else "paper bot"
    for words, said in told.items():
        assert (said.code, said.err) == (0, ""), words
        assert f"{name} (running), " in said.out.replace("\n", " "), words
    assert PAGE in told["status"].out
    assert "Safe" in told[""].out


def test_a_run_that_cannot_begin_leaves_the_last_day_where_it_was(typing: Typing) -> None:
    simulated_day(typing[2])
    said = type_in(*typing, "simulated", ["run", "--speed", "99999"])
    assert said.code == 2
    assert "0.01 to 5000" in said.err
    assert type_in(*typing, "simulated", ["report"]).out.startswith(IN_WORDS)


def test_alone_it_lists_its_commands_and_says_what_to_type_next(typing: Typing) -> None:
    fresh = type_in(*typing, "simulated", [])
    assert fresh.code == 0
    assert "Commands:" in fresh.out
    assert "no simulated day was traded here yet" in fresh.out
    simulated_day(typing[2])
    after = type_in(*typing, "simulated", [])
    assert IN_WORDS in after.out
    assert [line.split()[2:3] for line in after.out.splitlines() if "ibkr-bot report" in line] == [["report"]]


def test_settings_that_cannot_be_read_end_the_list_with_one_line(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (house / "broken.yaml").write_text("journal: [", encoding="utf-8")
    monkeypatch.setenv("IBKR_BOT_CONFIG", "broken.yaml")
    said = Said(capsys, [])
    assert said.code == 78
    assert "Commands:" in said.out
    assert said.err.count("\n") == 1
