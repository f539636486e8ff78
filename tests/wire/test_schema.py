"""Every kind survives the round trip at every version, and nothing a peer sends can do worse than be refused.

The values are drawn from the schema itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.wire import (
    SUPPORTED_VERSIONS,
    LocalProtocolError,
    MessageDirection,
    MessageKind,
    Record,
    RemoteProtocolError,
    decode_answer,
    decode_request,
    encode,
    field_names,
    message_kinds,
)
from bot.wire.frames import join_fields, split_fields
from bot.wire.layout import RAW_IDS_SINCE
from bot.wire.nodes import Each, Field, Gate, Many, Maybe, Node, Switch

VERSIONS = sorted(SUPPORTED_VERSIONS)
TEXT_VERSIONS = [version for version in VERSIONS if version < RAW_IDS_SINCE]
DECIMAL_SIZES = 163
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
# Fifteen digits: what a double holds, since numbered bodies carry prices as doubles.
NUMBERS = st.decimals(-(10**10), 10**10, allow_nan=False, allow_infinity=False, places=4)
SHAPES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**31), 2**31 - 2),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
    "decimal": NUMBERS,
    "size": NUMBERS,
    "offset": NUMBERS | st.just(Decimal("Infinity")),
    "bool": st.booleans(),
    "str": TEXT,
    "right": st.sampled_from(["", "C", "P"]),
}
# Values on which branches hang, so that each branch is really taken.
TELLING: dict[str, st.SearchStrategy[Any]] = {
    "secType": st.sampled_from(["BAG", "OPT", "FUND"]),
    "orderType": st.sampled_from(["LMT", "PEG BENCH", "PEGBENCH", "PEG BEST", "PEG MID"]),
    "exchange": st.sampled_from(["SMART", "IBKRATS"]),
}
# What both encodings can say alike: numbered bodies hold these as numbers, flags and maps.
SAYABLE: dict[str, st.SearchStrategy[Any]] = {
    "multiplier": st.sampled_from(["", "100", "0.5"]),
    "mask": st.integers(0, 3),
    "liquidation": st.integers(0, 1),
    "override": st.integers(0, 1),
    "conjunction": st.sampled_from(["a", "o"]),
}
A_MAP = st.sampled_from(["", "some=thing;", "a=1;b=;"])
# Prices of legs: a list of their own in text, part of the legs in a numbered body (their own test is below).
BESIDE = {"orderComboLegs"}


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from walk(node.children())


def values_of(nodes: Iterable[Node]) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every name these parts can hold."""
    found: dict[str, st.SearchStrategy[Any]] = {}
    for node in walk(nodes):
        if isinstance(node, Field):
            drawn = SHAPES[node.codec.shape]
            drawn = SAYABLE.get(node.name, A_MAP if node.name.endswith("Options") else drawn)
            found.setdefault(node.name, st.none() | drawn if node.codec.nullable else drawn)
        elif isinstance(node, Each):
            found[node.name] = st.lists(SHAPES[node.codec.shape], max_size=2).map(tuple)
        elif isinstance(node, Many):
            found[node.name] = st.lists(values_of(node.nodes), max_size=2).map(tuple)
        elif isinstance(node, Maybe):
            found[node.name] = st.none() | values_of(node.nodes)
    chosen = {
        node.name: st.sampled_from(list(node.cases)) for node in walk(nodes) if isinstance(node, Switch)
    }
    telling = {name: strategy for name, strategy in TELLING.items() if name in found}
    return st.fixed_dictionaries({**found, **telling, **chosen})


def edges_of(nodes: Iterable[Node]) -> set[int]:
    """The versions from which a layout of these parts may be another one."""
    edges = {DECIMAL_SIZES}
    for node in walk(nodes):
        if isinstance(node, Field | Gate):
            edges |= {node.since, node.until + 1}
        elif isinstance(node, Many | Maybe):
            edges |= edges_of(node.nodes)
    return edges


def versions_of(kind: MessageKind) -> list[int]:
    """One supported version for each layout the kind has."""
    edges = edges_of(kind.nodes) | {kind.since, RAW_IDS_SINCE, kind.body.since if kind.body else 0}
    firsts = {min((v for v in VERSIONS if v >= edge), default=None) for edge in edges}
    return sorted(
        version for version in {*firsts, VERSIONS[-1]} if version is not None and version >= kind.since
    )


def sizes_of(nodes: Iterable[Node]) -> set[str]:
    named = {node.name for node in walk(nodes) if isinstance(node, Field) and node.codec.shape == "size"}
    for node in walk(nodes):
        if isinstance(node, Many):
            named |= sizes_of(node.nodes)
    return named


