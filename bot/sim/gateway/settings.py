"""How the gateway behaves towards its clients, as one frozen value. How the exchange behaves is in ``exchange_settings``.

Rule: defaults are what IB documents; where IB says nothing, docs/conformance.md says what was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """All times are simulated time."""

    master_client_id: int | None = None
    """This client hears the orders, statuses and executions of every client."""
    read_only: bool = False
    """Refuse orders and cancels with 321, as the "Read-Only API" box does."""
    # IBKR Campus, "Establishing an API connection": up to 32 clients.
    max_clients: int = 32
    # IBKR Campus, "Market Data Lines": 100 to begin with; error 101 beyond.
    market_data_lines: int = 100
    """Shared by all clients; a snapshot counts while it is under way."""
    # IBKR Campus, "Tick-by-Tick Data": 5 % of the lines, that is 5 of 100.
    tick_by_tick_lines: int = 5
    # IBKR Campus, "Account Summary": two active subscriptions; error 322 beyond.
    account_summaries: int = 2
    """Subscriptions a client may hold."""
    # IBKR Campus, "Historical Data Limitations".
    simultaneous_history: int = 50
    """Running historical requests, kept-up-to-date ones included."""
    # Own choice: IB says only that it sends "a few thousand bars at most" for small sizes.
    bars_in_an_answer: int = 60_000
    """A historical request for more is refused with 162."""
    messages_per_second: int | None = 50
    """From one client; a warning (code 0) at 44, error 100 and the end of the connection above. None: no limit."""
    historical_pacing: bool = True
    """Error 162 for small bars asked too often; False switches it off."""
    pace_all_bars: bool = False
    """Apply that limit to bars of a minute and more too, which IB lifted."""
    # IBKR Campus, "Live Market Data": samples every 250 ms for stocks, 100 ms for US options; one interval serves both here.
    tick_interval: timedelta = timedelta(milliseconds=250)
    """A line is told its newest quote at most this often."""
    greeks_delay: timedelta = timedelta(seconds=1)
    """Greeks come this much after the quote they belong to."""
    # IBKR Campus, "Snapshot": the answer ends after 11 seconds.
    snapshot_delay: timedelta = timedelta(seconds=11)
    # IBKR Campus, "Delayed Market Data": 15 to 20 minutes.
    data_delay: timedelta = timedelta(minutes=15)
    """How old delayed data is."""
    bar_update_every: timedelta = timedelta(seconds=5)
    # IBKR Campus, "Profit and Loss": about once a second.
    pnl_every: timedelta = timedelta(seconds=1)
    details_at_once: int = 400
    """A contract search with more results than this is throttled …"""
    details_per_second: int = 100
    """… to this many."""
    history_delay: timedelta = timedelta(0)
    """From a historical request to its answer."""
    # Own choice: IB's answers take tens of milliseconds; a client's races show only where they do.
    answer_delay: timedelta = timedelta(0)
    """From any request to its answer; requests stay in order. No such delay where time waits for its clients."""
    outbox_limit_bytes: int = 8 * 1024 * 1024
    """A client that has this much waiting to be read is dropped."""
