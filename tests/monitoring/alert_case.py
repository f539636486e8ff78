"""Each alert's life on made-up series: when it must be quiet, when it must fire, when it must have resolved.

Rule: every alert has a case; a gate has a second one, in which the same trouble must not fire at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STEP_S = 15
DAYS_STEP_S = 600
"""Of cases that take days: a sample and a judgement every ten minutes."""
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def flat(*parts: tuple[float | str, str], step_s: int = STEP_S) -> str:
    """promtool's notation of values that hold for a while: ``(0, "1m"), (1, "5m")``; ``_`` is no sample."""
    return " ".join(f"{value}x{seconds(span) // step_s - 1}" for value, span in parts)


def rising(per_step: float, span: str, start: float = 0, step_s: int = STEP_S) -> str:
    return f"{start}+{per_step}x{seconds(span) // step_s - 1}"


def bot(name: str, /, **labels: str) -> str:
    """A series of the bot."""
    return _series(name, {"job": "ibkr-bot", "instance": "pi:9108", "host": "pi", **labels})


def second_bot(name: str, /, **labels: str) -> str:
    """A series of another bot."""
    return _series(name, {"job": "ibkr-bot", "instance": "pi2:9108", "host": "pi2", **labels})


def gateway(name: str, /, **labels: str) -> str:
    """A series of the gateway's host."""
    return _series(name, {"job": "node", "instance": "gw:9100", "host": "gw", **labels})


def node(name: str, /, **labels: str) -> str:
    """A series of the host."""
    return _series(name, {"job": "node", "instance": "pi:9100", "host": "pi", **labels})


def _series(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inner}}}"


@dataclass(frozen=True, slots=True)
class Case:
    """``counts`` says how many alerts of that name fire at which time; ``gates`` are series that only let it through."""

    alert: str
    series: dict[str, str]
    counts: dict[str, int]
    why: str = "fires, and resolves"
    gates: dict[str, str] = field(default_factory=dict)
    step_s: int = STEP_S

    @property
    def pace(self) -> str:
        """How often it is judged: hours every 2 minutes, to be quick; days at each of their samples."""
        if self.step_s != STEP_S:
            return f"{self.step_s}s"
        if any((at.endswith("m") and seconds(at) > 80 * 60) or at.endswith("h") for at in self.counts):
            return "2m"
        return f"{STEP_S}s"


LONG = "8h"
OPEN = {bot("ibbot_market_open"): flat((1, LONG))}
CLOSED = {bot("ibbot_market_open"): flat((0, LONG))}
REAL_TIME = {bot("ibbot_clock_speed_ratio"): flat((1, LONG))}
EXT4 = {"fstype": "ext4", "mountpoint": "/"}
BRIEF = flat((0, "5m"), (1, "20m"), (0, "30m"))
"""Well for 5 minutes, ill for 20, well again."""
AS_BRIEF = {"4m": 0, "20m": 1, "40m": 0}
EVENT = flat((0, "5m"), (1, "60m"))
"""A counter that counts one event at the fifth minute."""
DELIVERIES_FAILED = 'alertmanager_notifications_failed_total{integration="slack"}'
FAILS_FOR_20_MIN = f"{flat((0, '5m'))} {rising(1, '20m')} {flat((80, '30m'))}"
READY = bot("ibbot_gateway_connection_state", state="ready")
