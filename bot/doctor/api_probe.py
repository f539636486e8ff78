"""The way into the gateway on a bare socket, so that each way it can be shut is told apart and named with its remedy.

Rule: what the other side did decides, not what a client library made of it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from enum import StrEnum

from bot.wire import Closed, Connection, RemoteProtocolError, Role, ServerHello, WireMessage
from bot.wire.errors import LocalProtocolError

# IBKR Campus, "TWS API: Error Codes".
CLIENT_ID_IN_USE = 326
# IBKR Campus, "TWS API: Initial Setup": the defaults of TWS and of the gateway.
KNOWN_PORTS = {4001: "IB Gateway, live", 4002: "IB Gateway, paper", 7496: "TWS, live", 7497: "TWS, paper"}
_PROBE_S = 2.0


class Failure(StrEnum):
    """How the door is shut."""

    NO_NAME = "no_name"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    CLOSED = "closed_at_handshake"
    SILENT = "silent"
    TLS = "tls_where_plain_expected"
    NOT_TWS = "not_a_tws_api"
    CLIENT_ID = "client_id_in_use"
    NOT_LOGGED_IN = "not_logged_in"


REMEDIES = {
    Failure.NO_NAME: "broker.host: write an address, or fix the name's DNS entry",
    Failure.REFUSED: "start the gateway, and open its API port (Configure > API > Settings); through the tunnel: "
    "systemctl status gateway-tunnel",
    Failure.TIMED_OUT: "wrong broker.host, or a firewall drops the packets: only the bots' addresses are let in",
    Failure.UNREACHABLE: "look at the network: is the gateway's host up, and is broker.host right?",
    Failure.CLOSED: "the gateway takes no client from this address: untick 'Allow connections from localhost only' or "
    "add the address to Trusted IPs; through the tunnel: the tunnel's far end or the gateway behind it is down",
    Failure.SILENT: "the gateway hangs, or a dialogue waits on its screen (log-in, second factor): look at it, restart it",
    Failure.TLS: "this is the tunnel's outer end: point broker.host and broker.port at its local end (127.0.0.1), "
    "or switch 'Use SSL' off in the gateway",
    Failure.NOT_TWS: "something else listens there: set broker.port to the gateway's API port",
    Failure.CLIENT_ID: "another program uses the doctor's client id: is a second doctor running?",
    Failure.NOT_LOGGED_IN: "the gateway has not finished its log-in: look at its screen, confirm the second factor",
}


class ProbeFailed(Exception):
    """The gateway cannot be talked to. ``words`` say what happened."""

    def __init__(self, shape: Failure, words: str) -> None:
        super().__init__(words)
        self.shape = shape
        self.words = words

    @property
    def remedy(self) -> str:
        return REMEDIES[self.shape]


@dataclass(slots=True)
class ApiConnection:
    """An open API session. ``accounts`` is what the gateway offers; ``first`` what it said unasked."""

    link: socket.socket
    wire: Connection
    accounts: tuple[str, ...] = ()
    next_order_id: int = 0

    @property
    def version(self) -> int:
        return self.wire.version or 0

    def read(self, until: float) -> WireMessage | None:
        """The next message, or None once ``until`` (monotonic seconds) has passed. ProbeFailed when the peer closes."""
        while True:
            try:
                event = self.wire.next_event()
            except RemoteProtocolError as error:
                if error.recoverable:
                    continue
                raise ProbeFailed(Failure.NOT_TWS, f"it stopped speaking the protocol: {error}") from None
            if isinstance(event, WireMessage):
                return event
            if isinstance(event, Closed):
                raise ProbeFailed(Failure.CLOSED, "it closed the connection")
            if not self.receive(until):
                return None

    def receive(self, until: float) -> bool:
        """Wait for bytes; False when the time is over."""
        left = until - time.monotonic()
        if left <= 0:
            return False
        self.link.settimeout(left)
        try:
            self.wire.receive_data(self.link.recv(65536))
        except TimeoutError:
            return False
        except ConnectionError:
            self.wire.receive_data(b"")
        return True

    def send(self, kind: str, **values: object) -> None:
        """Send one request. Raises ProbeFailed when the gateway has closed the line."""
        try:
            self.link.sendall(self.wire.send(kind, **values))
        except (OSError, LocalProtocolError):  # the peer had closed before we spoke, or while we did
            raise ProbeFailed(Failure.CLOSED, "it closed the connection") from None

    def close(self) -> None:
        self.link.close()


def knock(host: str, port: int, timeout_s: float) -> socket.socket:
    """The TCP connection. ProbeFailed says why there is none."""
    where = f"{host}:{port}"
    try:
        return socket.create_connection((host, port), timeout=timeout_s)
    except socket.gaierror:
        raise ProbeFailed(Failure.NO_NAME, f"{host} is no known name") from None
    except ConnectionRefusedError:
        raise ProbeFailed(Failure.REFUSED, f"nothing listens on {where}{_elsewhere(host, port)}") from None
    except TimeoutError:
        raise ProbeFailed(Failure.TIMED_OUT, f"{where} does not answer within {timeout_s:g} s") from None
    except OSError as error:
        raise ProbeFailed(Failure.UNREACHABLE, f"{where} cannot be reached: {error.strerror}") from None


def _elsewhere(host: str, port: int) -> str:
    """A known port that does listen on the same host: the commonest mistake."""
    for other, whose in KNOWN_PORTS.items():
        if other != port and _listens(host, other):
            return f", but port {other} ({whose}) is open"
    return ""


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def shake_hands(link: socket.socket, where: tuple[str, int], timeout_s: float) -> ApiConnection:
    """Agree on a version. ProbeFailed tells apart a peer that closes, is silent, or speaks something else.

    Raises ProbeFailed.
    """
    line = ApiConnection(link, Connection(Role.CLIENT))
    until = time.monotonic() + timeout_s
    with contextlib.suppress(ConnectionError):  # what it had said before it closed is still read below
        link.sendall(line.wire.open())
    while True:
        try:
            event = line.wire.next_event()
        except RemoteProtocolError as error:
            raise _foreign(where, str(error)) from None
        if isinstance(event, ServerHello):
            return line
        if isinstance(event, Closed):
            raise _foreign(where, "it accepts the connection and closes it at the handshake", Failure.CLOSED)
        if not line.receive(until):
            words = f"it accepts the connection and says nothing for {timeout_s:g} s"
            raise _foreign(where, words, Failure.SILENT)


def _foreign(where: tuple[str, int], words: str, otherwise: Failure = Failure.NOT_TWS) -> ProbeFailed:
    if _speaks_tls(where):
        return ProbeFailed(Failure.TLS, "it speaks TLS, and the bot speaks the plain API")
    if otherwise is Failure.NOT_TWS:
        return ProbeFailed(otherwise, f"it does not speak the TWS API: {words}")
    return ProbeFailed(otherwise, words)


def _speaks_tls(where: tuple[str, int]) -> bool:
    """Whether a TLS hello is answered in TLS, be it by a refusal of ours (the tunnel wants a certificate)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(where, timeout=_PROBE_S) as link, context.wrap_socket(link):
            return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def start_session(line: ApiConnection, client_id: int, timeout_s: float) -> None:
    """Begin the session and learn the accounts. ProbeFailed when the gateway has none to offer."""
    line.send("startApi", clientId=client_id, optCapab="")
    until = time.monotonic() + timeout_s
    while not (line.accounts and line.next_order_id):
        message = line.read(until)
        if message is None:
            raise ProbeFailed(
                Failure.NOT_LOGGED_IN, f"it speaks, and names no account within {timeout_s:g} s"
            )
        match message.kind:
            case "managedAccounts":
                line.accounts = tuple(filter(None, message.accountsList.split(",")))
            case "nextValidId":
                line.next_order_id = message.orderId
            case "error" if message.errorCode == CLIENT_ID_IN_USE:
                raise ProbeFailed(Failure.CLIENT_ID, f"client id {client_id} is in use")
