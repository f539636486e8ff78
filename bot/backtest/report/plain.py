"""A backtest as one JSON object: the plan, the figures, the tables, every trade.

Rule: what is not known is null; the text is JSON as RFC 8259 has it, which knows no NaN.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from bot.backtest.outcome import Outcome
from bot.backtest.report.document import Report, all_tables
from bot.backtest.report.loud import loud_lines, prices_line
from bot.backtest.report.metrics import Figure, figures_of
from bot.backtest.report.other_settings import other_settings
from bot.domain.messages import BracketClosed

_OF_A_TRADE: Final = (
    "idea_id",
    "symbol",
    "strategy",
    "quantity",
    "entry_price",
    "exit_price",
    "opened_at",
    "closed_at",
    "exit_reason",
    "commission",
    "pnl",
)


def as_json_text(report: Report) -> str:
    """Money is text with its decimals, figures are numbers in their unit, parts of a whole are 0 to 1."""
    plan, out = report.plan, report.outcome
    told: dict[str, Any] = {
        "symbols": plan.symbols,
        "from": out.days[0].day,
        "to": out.days[-1].day,
        "equity": plan.equity,
        "end_equity": out.end_equity,
        "gear": report.gear,
        "settings": other_settings(plan),
        "prices": prices_line(out),
        "warnings": [x for x in loud_lines(report) if x != prices_line(out)],
        "figures": {x.name: _figure(x) for x in figures_of(out)},
        "spreads": [_spread(factor, x) for factor, x in report.variants],
        "days": [{"day": x.day, "equity": x.equity} for x in out.days],
        "trades": [_trade(x) for x in out.trades.values()],
        "still_open": out.still_open,
        "tables": [
            {"title": x.title, "columns": x.columns, "rows": x.rows, "note": x.note}
            for x in all_tables(report)
        ],
    }
    return json.dumps(told, default=str, allow_nan=False)


def _figure(x: Figure) -> dict[str, Any]:
    """``shown`` tells what is null for want of a bound (∞) from what is not known."""
    value, low, high = (y if y is not None and math.isfinite(y) else None for y in (x.value, x.low, x.high))
    unit = {"%": "part", "n": "count"}.get(x.unit, x.unit or "ratio")
    shown = f"{x.text} ({x.interval})" if x.interval else x.text
    return {
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "shown": shown,
        "definition": x.definition,
    }


def _spread(factor: float, out: Outcome) -> dict[str, Any]:
    pnl = [x.pnl for x in out.trades.values()]
    result = out.end_equity - out.start_equity
    return {
        "factor": factor,
        "trades": len(pnl),
        "result": result,
        "mean_trade": sum(pnl) / len(pnl) if pnl else None,
    }


def _trade(x: BracketClosed) -> dict[str, Any]:
    """``paid`` and ``received`` in USD for the whole, exactly: ``received - paid - commission`` is ``pnl``."""
    whole = x.quantity * x.contract.multiplier
    told = {name: getattr(x, name) for name in _OF_A_TRADE} | {"contract": x.contract.label}
    return told | {"paid": round(x.entry_price * whole, 2), "received": round(x.exit_price * whole, 2)}
