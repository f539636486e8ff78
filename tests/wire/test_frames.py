"""Frames come out the same however the stream is cut, and bad ones are refused at their header."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wire.errors import LocalProtocolError, RemoteProtocolError
from bot.wire.frames import FrameBuffer, join_fields, pack_frame, split_fields

FIELDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    min_size=1,
    max_size=8,
)


def drain(buffer: FrameBuffer) -> list[bytes]:
    found = []
    while (payload := buffer.next()) is not None:
        found.append(payload)
    return found


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[low:high] for low, high in pairwise(edges)]


@settings(max_examples=60)
@given(messages=st.lists(FIELDS, max_size=6), places=st.lists(st.integers(0, 2**16)))
def test_frames_come_out_the_same_however_the_stream_is_cut(
    messages: list[list[str]], places: list[int]
) -> None:
    buffer, found = FrameBuffer(), []
    for part in cut(b"".join(map(join_fields, messages)), places):
        buffer.receive(part)
        found += drain(buffer)
    assert [split_fields(payload) for payload in found] == messages
    assert not buffer.is_inside_frame


def test_frames_come_out_byte_by_byte() -> None:
    buffer, found = FrameBuffer(), []
    for byte in join_fields(["1", "a"]) + join_fields(["2", ""]):
        buffer.receive(bytes([byte]))
        found += drain(buffer)
    assert found == [b"1\0a\0", b"2\0\0"]


def test_a_tail_stays_until_it_is_complete() -> None:
    buffer = FrameBuffer()
    second = join_fields(["2", "later"])
    buffer.receive(join_fields(["1"]) + second[:6])
    assert drain(buffer) == [b"1\0"]
    assert buffer.is_inside_frame
    buffer.receive(second[6:])
    assert drain(buffer) == [b"2\0later\0"]


def test_an_oversized_frame_is_refused_before_its_body_arrives() -> None:
    buffer = FrameBuffer(limit=10)
    buffer.receive(struct.pack(">I", 11))
    with pytest.raises(RemoteProtocolError, match="11 bytes"):
        buffer.next()
    with pytest.raises(RemoteProtocolError, match="11 bytes"):
        buffer.next()


def test_an_empty_frame_is_refused() -> None:
    buffer = FrameBuffer()
    buffer.receive(struct.pack(">I", 0))
    with pytest.raises(RemoteProtocolError) as refused:
        buffer.next()
    assert not refused.value.recoverable


def test_a_frame_of_the_largest_size_is_accepted() -> None:
    buffer = FrameBuffer(limit=10)
    buffer.receive(pack_frame(b"123456789\0"))
    assert buffer.next() == b"123456789\0"


def test_consumed_bytes_are_given_back() -> None:
    buffer = FrameBuffer()
    frame = join_fields(["x" * 1000])
    half = len(frame) // 2
    buffer.receive(frame[:half])
    for _ in range(500):
        buffer.receive(frame[half:] + frame[:half])
        assert buffer.next() is not None
    assert len(buffer) < len(frame)
    assert len(buffer._bytes) <= 3 * 0x10000


def test_a_nul_inside_a_field_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError, match="NUL"):
        join_fields(["1", "a\0b"])


def test_a_lone_surrogate_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError, match="UTF-8"):
        join_fields(["\ud800"])


def test_a_payload_without_its_last_nul_is_the_peers_fault_and_leaves_the_stream_in_step() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        split_fields(b"1\0a")
    assert refused.value.recoverable


def test_bytes_that_are_not_utf_8_come_as_escapes() -> None:
    assert split_fields(b"\xff\0") == ["\\xff"]
