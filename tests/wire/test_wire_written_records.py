"""A long message whose records are encoded as they come."""

from __future__ import annotations

from typing import Any

import pytest

from bot.wire import LocalProtocolError, encode, written_records

VERSIONS = (157, 176, 225)


def bars(count: int, **changes: Any) -> list[dict[str, Any]]:
    names = ("open", "high", "low", "close", "average")
    return [
        {"date": f"2026010{n}", **dict.fromkeys(names, 1.25 + n), "volume": n, "barCount": 2, **changes}
        for n in range(count)
    ]


def history(version: int, rows: Any) -> bytes:
    return encode("historicalData", version, reqId=7, startDateStr="a", endDateStr="b", bars=rows)


@pytest.mark.parametrize("version", VERSIONS)
def test_records_written_piece_by_piece_are_the_same_bytes(version: int) -> None:
    written = written_records("historicalData", "bars", version)
    written.add(bars(3)[:2])
    written.add(iter(bars(3)[2:]))
    assert history(version, written) == history(version, bars(3))


def test_what_was_written_for_one_version_is_right_at_another() -> None:
    for ours, theirs in ((142, 176), (176, 225), (225, 176)):
        written = written_records("historicalData", "bars", ours)
        written.add(bars(2))
        assert history(theirs, written) == history(theirs, bars(2))


def test_a_record_that_cannot_be_said_is_named_when_it_is_added() -> None:
    written = written_records("historicalData", "bars", 176)
    with pytest.raises(Exception, match="no such field"):
        written.add(bars(1, colour="red"))


def test_a_message_without_such_a_part_has_no_records() -> None:
    with pytest.raises(KeyError):
        written_records("currentTime", "bars", 176)
    with pytest.raises(LocalProtocolError):
        written_records("nonsense", "bars", 176)
