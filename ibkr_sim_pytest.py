"""A pytest plugin: the fixture ``ib_gateway``, a simulated IB Gateway for tests of any bot.

    def test_my_bot_buys(ib_gateway):
        ib_gateway.start(session="2026-01-05", symbols=["SPY"])
        ib.connect("127.0.0.1", ib_gateway.port, clientId=1)
        ib_gateway.advance(minutes=10)
        assert ib_gateway.books()["orders"] == 1

Rule: a module of its own that needs the standard library and pytest alone. The gateway is a process with its own import path, so
that a project that has a package ``bot`` of its own keeps it; and wherever that one lies, ``import bot`` in a test means it.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any, Self

import pytest

_HERE = Path(__file__).resolve().parent
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from bot.cli.main import main; main()"
_DEFAULTS = {"session": "2026-01-05", "synthetic": True, "symbols": ("SPY",), "seed": 1}
_PATIENCE_S = 120.0  # of a loaded machine, for its start, an answer and its end alike


class _ProjectsBot(importlib.abc.MetaPathFinder):
    """Finds the project's own package ``bot`` before the gateway's, which lies beside this module.

    A project that is installed editable comes behind ``site-packages`` on the import path, and its package with it.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "bot":
            return None
        elsewhere = [folder for folder in sys.path if Path(folder).resolve() != _HERE]
        found = [importlib.machinery.PathFinder.find_spec(name, elsewhere)]
        # An editable project may be found by a finder of its own, without a folder on the path.
        others = [each for each in sys.meta_path if each not in (self, importlib.machinery.PathFinder)]
        found += [each.find_spec(name, path, target) for each in others if hasattr(each, "find_spec")]
        return next((spec for spec in found if spec is not None and not _is_ours(spec)), None)


def _is_ours(spec: importlib.machinery.ModuleSpec) -> bool:
    return str(_HERE / "bot") in (spec.submodule_search_locations or ())


sys.meta_path.insert(0, _ProjectsBot())


class GatewayError(Exception):
    """The simulated gateway did not start, refused a command, or failed inside; the text says which."""


class IBGateway:
    """One simulated gateway; it starts with ``start``, or with the first question. Time stands still until ``advance``."""

    def __init__(self, **defaults: Any) -> None:
        self._defaults = {**_DEFAULTS, **defaults}
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None
        self._admin: socket.socket | None = None
        self._lines: IO[str] | None = None
        self._facts: dict[str, Any] = {}
        self.faults = Faults(self)

    # ── its life

    def start(self, **options: Any) -> Self:
        """Start it, again where it runs: options of ``ibkr-bot sim`` with underscores (``symbols``, ``session``, ``at``,
        ``seed``, ``equity``, ``scenario``, ``answer_delay``, …). A recorded day needs ``synthetic=False``.

        Raises GatewayError.
        """
        self.stop()
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  it lives as long as the process
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [
                sys.executable,
                "-P",
                "-c",
                _PROGRAM,
                str(_HERE),
                "sim",
                *_arguments({**self._defaults, **options}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._facts = self._announced(self._process)
        self._greet()
        return self

    def _announced(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        line = "" if process.stdout is None else process.stdout.readline()
        try:
            return dict(json.loads(line))
        except ValueError:
            said = self._end()
        raise GatewayError(
            f"the simulated gateway did not start: {said or line.strip() or 'it said nothing'}"
        )

    def _greet(self) -> None:
        self._admin = socket.create_connection(("127.0.0.1", self._facts["admin_port"]), timeout=_PATIENCE_S)
        self._admin.settimeout(_PATIENCE_S)
        self._lines = self._admin.makefile("rw", encoding="utf-8", newline="\n")
        self._ask({"token": self._facts["admin_token"]})

    def stop(self) -> None:
        """End it. Raises GatewayError where anything failed inside the gateway; a second time is of no effect."""
        if self._process is None:
            return
        failures: Sequence[str] = ()
        try:
            if self._process.poll() is None:
                failures = self.status()["failures"]
        finally:
            said = self._end()
        if failures or self._code not in (0, None):
            raise GatewayError(f"the simulated gateway failed: {'; '.join(failures) or said}")

    def _end(self) -> str:
        """End the process; the last line that it wrote to its log."""
        process, log, self._process, self._log = self._process, self._log, None, None
        if process is None or log is None:
            return ""
        if self._admin is not None and self._lines is not None:
            self._lines.close()
            self._admin.close()
        if process.stdin is not None:
            process.stdin.close()  # that its input ends is what ends it
        try:
            self._code: int | None = process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            self._code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        log.seek(0)
        lines = log.read().strip().splitlines()
        log.close()
        return lines[-1] if lines else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ── what it is asked

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """Where a client connects."""
        return int(self.facts["port"])

    @property
    def account(self) -> str:
        return str(self.facts["account"])

    @property
    def facts(self) -> dict[str, Any]:
        """What it said at its start: port, account, symbols, server versions, …"""
        self._running()
        return self._facts

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> str:
        """Let time pass; the answer, New York's new time as ISO text, comes when all consequences are written to the sockets."""
        return str(self.do("advance", seconds=seconds + 60 * minutes + 3600 * hours)["now"])

    def books(self) -> dict[str, Any]:
        """Its own view: ``positions`` and ``working_stops`` by conId; ``orders``, ``modifies``, ``cancels`` received."""
        told = self.do("books")
        for name in ("positions", "working_stops"):
            told[name] = {int(con_id): quantity for con_id, quantity in told[name].items()}
        return told

    def status(self) -> dict[str, Any]:
        """``now``, the ``clients`` that are connected, and ``failures`` inside the gateway."""
        return self.do("status")

    def do(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Any command of the admin port (docs/simulator.md, "Break it"). Raises GatewayError where it is refused."""
        self._running()
        return self._ask({"do": name, **arguments})

    def _running(self) -> None:
        if self._process is None:
            self.start()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = ""
        with contextlib.suppress(OSError):
            if self._lines is not None:
                self._lines.write(json.dumps(request) + "\n")
                self._lines.flush()
                answer = self._lines.readline()
        if not answer:
            raise GatewayError(f"the simulated gateway is gone: {self._end() or 'it said nothing'}")
        told = dict(json.loads(answer))
        if not told.pop("ok"):
            raise GatewayError(str(told["error"]))
        return told


class Faults:
    """``gateway.faults.outage(seconds=60)``: each fault of docs/simulator.md by its name."""

    def __init__(self, gateway: IBGateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def fault(**arguments: Any) -> None:
            self._gateway.do(name, **arguments)

        return fault


def _arguments(options: dict[str, Any]) -> Iterator[str]:
    yield from ("--port", "0", "--admin-port", "0", "--stepped", "--ends-with-input")
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield from (flag,) if value else ()
        elif isinstance(value, list | tuple):
            yield from (flag, ",".join(map(str, value)))
        elif value is not None:
            yield from (flag, str(value))


@pytest.fixture
def ib_gateway() -> Iterator[IBGateway]:
    """A simulated IB Gateway, ended after the test; a failure inside it fails the test."""
    gateway = IBGateway()
    try:
        yield gateway
    finally:
        gateway.stop()
