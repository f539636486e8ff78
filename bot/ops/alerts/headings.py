"""Where the runbook speaks of each alert. The first word of an alert's key is its kind."""

from __future__ import annotations

HEADINGS: dict[str, str] = {
    "started": "Bot started, Bot stopped",
    "stopped": "Bot started, Bot stopped",
    "adopted": "Took over …",
    "entry": "Bought …, Sold …",
    "exit": "Bought …, Sold …",
    "loss_guard": "Loss guard: …",
    "halt": "Halted by …, Resumed by …",
    "resume": "Halted by …, Resumed by …",
    "journal": "Halted by …, Resumed by …",
    "reject_storm": "Halted: orders are rejected",
    "repaired": "Protection of … repaired",
    "trading": "Trading in … is halted by the exchange",
    "set_aside": "The broker lists something that is not the bot's / A message of the broker cannot be read",
    "unprotected": "UNPROTECTED: …",
    "overdue": "Cannot close …",
    "flattened": "Closing …: it could not be protected",
    "line_failed": "… crashed; restarting the trading pipeline / Halted: failures in a row",
    "repeated_failure": "… crashed; restarting the trading pipeline / Halted: failures in a row",
    "connection": "No connection to the gateway / The gateway has lost IB",
    "ib": "No connection to the gateway / The gateway has lost IB",
    "data": "…: no fresh bars, no fresh quotes, data are not live",
    "feed": "…: no fresh bars, no fresh quotes, data are not live",
    "log_in": "The gateway's log-in expires in …",
    "report": "Fri 20 Nov: 3 trades, +41.20",
    "thread": "A helper thread has ended: …",
    "calendar": "The trading calendar ends in … days",
    "gathered": "5 events",
    "test": "Bot started, Bot stopped",
}
