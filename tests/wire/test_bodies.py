"""Numbered bodies (Protocol Buffers): the wire format, the numbers, and what a peer may do to them.

Every kind's round trip is in ``test_schema``; that the numbers are IB's is checked with IB's own descriptions where a client of
today is installed.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wire import (
    LocalProtocolError,
    MessageDirection,
    Record,
    RemoteProtocolError,
    WireMessage,
    decode_answer,
    decode_request,
    encode,
    message_kinds,
)
from bot.wire.protobuf import fields_of, from_twos_complement, length_delimited, tag, varint

NEWEST = 225
ORDER = {"orderId": 5, "secType": "BAG", "action": "BUY", "totalQuantity": 1, "orderType": "LMT"}


def body(frame: bytes) -> bytes:
    return frame[8:]


def request(number: int, data: bytes) -> Any:
    return decode_request((number + 200).to_bytes(4, "big") + data, NEWEST)


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_a_number_survives_as_varint(value: int) -> None:
    ((wire_type, read),) = fields_of(tag(3, 0) + varint(value))[3]
    assert (wire_type, from_twos_complement(int(read))) == (0, value)


@given(data=st.binary(max_size=40))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    try:
        found = fields_of(data)
    except ValueError:
        return
    assert sum(map(len, found.values())) <= len(data) // 2


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x08" + b"\xff" * 10, b"\x09\0\0", b"\x12\x05ab", b"\x0b\x0c", b"\x00\x01", b"\x0d\0\0\0"],
    ids=["no value", "too long", "half a double", "half a text", "a group", "number 0", "half a fixed32"],
)
def test_half_a_message_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|wire type|field number"):
        fields_of(data)


def test_a_quote_has_the_published_numbers() -> None:
    frame = encode("tickPrice", NEWEST, reqId=7, tickType=1, price=1.25, size=Decimal(300), attrMask=1)
    expected = b"\x08\x07\x10\x01\x19" + struct.pack("<d", 1.25) + b"\x22\x03300\x28\x01"
    assert frame == struct.pack(">II", len(expected) + 4, 201) + expected


def test_an_order_is_a_contract_and_an_order_inside_a_request() -> None:
    frame = encode(
        "placeOrder", NEWEST, **{**ORDER, "secType": "STK", "conId": 756733, "lmtPrice": Decimal("450.25")}
    )
    outer = fields_of(body(frame))
    assert outer[1] == [(0, 5)]
    ((_, contract),), ((_, order),) = outer[2], outer[3]
    assert isinstance(contract, bytes)
    assert isinstance(order, bytes)
    assert fields_of(contract)[1] == [(0, 756733)]
    inside = fields_of(order)
    assert (inside[5], inside[6], inside[9]) == ([(2, b"BUY")], [(2, b"1")], [(1, 450.25)])


def test_a_legs_price_travels_with_the_leg() -> None:
    legs = tuple(Record(conId=n, ratio=1, action="BUY", exchange="SMART") for n in (1, 2))
    prices = (Record(price=Decimal("1.5")), Record(price=None))
    frame = encode("placeOrder", NEWEST, **ORDER, comboLegs=legs, orderComboLegs=prices)
    read = decode_request(frame[4:], NEWEST)
    assert [leg.conId for leg in read.comboLegs] == [1, 2]
    assert read.orderComboLegs == prices
    plain = decode_request(encode("placeOrder", NEWEST, **ORDER, comboLegs=legs)[4:], NEWEST)
    assert plain.orderComboLegs == ()


def test_what_a_client_leaves_out_means_what_empty_text_means() -> None:
    order = request(3, b"\x08\x05")
    assert (order.orderId, order.transmit, order.outsideRth, order.lmtPrice) == (5, False, False, None)
    assert (order.tif, order.ocaType, order.conditions, order.get("comboLegs")) == ("", 0, (), None)
    details = request(9, b"\x08\x01")
    assert (details.reqId, details.conId, details.symbol, details.includeExpired) == (1, 0, "", False)


def test_what_must_be_there_is_missed_by_name() -> None:
    with pytest.raises(RemoteProtocolError, match=r"reqMktData \(1\): reqId: is missing") as refused:
        request(1, b"")
    assert refused.value.recoverable
    with pytest.raises(LocalProtocolError, match="tickSize: size: is missing"):
        encode("tickSize", NEWEST, reqId=1, tickType=0)


def test_fields_nobody_knows_are_passed_over_and_the_last_of_a_kind_counts() -> None:
    known = request(2, b"\x08\x01" + b"\xba\x3e\x02hi" + b"\x08\x02")
    assert (known.kind, known.reqId) == ("cancelMktData", 2)


def test_a_field_of_another_type_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="reqId: wire type 2"):
        request(2, b"\x0a\x01a")


def test_strikes_are_packed_and_read_either_way() -> None:
    values = {
        "reqId": 1,
        "exchange": "SMART",
        "underlyingConId": 2,
        "tradingClass": "SPY",
        "multiplier": "100",
        "expirations": ("20260116", ""),
        "strikes": (Decimal("1.5"), Decimal(2)),
    }
    frame = encode("securityDefinitionOptionParameter", NEWEST, **values)
    packed = length_delimited(7, struct.pack("<dd", 1.5, 2.0))
    assert body(frame).endswith(packed)
    single = b"".join(tag(7, 1) + struct.pack("<d", strike) for strike in (1.5, 2.0))
    for payload in (frame[4:], frame[4:].replace(packed, single)):
        assert decode_answer(payload, NEWEST).values == values


def test_text_with_a_nul_is_refused_in_both_directions() -> None:
    with pytest.raises(LocalProtocolError, match="NUL"):
        encode("managedAccounts", NEWEST, accountsList="a\0b")
    with pytest.raises(RemoteProtocolError, match="NUL"):
        request(81, b"\x08\x01\x12\x03a\0b")


def test_a_kind_without_a_body_stays_text_behind_a_numbered_id() -> None:
    frame = encode("verifyAndAuthMessageAPI", NEWEST, apiData="data", xyzChallenge="xyz")
    assert frame[4:] == (69).to_bytes(4, "big") + b"1\0data\0xyz\0"
    assert decode_answer(frame[4:], NEWEST).xyzChallenge == "xyz"


@pytest.mark.parametrize("payload", [b"", b"\0\0\1", b"\0\0\xff\xff", b"\0\0\0\x48"])
def test_a_numbered_id_nobody_knows_is_refused(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        decode_request(payload, NEWEST)
    assert refused.value.recoverable


def test_the_end_of_history_is_a_message_of_its_own_where_clients_know_it() -> None:
    bars = {"reqId": 1, "startDateStr": "a", "endDateStr": "b", "bars": ()}
    assert decode_answer(encode("historicalData", 178, **bars)[4:], 178).values == bars
    assert decode_answer(encode("historicalData", NEWEST, **bars)[4:], NEWEST).values == {
        "reqId": 1,
        "bars": (),
    }


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_body_a_peer_sends_does_worse_than_be_refused(data: st.DataObject) -> None:
    requests = [kind for kind in message_kinds() if kind.direction is MessageDirection.REQUEST and kind.body]
    kind = data.draw(st.sampled_from(requests))
    pieces = st.lists(
        st.one_of(
            st.builds(lambda n, v: tag(n, 0) + varint(v), st.integers(1, 12), st.integers(-5, 2**40)),
            st.builds(lambda n, v: tag(n, 1) + struct.pack("<d", v), st.integers(1, 12), st.floats()),
            st.builds(length_delimited, st.integers(1, 12), st.binary(max_size=12)),
            st.binary(max_size=3),
        ),
        max_size=8,
    )
    inner = b"".join(data.draw(pieces))
    outer = b"".join(data.draw(pieces)) + length_delimited(data.draw(st.integers(1, 4)), inner)
    outcome = _outcome((kind.id + 200).to_bytes(4, "big") + outer)
    assert outcome.kind == kind.name
    assert not isinstance(outcome, RemoteProtocolError) or outcome.recoverable


def _outcome(payload: bytes) -> WireMessage | RemoteProtocolError:
    try:
        return decode_request(payload, NEWEST)
    except RemoteProtocolError as error:
        return error
