"""Prometheus and Alertmanager as processes of a test, on free ports of the loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  the loopback
        return bytes(answer.read())


def query(prometheus: str, expr: str) -> list[dict[str, Any]]:
    """The instant vector of an expression. Raises urllib.error.HTTPError for one that Prometheus cannot read."""
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    found: list[dict[str, Any]] = json.loads(get(address))["data"]["result"]
    return found


@contextlib.contextmanager
def running(command: list[str], ready_url: str, log: Path) -> Iterator[None]:
    """The process, once it says that it is ready; ended with the block."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(ready_url, process)
            yield
        finally:
            process.terminate()
            process.wait(15)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Another program's start cannot be waited for but by asking it, ten times a second for half a minute."""
    for _ in range(300):
        assert process.poll() is None, "it ended before it was ready"
        with contextlib.suppress(OSError):
            get(url)
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise TimeoutError(url)
