"""A statement as IB writes it, and one endpoint that plays the Flex Web Service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

TRADE = (
    '<Trade accountId="DU1234567" conid="{con_id}" buySell="{side}" quantity="{quantity}" tradePrice="{price}" '
    'ibCommission="{commission}" ibCommissionCurrency="USD" ibExecID="{exec_id}" levelOfDetail="EXECUTION"/>'
)


def trade(exec_id: str = "0000e0d5.1.01.01", **changes: str) -> str:
    values = {"con_id": "11", "side": "BUY", "quantity": "2", "price": "1.5", "commission": "-1.3"}
    return TRADE.format(exec_id=exec_id, **{**values, **changes})


def statement(*trades: str, more: str = "", account: str = "DU1234567", day: str = "20260302") -> bytes:
    return (
        '<FlexQueryResponse queryName="day" type="AF"><FlexStatements count="1">'
        f'<FlexStatement accountId="{account}" fromDate="{day}" toDate="{day}">'
        f"<Trades>{''.join(trades)}</Trades>{more}</FlexStatement></FlexStatements></FlexQueryResponse>"
    ).encode()


class FlexEndpoint:
    """``answers`` are what GetStatement says, in order, the last for ever; ``token`` is the only one it knows."""

    def __init__(self) -> None:
        self.token, self.query = "FAKE-TOKEN-123", "987654"
        self.answers: list[bytes] = [statement()]
        self.asked: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                endpoint.asked.append(parts.path.rpartition("/")[2])
                body = endpoint.answer(endpoint.asked[-1], parse_qs(parts.query))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/FlexWebService"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, what: str, given: dict[str, list[str]]) -> bytes:
        if given.get("t") != [self.token] or given.get("v") != ["3"]:
            return failure(1015, "Token is invalid.")
        if what == "SendRequest":
            if given.get("q") != [self.query]:
                return failure(1014, "Query is invalid.")
            words = "<Status>Success</Status><ReferenceCode>42</ReferenceCode><Url>http://elsewhere.example/</Url>"
            return f"<FlexStatementResponse>{words}</FlexStatementResponse>".encode()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def failure(code: int, text: str) -> bytes:
    words = f"<Status>Fail</Status><ErrorCode>{code}</ErrorCode><ErrorMessage>{text}</ErrorMessage>"
    return f"<FlexStatementResponse>{words}</FlexStatementResponse>".encode()


@pytest.fixture
def endpoint() -> Iterator[FlexEndpoint]:
    endpoint = FlexEndpoint()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()
