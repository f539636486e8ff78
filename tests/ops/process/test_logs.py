from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from bot.domain.errors import FixTheMachine
from bot.domain.session import NEW_YORK
from bot.ops.process.logs import blot, start_logging, stop_logging

SECRET = "hunter2-not-a-real-password"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    yield
    stop_logging()
    logger.configure(patcher=lambda _: None)
    logging.basicConfig(handlers=[], force=True)


def written(directory: Path) -> str:
    return (directory / "bot.log").read_text() + (directory / "bot.jsonl").read_text()


def raise_with_secret() -> None:
    raise ValueError(f"cannot log in with {SECRET}")


def test_a_planted_secret_is_found_in_neither_log(tmp_path: Path) -> None:
    start_logging(tmp_path, "INFO", [SECRET], retention_days=30)

    logger.info("the password is {}", SECRET)
    logging.getLogger("somebody.else").warning("their password is %s", SECRET)
    try:
        raise_with_secret()
    except ValueError:
        logger.exception("failed with it")

    assert SECRET not in written(tmp_path)
    assert "cannot log in with" in written(tmp_path)


def test_the_machine_log_is_one_json_object_a_line(tmp_path: Path) -> None:
    start_logging(tmp_path, "INFO", retention_days=30)

    logger.info("two\nlines")

    (line,) = (tmp_path / "bot.jsonl").read_text().splitlines()
    assert json.loads(line)["record"]["message"] == "two\nlines"


def test_what_is_below_the_level_is_not_written(tmp_path: Path) -> None:
    start_logging(tmp_path, "WARNING", retention_days=30)

    logger.info("quiet")

    assert written(tmp_path) == ""


@given(st.text(alphabet="abc", min_size=1, max_size=6), st.text(alphabet="xyz "), st.text(alphabet="xyz "))
def test_a_secret_is_blotted_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in blot(before + secret + after + secret, [secret])


def test_a_secret_inside_another_leaves_no_rest_behind() -> None:
    assert blot("abcdef", ["abc", "abcdef"]) == "•••"


def test_a_rotated_log_older_than_its_retention_is_deleted(tmp_path: Path) -> None:
    day_s = 86_400
    for name, age_days in (
        ("bot.2026-01-01_00-00-00_000000.log", 4),
        ("bot.2026-01-03_00-00-00_000000.log", 2),
    ):
        old = tmp_path / name
        old.write_text("long ago\n", encoding="utf-8")
        written_at = time.time() - age_days * day_s
        os.utime(old, (written_at, written_at))
    start_logging(tmp_path, "INFO", retention_days=3)

    logger.info("x" * 10_000_001)  # deletion comes with rotation
    logger.info("one more")

    kept = {path.name for path in tmp_path.glob("bot.2026-01-0*.log")}
    assert kept == {"bot.2026-01-03_00-00-00_000000.log"}
    assert (tmp_path / "bot.log").stat().st_size < 100


def test_a_disk_that_takes_no_more_is_said_once_and_hurts_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bot.log").symlink_to("/dev/full")
    start_logging(tmp_path, "INFO", retention_days=30)

    for n in range(3):
        logger.info("line {}", n)

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "bot.log: No space left on device; free the disk" in told
    assert (tmp_path / "bot.jsonl").read_text().count("\n") == 3


def test_text_that_cannot_be_encoded_is_logged_all_the_same(tmp_path: Path) -> None:
    start_logging(tmp_path, "INFO", retention_days=30)

    logger.info("from outside: {}", "\ud800\udfff")
    logger.info("and on")

    assert all("from outside" in (tmp_path / name).read_text() for name in ("bot.log", "bot.jsonl"))
    assert "and on" in written(tmp_path)


def test_an_error_of_ours_is_one_line_and_a_defect_brings_its_traceback(tmp_path: Path) -> None:
    start_logging(tmp_path, "INFO", retention_days=30)

    for error in (FixTheMachine("the disk is full"), ZeroDivisionError("a defect")):
        logging.getLogger("pykka").error("Unhandled exception", exc_info=error)

    text = (tmp_path / "bot.log").read_text()
    assert text.count("the disk is full") == 1
    assert text.count("Traceback") + text.count("ZeroDivisionError") >= 1
    assert "FixTheMachine" not in text


def test_people_read_new_york_s_clock_and_machines_find_utc(tmp_path: Path) -> None:
    start_logging(tmp_path, "INFO", retention_days=30)

    logger.info("hello")

    line = (tmp_path / "bot.log").read_text().split(" INFO ")[0]
    record = json.loads((tmp_path / "bot.jsonl").read_text())["record"]
    utc = datetime.fromisoformat(record["extra"]["utc"])
    assert utc.utcoffset() == timedelta(0)
    assert line == f"{utc.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" {utc.astimezone(NEW_YORK):%Z}"


def test_what_was_opened_is_closed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(tmp_path, "INFO", retention_days=30)
    stop_logging()

    logger.error("too late")
    logging.getLogger("somebody.else").error("later still")

    assert written(tmp_path) == ""
    assert capsys.readouterr().err == ""