def assert_same(
    read: Record, sent: dict[str, Any], whole: set[str], unsaid: AbstractSet[str] = frozenset()
) -> None:
    """What was read is what was sent but for ``unsaid``; the names in ``whole`` may have lost their decimals."""
    for name, value in read.items():
        if name in unsaid:
            continue
        expected = sent[name]
        if name in whole:
            expected = int(expected)
        if isinstance(value, Record):
            assert_same(value, expected, whole)
        elif isinstance(value, tuple) and value and isinstance(value[0], Record):
            assert len(value) == len(expected)
            for one, other in zip(value, expected, strict=True):
                assert_same(one, other, whole)
        else:
            assert value == expected, name


def decode(kind: MessageKind, frame: bytes, version: int) -> Any:
    read = decode_request if kind.direction is MessageDirection.REQUEST else decode_answer
    return read(frame[4:], version)


@pytest.mark.parametrize("kind", message_kinds(), ids=lambda kind: kind.name)
@settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_kind_survives_the_round_trip_at_every_version(kind: MessageKind, data: st.DataObject) -> None:
    sent = data.draw(values_of(kind.nodes))
    sizes = sizes_of(kind.nodes)
    for version in versions_of(kind):
        frame = encode(kind.name, version, **sent)
        message = decode(kind, frame, version)
        assert message.kind == kind.name
        assert message.surplus == ()
        unsaid = BESIDE | (kind.field_names - kind.numbered_names) if kind.is_numbered(version) else set()
        assert_same(message.values, sent, sizes if version < DECIMAL_SIZES else set(), unsaid)
        assert encode(kind.name, version, **message.values) == frame


@pytest.mark.parametrize(
    "kind", [k for k in message_kinds() if k.since <= TEXT_VERSIONS[-1]], ids=lambda kind: kind.name
)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_nothing_a_peer_sends_can_do_worse_than_be_refused(kind: MessageKind, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from([v for v in versions_of(kind) if v in TEXT_VERSIONS]))
    nasty = st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "3",
            "nan",
            "inf",
            "1e999",
            "1_0",
            "٣",
            "9" * 40,
            "2147483647",
            "1E-99999",
            "BAG",
        ]
    )
    fields = split_fields(encode(kind.name, version, **data.draw(values_of(kind.nodes)))[4:])
    for place in data.draw(st.lists(st.integers(1, max(1, len(fields) - 1)), max_size=4)):
        fields[place % len(fields) or -1] = data.draw(nasty | TEXT)
    fields = [str(kind.id), *fields[1 : data.draw(st.integers(1, len(fields) + 1))]]
    try:
        decode(kind, join_fields(fields), version)
    except RemoteProtocolError as error:
        refused = error
    else:
        return
    assert refused.recoverable
    assert (refused.message_id, refused.kind) == (kind.id, kind.name)


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(RemoteProtocolError, match="4711") as refused:
        decode_request(b"4711\0", 176)
    assert (refused.value.message_id, refused.value.recoverable) == (4711, True)


def test_an_id_that_is_no_number_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="not a number"):
        decode_request(b"hello\0", 176)


def test_a_kind_newer_than_the_version_is_unknown_to_it() -> None:
    frame = encode(
        "historicalSchedule", 165, reqId=1, startDateTime="", endDateTime="", timeZone="", sessions=()
    )
    assert decode_answer(frame[4:], 165).kind == "historicalSchedule"
    with pytest.raises(RemoteProtocolError, match="106"):
        decode_answer(frame[4:], 164)
    with pytest.raises(LocalProtocolError, match="165"):
        encode("historicalSchedule", 164, reqId=1, startDateTime="", endDateTime="", timeZone="")


def test_a_refusal_names_the_message_the_field_and_the_request() -> None:
    payload = join_fields(["20", "12", "x", *[""] * 20])[4:]
    with pytest.raises(RemoteProtocolError, match=r"reqHistoricalData.*conId.*'x'") as refused:
        decode_request(payload, 176)
    assert refused.value.request_id == 12


def test_a_message_that_ends_early_names_the_field_it_ends_before() -> None:
    with pytest.raises(RemoteProtocolError, match=r"reqHistogramData.*conId: the message ends"):
        decode_request(b"88\x007\0", 176)


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        (["71", "2", "5"], "optCapab", ""),
        (["4", "1", "7"], "manualCancelOrderTime", ""),
        (["54", "3", "1", *[""] * 12, "2.0", "129"], "implVolOptions", ""),
        (["54", "3", "1", *[""] * 12, "2.0", "129", ""], "implVolOptions", ""),
        (["55", "3", "1", *[""] * 12, "0.2", "129", "0", "x"], "optPrcOptions", "x"),
        (["52", "2", "1", *[""] * 7, "ReportSnapshot", ""], "reportType", "ReportSnapshot"),
    ],
)
def test_what_some_clients_leave_off_the_end_is_not_missed(fields: list[str], name: str, value: str) -> None:
    assert decode_request(join_fields(fields)[4:], 178)[name] == value


