"""A thousand ways to damage a file: each is refused in one line, or nothing is lost in silence.

What is not refused must be true: every row that came in stands in the damaged file as it is, read by another reader;
and every line of it that did not come in is counted in the notes.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.backtest.store.intake.intake import take_in
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.taken import Taken
from bot.domain.errors import BotError
from bot.domain.session import NEW_YORK
from tests.backtest.store.makers import HEAD, NEW_YORK_TIMES, bars, plain

LINES = [HEAD, *(plain(x) for x in bars()[:40])]
CLEAN = "\n".join(LINES) + "\n"
ODD_CELLS = (
    "",
    "nan",
    "-1",
    "0",
    "1e308",
    "inf",
    "x",
    "2011-02-30 09:31",
    "09:31",
    "1,2",
    '"',
    "\0",
    "é",
    " 126.7 ",
    "1_0",
    "٣",
)
LENIENT = replace(NEW_YORK_TIMES, skip_bad=True)
ENOUGH = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(ENOUGH, max_examples=60)


@st.composite
def bytes_changed(draw: st.DrawFn, clean: bytes = CLEAN.encode()) -> bytes:
    data = bytearray(clean)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[at : at + draw(st.integers(1, 40))]
            case 2:
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case _:
                del data[at:]
    return bytes(data)


@st.composite
def lines_changed(draw: st.DrawFn) -> bytes:
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case 1:
                del lines[at]
            case 2:
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                cells = lines[at].split(",")
                cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(ODD_CELLS))
                lines[at] = ",".join(cells)
            case _:
                lines[at] = lines[at].replace(",", draw(st.sampled_from((";", "\t", ",,", ""))))
        lines = lines or [HEAD]
    return ("\n".join(lines) + "\n").encode()


def outcome(path: Path, data: bytes, told: Told) -> list[Taken] | str:
    path.write_bytes(data)
    try:
        return list(take_in(path, told))
    except BotError as error:
        return f"{error}"


def judge(path: Path, data: bytes, told: Told) -> None:
    came = outcome(path, data, told)
    if isinstance(came, str):
        assert came.count("\n") == 0, came
        assert path.name in came or "calendar" in came, came
        assert len(came) < 400, came
        return
    text = decoded(data)
    lines = [line for line in csv.reader(re.split(r"\r\n|\n|\r", text.replace("\0", ""))) if line]
    written = {row for line in lines if (row := by_another_reader(line)) is not None}
    for one in came:
        rows = [tuple(row.values())[:-1] for row in one.table.to_pylist()]
        assert set(rows) <= written
        assert len(rows) + left_out(one) >= len(lines) - 1


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8-sig")
    except UnicodeDecodeError:  # letters of a code page in the header, which is no row
        return data.decode("latin-1")


def by_another_reader(line: list[str]) -> tuple[object, ...] | None:
    try:
        # A number's zeros before it, one less or more of them, change no date.
        colons = re.sub(r"(?<= \d\d)(?=\d\d$)", ":", " ".join(line[0].split()))  # 0932 is 09:32
        written = re.sub(r"\d+", lambda found: f"{int(found[0]):02d}", colons)
        at = datetime.fromisoformat(written).replace(tzinfo=NEW_YORK).astimezone(UTC)
        return (at, *(float(cell.strip()) for cell in line[1:6]))
    except (ValueError, IndexError, OverflowError):
        return None


def left_out(one: Taken) -> int:
    found = (re.match(r"([\d,]+) rows? left out", note) for note in one.notes)
    return sum(int(x[1].replace(",", "")) for x in found if x)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "SPY.csv"


def test_the_clean_file_comes_in(path: Path) -> None:
    came = outcome(path, CLEAN.encode(), NEW_YORK_TIMES)
    assert not isinstance(came, str)
    assert len(came[0].table) == 40


@FEW
@given(bytes_changed())
@example(b"\xff\xfe" + CLEAN.encode("utf-16-le"))
@example(b"")
@example(CLEAN.encode().replace(b"\n", b"\r"))
@example(CLEAN.encode().replace(b"2011-01-03 09:47", b"2011-01-3 9:47"))
@example(CLEAN.encode().replace(b"2011-01-03 09:47", b"2011-01-003 09:47"))
@example(CLEAN.encode().replace(b"2011-01-03 09:47", b"2011-01-03 0947"))
def test_damaged_bytes_are_refused_or_lose_nothing(path: Path, data: bytes) -> None:
    judge(path, data, NEW_YORK_TIMES)


@FEW
@given(lines_changed(), st.sampled_from((NEW_YORK_TIMES, LENIENT)))
def test_damaged_lines_are_refused_or_lose_nothing(path: Path, data: bytes, told: Told) -> None:
    judge(path, data, told)


def parquet() -> bytes:
    given_bars = bars()[:40]
    columns = {name: [getattr(x, name) for x in given_bars] for name in HEAD.split(",")[1:]}
    stamps = pa.array([x.start for x in given_bars], pa.timestamp("us", "UTC"))
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"time": stamps, **columns}), out, write_page_checksum=True)
    return bytes(out.getvalue())


@FEW
@given(bytes_changed(parquet()))
def test_a_damaged_parquet_file_is_refused_or_read_as_any_other_reader_would(path: Path, data: bytes) -> None:
    judge_parquet(path.with_suffix(".parquet"), data)


def judge_parquet(path: Path, data: bytes) -> None:
    came = outcome(path, data, NEW_YORK_TIMES)
    if isinstance(came, str):
        assert came.count("\n") == 0, came
        assert path.name in came or "calendar" in came, came
        return
    table = pq.read_table(path)
    [one] = came
    assert len(one.table) + left_out(one) == len(table)


@pytest.mark.slow
@ENOUGH
@given(bytes_changed(), lines_changed(), bytes_changed(parquet()))
def test_twelve_hundred_damages(path: Path, data: bytes, lines: bytes, packed: bytes) -> None:
    judge(path, data, NEW_YORK_TIMES)
    judge(path, lines, LENIENT)
    judge_parquet(path.with_suffix(".parquet"), packed)
