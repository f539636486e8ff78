"""Whatever a client sends, it harms nobody but itself: no failure inside, no other client disturbed, nothing left over."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wire import MessageDirection, encode, message_kinds
from tests.sim.fuzzing import NASTY, Survivor, frame_of, request_fields
from tests.sim.samples import samples

_REQUESTS = [k for k in message_kinds() if k.direction is MessageDirection.REQUEST and k.name != "startApi"]
_KINDS = sorted(k.name for k in _REQUESTS if k.since <= 178)
_NUMBERED = 225
_VERSIONS = (157, 163, 176, 178)


@pytest.fixture(scope="module")
def survivor() -> Survivor:
    return Survivor()


@settings(max_examples=60)
@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(1, 40), max_size=10))
def test_any_bytes_at_all(survivor: Survivor, data: bytes, cuts: list[int]) -> None:
    session = survivor.bench.core.connect()
    for cut in cuts:
        survivor.bench.core.receive(session, data[:cut])
        data = data[cut:]
    survivor.bench.core.receive(session, data)
    survivor.bench.core.receive(session, b"")
    survivor.bench.core.disconnected(session)
    survivor.check()


@settings(max_examples=50)
@given(payloads=st.lists(st.binary(min_size=1, max_size=120), min_size=1, max_size=5))
def test_any_frames_after_the_start(survivor: Survivor, payloads: list[bytes]) -> None:
    client = survivor.client()
    for payload in payloads:
        survivor.bench.core.receive(client.session, struct.pack(">I", len(payload)) + payload)
    survivor.dismiss(client)
    survivor.check()


@settings(max_examples=60)
@given(fields=st.lists(st.sampled_from(NASTY), max_size=160), message_id=st.integers(0, 120))
def test_any_fields_behind_any_message_id(survivor: Survivor, fields: list[str], message_id: int) -> None:
    client = survivor.client()
    survivor.bench.core.receive(client.session, frame_of([str(message_id), *fields]))
    survivor.dismiss(client)
    survivor.check()


@pytest.mark.parametrize("kind", _KINDS)
@settings(max_examples=8)
@given(data=st.data())
def test_a_plausible_request_with_some_nasty_fields(
    survivor: Survivor, kind: str, data: st.DataObject
) -> None:
    version = data.draw(st.sampled_from(_VERSIONS))
    fields = request_fields(kind, version)
    for place in data.draw(st.lists(st.integers(1, max(1, len(fields) - 1)), min_size=1, max_size=3)):
        if place < len(fields):
            fields[place] = data.draw(
                st.sampled_from(NASTY) | st.text(max_size=8).filter(lambda t: "\0" not in t)
            )
    client = survivor.client(version)
    survivor.bench.core.receive(client.session, frame_of(fields))
    survivor.dismiss(client)
    survivor.check()


@pytest.mark.parametrize("kind", sorted(k.name for k in _REQUESTS))
@settings(max_examples=8)
@given(data=st.data())
def test_a_plausible_numbered_request_with_some_nasty_bytes(
    survivor: Survivor, kind: str, data: st.DataObject
) -> None:
    frame = bytearray(encode(kind, _NUMBERED, **samples(kind)))
    for place in data.draw(st.lists(st.integers(8, max(8, len(frame) - 1)), max_size=3)):
        frame[place : place + 1] = data.draw(st.binary(min_size=1, max_size=6))
    frame[:4] = struct.pack(">I", len(frame) - 4)
    client = survivor.client(_NUMBERED)
    survivor.bench.core.receive(client.session, bytes(frame))
    survivor.dismiss(client)
    survivor.check()
