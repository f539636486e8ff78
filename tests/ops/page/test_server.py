"""The page over HTTP: it shows, it never commands, and a foreign name finds nobody at home."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.domain.errors import FixTheMachine
from bot.ops.metrics.endpoint import Metrics
from bot.ops.page.document import Document, PageVerdict, page_as_json
from bot.ops.page.render import SCRIPTS
from bot.ops.page.server import Site, serve_page, served

DOCUMENT = Document(kind="live", title="t", at=None, verdict=PageVerdict("safe", "Safe", "Nothing is held."))


@pytest.fixture
def port() -> Iterator[int]:
    port, close = serve_page(Site(lambda: DOCUMENT, Metrics().app(), "127.0.0.1"), "127.0.0.1", 0)
    yield port
    close()


def _ask(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_the_page_its_files_the_document_and_the_metrics_are_there(port: int) -> None:
    for path in ("/", "/page.css", *(f"/{name}" for name in SCRIPTS), "/document.json", "/metrics"):
        assert _ask(port, path).status == 200, path
    answer = _ask(port, "/document.json")
    assert answer.body == page_as_json(DOCUMENT)  # type: ignore[attr-defined]
    assert b"ibbot_" in _ask(port, "/metrics").body  # type: ignore[attr-defined]


def test_nothing_else_is_there(port: int) -> None:
    for path in ("/../app.py", "/page.html", "/halt", "/%2e%2e/app.py"):
        assert _ask(port, path).status == 404, path


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9108", "127.0.0.1.evil.example", "", "[::1"])
def test_a_foreign_host_is_refused_everywhere(port: int, host: str) -> None:
    for path in ("/", "/document.json", "/metrics"):
        answer = _ask(port, path, Host=host)
        assert answer.status == 421
        assert b"Safe" not in answer.body  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:9108", "LOCALHOST", "[::1]:9108", "192.168.1.20:9108"]
)
def test_the_machine_s_own_names_and_addresses_are_answered(port: int, host: str) -> None:
    assert _ask(port, "/document.json", Host=host).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_commanded(port: int, method: str) -> None:
    for path in ("/", "/document.json", "/metrics"):
        assert _ask(port, path, method).status == 405


def test_every_answer_of_the_page_forbids_embedding_and_foreign_content(port: int) -> None:
    for path in ("/", "/document.json", "/page.js", "/nothing"):
        headers = _ask(port, path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_a_document_that_is_known_is_not_sent_again(port: int) -> None:
    first = _ask(port, "/document.json")
    again = _ask(port, "/document.json", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")  # type: ignore[attr-defined]


def test_a_changed_document_has_another_mark() -> None:
    now = [DOCUMENT]
    port, close = serve_page(Site(lambda: now[0], Metrics().app(), "127.0.0.1"), "127.0.0.1", 0)
    first = _ask(port, "/document.json").headers["ETag"]
    now[0] = replace(DOCUMENT, title="other")
    again = _ask(port, "/document.json", **{"If-None-Match": first})
    close()
    assert (again.status, json.loads(again.body)["title"]) == (200, "other")  # type: ignore[attr-defined]


def test_a_taken_port_stops_only_whom_it_must(port: int) -> None:
    site = Site(lambda: DOCUMENT, Metrics().app(), "127.0.0.1")
    with (
        pytest.raises(FixTheMachine, match=r"monitoring\.metrics_port"),
        served(site, "127.0.0.1", port, is_needed=True),
    ):
        pass
    with served(site, "127.0.0.1", port, is_needed=False):
        assert _ask(port, "/").status == 200
