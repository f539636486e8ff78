"""The two state machines, paired: what one end says the other must see, and nothing out of turn."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wire import (
    SUPPORTED_VERSIONS,
    ClientHello,
    Closed,
    Connection,
    LocalProtocolError,
    Record,
    RemoteProtocolError,
    Role,
    ServerHello,
    State,
    WireMessage,
    negotiate,
)
from bot.wire.connection import CONNECTION_TRANSITIONS, SPEAKER
from bot.wire.frames import join_fields, pack_frame

TIME = "20250323 22:21:01 Greenwich Mean Time"


class Pair:
    """A client and a server, joined without a socket."""

    def __init__(self, client_max: int = 176) -> None:
        self.client = Connection(Role.CLIENT)
        self.server = Connection(Role.SERVER)
        self.client_max = client_max

    def agree(self) -> None:
        self.server.receive_data(self.client.open(max_version=self.client_max))
        assert isinstance(self.server.next_event(), ClientHello)
        self.client.receive_data(self.server.accept(TIME))
        assert isinstance(self.client.next_event(), ServerHello)

    def start(self) -> None:
        self.agree()
        self.server.receive_data(self.client.send("startApi", clientId=1))
        assert isinstance(self.server.next_event(), WireMessage)


def started(client_max: int = 176) -> Pair:
    pair = Pair(client_max)
    pair.start()
    return pair


def opened(data: bytes) -> Any:
    server = Connection(Role.SERVER)
    server.receive_data(data)
    return server.next_event()


def test_the_two_ends_agree_and_talk() -> None:
    pair = Pair()
    pair.server.receive_data(pair.client.open(max_version=176, options="+PACEAPI"))
    assert pair.server.next_event() == ClientHello(157, 176, "+PACEAPI")
    pair.client.receive_data(pair.server.accept(TIME))
    assert pair.client.next_event() == ServerHello(176, TIME)
    pair.server.receive_data(pair.client.send("startApi", clientId=7))
    assert pair.server.next_event() == WireMessage("startApi", Record(clientId=7, optCapab=""))
    pair.client.receive_data(pair.server.send("nextValidId", orderId=5))
    answer = pair.client.next_event()
    assert isinstance(answer, WireMessage)
    assert (answer.kind, answer.orderId, answer["orderId"], answer.get("other", "-")) == (
        "nextValidId",
        5,
        5,
        "-",
    )
    assert pair.client.version == pair.server.version == 176
    assert pair.client.state is pair.server.state is State.STARTED


def test_the_first_bytes_of_a_client_are_what_the_libraries_send() -> None:
    assert Connection(Role.CLIENT).open(max_version=176) == b"API\0\0\0\0\tv157..176"


def test_the_servers_hello_is_a_frame_of_version_and_time() -> None:
    server = Connection(Role.SERVER)
    server.receive_data(b"API\0" + pack_frame(b"v157..176"))
    server.next_event()
    assert server.accept(TIME) == join_fields(["176", TIME])


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 7), min_size=1, max_size=30))
def test_a_conversation_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    scribe = started()
    stream = b"".join(scribe.client.send("reqMktData", reqId=number, conId=9) for number in range(5))
    pair, heard, place = started(), list[int](), 0
    while place < len(stream):
        size = cuts[place % len(cuts)]
        pair.server.receive_data(stream[place : place + size])
        place += size
        while isinstance(event := pair.server.next_event(), WireMessage):
            heard.append(event.reqId)
    assert heard == [0, 1, 2, 3, 4]


def test_the_hello_is_understood_byte_by_byte() -> None:
    server, events = Connection(Role.SERVER), []
    for byte in Connection(Role.CLIENT).open():
        server.receive_data(bytes([byte]))
        events.append(server.next_event())
    assert [event for event in events if event] == [ClientHello(157, 178, "")]


@pytest.mark.parametrize(
    ("low", "high", "version"),
    [
        (157, 176, 176),
        (157, 178, 178),
        (100, 157, 157),
        (100, 179, 179),
        (100, 185, 185),
        (100, 193, 193),
        (100, 200, 200),
        (100, 201, 201),
        (100, 212, 212),
        (100, 213, 213),
        (100, 222, 222),
        (100, 225, 225),
        (100, 226, 225),
        (100, 173, 173),
        (157, 160, 160),
        (100, 162, 162),
        (157, 163, 163),
        (158, 162, 162),
        (213, 225, 225),
        (201, 212, 212),
        (100, 156, 156),
        (142, 152, 152),
        (100, 151, 151),
        (100, 141, None),
        (0, 0, None),
        (178, 157, None),
    ],
)
def test_the_version_is_the_highest_that_both_speak(low: int, high: int, version: int | None) -> None:
    assert negotiate(low, high) == version
    assert version in {None, *SUPPORTED_VERSIONS}


@given(low=st.integers(0, 300), high=st.integers(0, 300))
def test_no_client_is_ever_given_a_version_it_or_we_do_not_speak(low: int, high: int) -> None:
    spoken = (version for version in SUPPORTED_VERSIONS if low <= version <= high)
    assert negotiate(low, high) == max(spoken, default=None)


def test_a_single_version_is_a_range_too() -> None:
    assert opened(b"API\0" + pack_frame(b"v176")) == ClientHello(176, 176, "")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"63\0",
        b"\x16\x03\x01\x02\x00",
        b"API\0" + pack_frame(b"157..176"),
        b"API\0" + pack_frame(b"v157-176"),
        b"API\0" + pack_frame(b"v226..300"),
        b"API\0" + pack_frame(b"v100..99"),
        b"API\0" + pack_frame(b"\xff\xfe"),
        b"API\0" + struct.pack(">I", 5000),
        b"API\0" + struct.pack(">I", 0),
        b"API\0" + pack_frame(b"v" + b"9" * 500),
    ],
)
def test_what_is_no_hello_is_refused_for_good(data: bytes) -> None:
    server = Connection(Role.SERVER)
    server.receive_data(data)
    with pytest.raises(RemoteProtocolError) as refused:
        server.next_event()
    assert not refused.value.recoverable
    assert server.state is State.BROKEN
    server.receive_data(Connection(Role.CLIENT).open())
    with pytest.raises(RemoteProtocolError):
        server.next_event()


@pytest.mark.parametrize(
    "answer", [["226", TIME], ["141", TIME], ["abc", TIME], ["176"], ["176", TIME, "more"]]
)
def test_a_server_that_speaks_no_version_of_ours_is_refused(answer: list[str]) -> None:
    client = Connection(Role.CLIENT)
    client.open()
    client.receive_data(join_fields(answer))
    with pytest.raises(RemoteProtocolError, match="version"):
        client.next_event()
    assert client.state is State.BROKEN


def test_the_server_says_nothing_between_its_hello_and_start_api() -> None:
    pair = Pair()
    pair.agree()
    with pytest.raises(LocalProtocolError, match="while the version is agreed"):
        pair.server.send("nextValidId", orderId=1)


def test_the_client_says_nothing_before_start_api() -> None:
    pair = Pair()
    pair.agree()
    with pytest.raises(LocalProtocolError, match="while the version is agreed"):
        pair.client.send("reqPositions")


def test_a_request_before_start_api_is_the_clients_fault() -> None:
    pair = Pair()
    pair.agree()
    pair.server.receive_data(join_fields(["61", "1"]))
    with pytest.raises(RemoteProtocolError, match="the client said a request while the version is agreed"):
        pair.server.next_event()
    assert pair.server.state is State.BROKEN


@pytest.mark.parametrize(
    ("role", "say"),
    [
        (Role.SERVER, lambda end: end.open()),
        (Role.CLIENT, lambda end: end.accept(TIME)),
        (Role.SERVER, lambda end: end.accept(TIME)),
        (Role.SERVER, lambda end: end.send("reqPositions")),
        (Role.CLIENT, lambda end: end.send("nextValidId", orderId=1)),
        (Role.CLIENT, lambda end: end.send("startApi", clientId=1)),
    ],
)
def test_what_is_not_ones_own_or_not_ones_turn_is_not_said(role: Role, say: Any) -> None:
    end = Connection(role)
    with pytest.raises(LocalProtocolError):
        say(end)
    assert end.state is State.IDLE


def test_a_message_that_cannot_be_encoded_changes_nothing() -> None:
    pair = Pair()
    pair.agree()
    with pytest.raises(LocalProtocolError, match="clientId"):
        pair.client.send("startApi")
    assert pair.client.state is State.AGREED
    pair.client.send("startApi", clientId=1)


def test_a_bad_message_in_step_is_refused_and_the_next_one_is_read() -> None:
    pair = started()
    pair.server.receive_data(
        join_fields(["4711", "1"]) + join_fields(["1", "11", "x"]) + join_fields(["61", "1"])
    )
    with pytest.raises(RemoteProtocolError, match="4711") as unknown:
        pair.server.next_event()
    with pytest.raises(RemoteProtocolError, match="reqMktData") as malformed:
        pair.server.next_event()
    assert unknown.value.recoverable
    assert malformed.value.recoverable
    event = pair.server.next_event()
    assert isinstance(event, WireMessage)
    assert event.kind == "reqPositions"


def test_an_oversized_frame_breaks_the_conversation() -> None:
    pair = started()
    pair.server.receive_data(struct.pack(">I", 0x10001))
    with pytest.raises(RemoteProtocolError, match="65537 bytes"):
        pair.server.next_event()
    assert pair.server.state is State.BROKEN
    with pytest.raises(LocalProtocolError):
        pair.server.send("nextValidId", orderId=1)


def test_the_limit_of_a_frame_can_be_chosen() -> None:
    server = Connection(Role.SERVER, max_frame_bytes=16)
    server.receive_data(b"API\0" + pack_frame(b"v157..176 +PACEAPI"))
    with pytest.raises(RemoteProtocolError, match="18 bytes"):
        server.next_event()


def test_the_peers_end_between_messages_is_an_event_once() -> None:
    pair = started()
    pair.server.receive_data(pair.client.send("reqPositions"))
    pair.server.receive_data(b"")
    assert isinstance(pair.server.next_event(), WireMessage)
    assert pair.server.next_event() == Closed()
    assert pair.server.next_event() is None
    assert pair.server.state is State.CLOSED


@pytest.mark.parametrize("kept", [1, 4, 5, 8])
def test_the_peers_end_inside_a_message_is_its_fault(kept: int) -> None:
    pair = started()
    pair.server.receive_data(pair.client.send("cancelMktData", reqId=1)[:kept])
    pair.server.receive_data(b"")
    with pytest.raises(RemoteProtocolError, match="middle of a message"):
        pair.server.next_event()


def test_a_peer_that_says_nothing_at_all_simply_closed() -> None:
    server = Connection(Role.SERVER)
    assert server.next_event() is None
    server.receive_data(b"")
    assert server.next_event() == Closed()


def test_a_server_waits_for_its_own_answer_before_it_reads_on() -> None:
    server = Connection(Role.SERVER)
    server.receive_data(Connection(Role.CLIENT).open() + join_fields(["71", "2", "1", ""]))
    assert isinstance(server.next_event(), ClientHello)
    assert server.next_event() is None
    server.accept(TIME)
    event = server.next_event()
    assert isinstance(event, WireMessage)
    assert event.kind == "startApi"


def test_the_table_of_states_is_whole() -> None:
    assert set(CONNECTION_TRANSITIONS) == set(State)
    reached = {after for moves in CONNECTION_TRANSITIONS.values() for after in moves.values()}
    assert reached == {State.GREETED, State.AGREED, State.STARTED}
    assert {move for moves in CONNECTION_TRANSITIONS.values() for move in moves} == set(SPEAKER)


@settings(max_examples=60)
@given(data=st.binary(max_size=200), prefix=st.booleans(), greeted=st.booleans())
def test_no_bytes_at_all_can_do_worse_than_be_refused(data: bytes, prefix: bool, greeted: bool) -> None:
    server = started().server if greeted else Connection(Role.SERVER)
    server.receive_data((b"API\0" if prefix and not greeted else b"") + data)
    for _ in range(100):
        try:
            if server.next_event() is None:
                break
        except RemoteProtocolError as error:
            if not error.recoverable:
                break
    else:
        pytest.fail("the machine does not come to rest")
