"""IB's Flex Web Service, version 3: ask for a statement, wait until it is made, fetch it.

Source: IBKR Guides, "Flex Web Service" (SendRequest, GetStatement, error codes). Rule: the token is part of every address,
so no address is ever shown, logged or followed to another host.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.flex.statement import MAX_BYTES

T = TypeVar("T")
Get = Callable[[str], bytes]
"""The body behind an address. Errors: OSError."""

_TIMEOUT_S = 30.0
# The guide asks for pauses of seconds while a statement is being made.
_PAUSES_S: Final = (5.0, 10.0, 20.0, 30.0, 60.0, 60.0)
_LATER: Final = frozenset({"1001", "1004", "1005", "1006", "1007", "1008", "1009", "1018", "1019", "1021"})
_REMEDIES: Final = {
    "1011": "flex.token: the service account is not active; switch Flex Web Service on in Client Portal",
    "1012": "flex.token: it has expired; make another in Client Portal > Performance & Reports > Flex Queries",
    "1013": "flex.token: it is limited to other addresses than this machine's",
    "1014": "flex.query: there is no such query; copy its id from Client Portal",
    "1015": "flex.token: IB does not know it; copy it again",
    "1016": "flex.query: it belongs to another account",
    "1020": "flex.query: IB could not validate the request; copy token and query id again",
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def get(url: str) -> bytes:
    """Over the network. Errors: OSError without the address in its words."""
    request = urllib.request.Request(url, headers={"User-Agent": "ibkr-options-bot/1"})  # noqa: S310  see fetch_statement
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
            return body
    except urllib.error.HTTPError as error:
        raise OSError(f"HTTP status {error.code}") from None
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from None


def fetch_statement(
    base: str, token: str, query: str, get: Get = get, wait: Callable[[float], None] = time.sleep
) -> bytes:
    """The statement's XML. Errors: FixTheConfiguration for what the owner must change, FixTheMachine for the rest."""
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise FixTheConfiguration(
            "flex.url: it must begin with https://, since the token is part of every request"
        )
    reference = _patiently(lambda: _reference(get, base, token, query), wait)
    return _patiently(lambda: _statement(get, base, token, reference), wait)


class _NotYetError(Exception):
    pass


def _patiently(ask: Callable[[], T], wait: Callable[[float], None]) -> T:
    trouble = ""
    for pause_s in (*_PAUSES_S, 0.0):
        try:
            return ask()
        except (_NotYetError, OSError) as error:
            trouble = str(error)
            wait(pause_s)
    raise FixTheMachine(f"flex: IB's statement cannot be had ({trouble}); try again in the morning")


def _reference(get: Get, base: str, token: str, query: str) -> str:
    answer = _parsed(get(f"{base}/SendRequest?{urlencode({'t': token, 'q': query, 'v': 3})}"))
    _check(answer)
    reference = answer.findtext("ReferenceCode", "")
    if not reference.isdecimal():
        raise FixTheMachine("flex: IB accepted the request and gave no reference code")
    return reference


def _statement(get: Get, base: str, token: str, reference: str) -> bytes:
    body = get(f"{base}/GetStatement?{urlencode({'t': token, 'q': reference, 'v': 3})}")
    if b"<FlexQueryResponse" not in body[:4096]:
        _check(_parsed(body))
    return body


def _parsed(body: bytes) -> ElementTree.Element:
    if b"<!" in body[:4096]:
        raise OSError("an answer that is no Flex answer")
    try:
        return ElementTree.fromstring(body)  # noqa: S314  no declarations, so no entities to expand
    except ElementTree.ParseError:
        raise OSError("an answer that is no XML") from None


def _check(answer: ElementTree.Element) -> None:
    if answer.findtext("Status") == "Success":
        return
    code, text = answer.findtext("ErrorCode", "?"), answer.findtext("ErrorMessage", "")[:120]
    if code in _LATER:
        raise _NotYetError(f"{code}: {text}")
    remedy = _REMEDIES.get(code)
    if remedy is not None:
        raise FixTheConfiguration(remedy)
    raise FixTheMachine(f"flex: IB answered {code}: {text}")