def test_below_157_the_older_layouts_are_spoken() -> None:
    greeks = dict.fromkeys(
        ["impliedVol", "delta", "optPrice", "pvDividend", "gamma", "vega", "theta", "undPrice"], 0.5
    )
    frames = {
        version: encode("tickOptionComputation", version, reqId=7, tickType=13, tickAttrib=0, **greeks)
        for version in (155, 156)
    }
    assert frames[155][4:].startswith(b"21\x006\x007\x0013\x000.5\0")
    assert frames[156][4:].startswith(b"21\x007\x0013\x000\x000.5\0")


def test_fields_behind_the_last_known_one_are_kept_aside() -> None:
    assert decode_request(b"61\x001\x00new\0", 176).surplus == ("new",)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(LocalProtocolError, match="tickSize: size: is missing"):
        encode("tickSize", 176, reqId=1, tickType=0)


def test_a_misspelt_value_is_named() -> None:
    with pytest.raises(LocalProtocolError, match="no field sise"):
        encode("tickSize", 176, reqId=1, tickType=0, size=1, sise=2)
    with pytest.raises(LocalProtocolError, match="no field lmtprice"):
        encode("placeOrder", 176, orderId=1, action="BUY", totalQuantity=1, orderType="LMT", lmtprice=1)


def test_a_misspelt_value_in_a_repeated_part_is_named() -> None:
    bar = {"date": "1", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1, "average": 1, "barCount": 1}
    with pytest.raises(LocalProtocolError, match=r"bars.*opne"):
        encode("historicalData", 176, reqId=1, startDateStr="", endDateStr="", bars=[{**bar, "opne": 2}])


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(LocalProtocolError, match="tickPrize"):
        encode("tickPrize", 176)
    with pytest.raises(LocalProtocolError, match="tickPrize"):
        field_names("tickPrize")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), "x", None]
)
def test_what_is_no_number_is_never_sent(value: object) -> None:
    with pytest.raises(LocalProtocolError, match="tickPrice: price"):
        encode("tickPrice", 176, reqId=1, tickType=1, price=value, size=1, attrMask=0)


def test_sizes_are_whole_for_clients_that_read_them_as_int() -> None:
    sizes = {
        version: split_fields(encode("tickSize", version, reqId=1, tickType=0, size=Decimal("100.5"))[4:])[-1]
        for version in (157, 163)
    }
    assert sizes == {157: "100", 163: "100.5"}


def test_whole_numbers_carry_no_decimals_where_a_client_reads_int() -> None:
    frame = encode("tickPrice", 157, reqId=1, tickType=1, price=2.5, size=Decimal("100.0"), attrMask=0)
    assert frame[4:] == b"1\x006\x001\x001\x002.5\x00100\x000\x00"


def test_an_order_of_unset_values_says_unset_as_tws_does() -> None:
    frame = encode(
        "openOrder",
        176,
        orderId=3,
        conId=756733,
        symbol="SPY",
        secType="STK",
        exchange="SMART",
        currency="USD",
        localSymbol="SPY",
        tradingClass="SPY",
        action="BUY",
        totalQuantity=Decimal("100.0"),
        orderType="LMT",
        lmtPrice=Decimal("1.5"),
        account="DU1",
        clientId=1,
        permId=1000099,
        status="Submitted",
    )
    text = frame[4:].decode()
    fields = text.split("\0")
    assert len(fields) - 1 == 136
    assert fields[7] == "?"
    assert "1000099.0/DU1/100" in fields
    assert text.count("1.7976931348623157E308") == 9
    assert re.search(r"\0002147483647\0003\0", text), "minQty unset, then the OCA type 3"
    assert "\0None\0\0000\0\0\0\0?\0000\0000\0\0" in text, "the delta-neutral fields follow the type None"
    assert "\0Submitted\0" + "1.7976931348623157E308\0" * 9 + "\0\0\0\0\0" in text


def test_the_trailing_stop_price_appears_twice_in_an_open_order() -> None:
    order = {"orderId": 1, "conId": 1, "symbol": "A", "secType": "STK", "currency": "USD", "action": "SELL"}
    more = {"totalQuantity": 1, "orderType": "TRAIL", "account": "DU1", "clientId": 1, "permId": 5}
    frame = encode("openOrder", 178, **order, **more, status="PreSubmitted", trailStopPrice=Decimal("12.34"))
    assert frame.count(b"\x0012.34\0") == 2


def test_every_kind_describes_its_layout() -> None:
    layouts = {(kind.direction, kind.name): kind.layout for kind in message_kinds()}
    assert layouts[MessageDirection.REQUEST, "cancelMktDepth"] == "1, reqId, [isSmartDepth ≥146] or the end"
    assert layouts[MessageDirection.ANSWER, "tickSize"] == "6, reqId, tickType, size"
    assert "[faProfile ≤176]" in layouts[MessageDirection.REQUEST, "placeOrder"]
    assert len({(kind.direction, kind.id) for kind in message_kinds()}) == len(message_kinds())
