"""The TWS API protocol as data: bytes in, messages out, and back. No socket, no clock, no threads.

Rule: a message's layout is declared once (``schemas/``) and read in both directions; nothing here decides
what a message means.

Speaking it (either role)::

    conn = Connection(Role.SERVER)              # or Role.CLIENT
    conn.receive_data(data)                     # any slice of the byte stream; b"" means the peer closed
    while (event := conn.next_event()) is not None:
        match event:
            case ClientHello():                 # server: version already negotiated, conn.version
                transport.write(conn.accept("20250323 22:21:01 Greenwich Mean Time"))
            case WireMessage(kind="placeOrder"):
                event.orderId, event["lmtPrice"], event.get("hedgeParam"), event.comboLegs[0].conId
            case Closed(): ...
    transport.write(conn.send("orderStatus", orderId=1, status="Submitted", filled=0, ...))

    conn = Connection(Role.CLIENT)
    transport.write(conn.open())                # then, after the ServerHello event:
    transport.write(conn.send("startApi", clientId=1, optCapab=""))

Without a connection (a message for many clients is encoded once per version)::

    frame = encode("tickPrice", 176, reqId=7, tickType=1, price=1.25, size=3, attrMask=0)
    message = decode_request(payload, version)   # or decode_answer; payload = the frame without its length

Values: ``None`` is *unset* and takes whatever text that field uses for it. Order and fill prices, quantities
and sizes decode to ``Decimal``; market-data doubles to ``float``; flags to ``bool``; times stay text. Encoding
takes int, float or Decimal for any number. Field names are those of the TWS API (``field_names(kind)``);
``message_kinds()`` lists every kind with its layout. A missing or misspelt field is a ``LocalProtocolError``;
whatever the peer did wrong is a ``RemoteProtocolError`` (``recoverable`` when the stream is still in step, with
``message_id``, ``kind`` and ``request_id`` as far as they were read).
"""

from __future__ import annotations

from bot.wire.connection import ClientHello, Closed, Connection, Event, Role, ServerHello, State, negotiate
from bot.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from bot.wire.frames import FrameBuffer
from bot.wire.layout import MessageDirection, MessageKind
from bot.wire.records import Record, WireMessage
from bot.wire.schema import (
    SUPPORTED_VERSIONS,
    decode_answer,
    decode_request,
    encode,
    field_names,
    message_kinds,
    unsendable,
    written_records,
)

__all__ = [
    "SUPPORTED_VERSIONS",
    "ClientHello",
    "Closed",
    "Connection",
    "Event",
    "FrameBuffer",
    "LocalProtocolError",
    "MessageDirection",
    "MessageKind",
    "ProtocolError",
    "Record",
    "RemoteProtocolError",
    "Role",
    "ServerHello",
    "State",
    "WireMessage",
    "decode_answer",
    "decode_request",
    "encode",
    "field_names",
    "message_kinds",
    "negotiate",
    "unsendable",
    "written_records",
]
