"""The way to the market: the gateway, IB behind it, the feeds, and how much of IB's limits is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.domain.broker_messages import BrokerPulse
from bot.ops.metrics.family import Family, Picture, Sample, SampleValue, counts, one, states
from bot.ops.status.status import Status
from bot.risk.denials import DenialCode
from bot.risk.limits import next_start

CONNECTION_STATES = ("disconnected", "link_down", "unreconciled", "ready")
FEEDS = ("bars", "quotes")
ERRORS = (
    ("link", "1100"), ("link", "2103"), ("link", "2105"), ("link", "2110"), ("link", "2157"),
    ("order", "110"), ("order", "201"), ("order", "203"), ("order", "321"),
    ("request", "0"), ("request", "101"), ("request", "162"), ("request", "200"), ("request", "321"),
    ("request", "354"), ("request", "504"), ("request", "10089"), ("request", "10197"),
)  # fmt: skip
"""Codes seen in practice; another one appears when it first comes. 0 is our own deadline."""


def connection_state(status: Status) -> str:
    """Where the way to the market ends, in one word."""
    if not status.is_connected:
        return "disconnected"
    if "ib" in status.links_down:
        return "link_down"
    return "ready" if status.is_reconciled else "unreconciled"


def _errors(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {
        (source, str(code)): n for (source, code), n in x.status.figures.errors.items()
    }
    return counts(known, ERRORS)


def _links(x: Picture) -> Iterable[Sample]:
    known = {"ib": x.status.is_connected and "ib" not in x.status.links_down, **x.status.figures.links}
    return [((part,), up) for part, up in sorted(known.items())]


def _ticks(x: Picture) -> Iterable[Sample]:
    return [((view.symbol,), view.quote_at) for view in x.status.symbols]


def _bars(x: Picture) -> Iterable[Sample]:
    return [((view.symbol,), view.bar_end) for view in x.status.symbols]


def _stale(x: Picture) -> Iterable[Sample]:
    return [
        ((view.symbol, feed), not view.feeds.get(feed, True)) for view in x.status.symbols for feed in FEEDS
    ]


def _live(x: Picture) -> Iterable[Sample]:
    return [((symbol,), is_live) for symbol, is_live in sorted(x.status.figures.live_data.items())]


def _pulse(read: Callable[[BrokerPulse], SampleValue]) -> Callable[[Picture], Iterable[Sample]]:
    def of(x: Picture) -> Iterable[Sample]:
        pulse = x.status.figures.pulse
        return [((), None if pulse is None else read(pulse))]

    return of


def _pulse_buckets(messages: str, history: str) -> Callable[[Picture], Iterable[Sample]]:
    def of(x: Picture) -> Iterable[Sample]:
        pulse = x.status.figures.pulse
        if pulse is None:
            return []
        return [(("messages",), getattr(pulse, messages)), (("history",), getattr(pulse, history))]

    return of


def _auth_expiry(x: Picture) -> SampleValue:
    windows = (w for w in x.constants.session.embargoes if w.code == DenialCode.EMBARGO_TOKEN_EXPIRY)
    window = next(windows, None)
    return None if window is None or x.status.at is None else next_start(window, x.status.at)


LINK = [
    Family("broker link", "gateway_connection_state", "gauge",
           "1 for the state the connection is in; only ready can trade.",
           lambda x: states(CONNECTION_STATES, [connection_state(x.status)]), ("state",)),
    Family("broker link", "link_up", "gauge",
           "Parts of the way behind the gateway (IB itself, data farms): 1 while up.",
           _links, ("part",)),
    Family("broker link", "connects", "counter", "Sessions opened with the gateway.",
           one(lambda x: x.status.figures.connects)),
    Family("broker link", "reconnects", "counter", "Sessions lost, or that could not be opened.",
           one(lambda x: x.status.reconnects)),
    Family("broker link", "last_connected_timestamp_seconds", "gauge",
           "When the session was last opened (bot time).",
           one(lambda x: x.status.figures.connected_at)),
    Family("broker link", "broker_errors", "counter",
           "Rejected requests and orders and lost connections, by IB's code; 0 is our own timeout.",
           _errors, ("source", "code")),
    Family("broker link", "broker_request_seconds", "histogram",
           "Wall time from a request to its whole answer.",
           lambda x: [((kind,), tally) for kind, tally in sorted(x.run.calls.items())], ("request",)),
    Family("broker link", "last_tick_timestamp_seconds", "gauge",
           "Time of the underlying's latest quote (bot time).",
           _ticks, ("symbol",)),
    Family("broker link", "last_bar_timestamp_seconds", "gauge", "End of the latest 1-min bar (bot time).",
           _bars, ("symbol",)),
    Family("broker link", "feed_stale", "gauge",
           "1 while the bot considers the feed stale; it is judged in market hours only.",
           _stale, ("symbol", "feed")),
    Family("broker link", "market_data_live", "gauge",
           "1 for live data, 0 for delayed or frozen.", _live, ("symbol",)),
    Family("broker link", "broker_clock_offset_seconds", "gauge",
           "The broker's clock less ours, good to half a second.",
           _pulse(lambda pulse: pulse.clock_offset_s)),
    Family("broker link", "gateway_auth_expiry_timestamp_seconds", "gauge",
           "When the weekly log-in expires, by the settings (embargo.token_expiry).", one(_auth_expiry)),
]  # fmt: skip

PACING = [
    Family("pacing", "pacing_tokens", "gauge",
           "Requests our limiter would let through at once, at the last pulse.",
           _pulse_buckets("messages_free", "history_free"), ("bucket",)),
    Family("pacing", "pacing_tokens_limit", "gauge", "The most there can be.",
           _pulse_buckets("messages_limit", "history_limit"), ("bucket",)),
    Family("pacing", "pacing_waiting_requests", "gauge",
           "Requests the limiter holds back, at the last pulse.",
           _pulse(lambda pulse: pulse.waiting)),
    Family("pacing", "pacing_wait_seconds", "counter", "Bot time that requests were held back.",
           one(lambda x: 0.0 if x.status.figures.pulse is None else x.status.figures.pulse.waited_s)),
    Family("pacing", "market_data_lines_used", "gauge",
           "Market data lines in use.", _pulse(lambda pulse: pulse.lines_used)),
    Family("pacing", "market_data_lines_limit", "gauge",
           "The line budget.", _pulse(lambda pulse: pulse.lines_limit)),
]  # fmt: skip
