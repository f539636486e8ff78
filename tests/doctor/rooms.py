"""A doctor's visit to a simulated gateway, with settings a test changes by their environment names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import time

from bot.config import Settings, load_settings
from bot.doctor.context import Context
from bot.doctor.findings import Finding
from bot.doctor.gateway import gateway_checks
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world

DAY = date(2011, 1, 26)
OPEN = datetime(2011, 1, 26, 14, 30, tzinfo=UTC)
SPEED = 60.0


def settings(port: int = 4002, **variables: str) -> Settings:
    given = {"BROKER__TRADING": "paper", "DRY_RUN": "false", **variables}
    return load_settings(None, given, Path("absent.env")).with_gateway("127.0.0.1", port)


@contextmanager
def gateway(account: str = "DU1234567", equity: str = "25000") -> Iterator[SimGatewayThread]:
    world = recorded_world(("SPY",), DAY, start=OPEN, account_id=account, equity=Decimal(equity))
    with SimGatewayThread(world, speed=SPEED) as running:
        yield running


def visit(
    running: SimGatewayThread | int,
    *,
    what_if: bool = False,
    connect_s: float = 1.5,
    ask_s: float = 5.0,
    quote_s: float = 4.0,
    until: str = "",
    **variables: str,
) -> dict[str, Finding]:
    """The findings by name, up to and with the one named ``until``: what withholds everything withholds what comes after too,
    and each would wait for its whole deadline."""
    port = running if isinstance(running, int) else running.port
    scale = None if isinstance(running, int) else running.clock

    def now() -> datetime:
        return datetime.now(UTC) if scale is None else scale.at(time())

    context = Context(settings(port, **variables), now, connect_s, ask_s, quote_s, wants_what_if=what_if)
    found = {}
    for finding in gateway_checks(context):
        found[finding.name] = finding
        if finding.name == until:
            break
    return found


def free_port() -> int:
    """A port that nothing listens on, as far as one can know."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
