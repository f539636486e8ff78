"""What the fuzz tests share: a gateway that must survive, and nasty texts for the fields of requests."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from bot.wire import encode
from tests.sim.raw import Bench, RawClient
from tests.sim.samples import samples

NASTY = (
    *(
        "00010101-00:00:00",
        "99991231-23:59:59",
        "20301231-23:00:00",
        "999999999 S",
        "999 months",
        "1e30",
        "1e-30",
    ),
    *(
        "",
        "0",
        "1",
        "-1",
        "2147483647",
        "-2147483648",
        "99999999999999999999",
        "1.7976931348623157E308",
        "1e400",
    ),
    *(
        "nan",
        "inf",
        "-0",
        "0.0000000001",
        "1_000",
        " 1",
        "٣",
        "true",
        "?",
        "C",
        "P",
        "BAG",
        "STK",
        "OPT",
        "CASH",
    ),
    *("SPY", "spy", "20110104", "20110104 10:00:00 US/Eastern", "20110104-10:00:00", "99999999 99:99:99 X/Y"),
    *(
        "20110104 10:00:00 ../../etc/passwd",
        "9999 Y",
        "0 D",
        "1 S",
        "1 D",
        "1 min",
        "5 secs",
        "1 day",
        "SCHEDULE",
    ),
    *(
        "TRADES",
        "MKT",
        "LMT",
        "STP",
        "TRAIL",
        "GTD",
        "GTC",
        "\\",
        "é" * 50,
        "\N{PILE OF POO}",
        "x" * 3000,
        "a;b=c;",
    ),
)


class Survivor:
    """A bench with a bystander whose conversation must never suffer."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.bystander = self.bench.client(9_000)
        self._next_id = 1

    def client(self, version: int = 178) -> RawClient:
        self._next_id += 1
        return self.bench.client(self._next_id, max_version=version)

    def dismiss(self, client: RawClient) -> None:
        self.bench.core.disconnected(client.session)

    def check(self) -> None:
        """Nothing broke inside, nothing was left behind, and the bystander is still served."""
        assert self.bench.core.failures == []
        assert len(self.bystander.say("reqCurrentTime")) == 1
        self.bystander.take()
        assert self.bench.core.feeds.count("line", "kept_bars", "bars_5s", "tick_by_tick") == 0


def request_fields(kind: str, version: int) -> list[str]:
    """The fields of a plausible request."""
    values: Mapping[str, object] = samples(kind)
    frame = encode(kind, version, **values)
    return frame[4:-1].decode().split("\0")


def frame_of(fields: list[str]) -> bytes:
    payload = "\0".join(fields).encode("utf-8", "surrogatepass") + b"\0"
    return struct.pack(">I", len(payload)) + payload
