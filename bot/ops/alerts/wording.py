"""Figures as a person reads them on a phone."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.day_report import DayReport
from bot.ops.status.amounts import money
from bot.ops.status.spoken import spoken_idea, spoken_time


def span(length: timedelta) -> str:
    """``45 s``, ``12 min``, ``3 h 05 min``, ``2 d 4 h``."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return f"{int(length.total_seconds())} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes // 60 % 24} h"


def day_report_text(report: DayReport) -> tuple[str, str]:
    """The daily report as (title, body)."""
    count = len(report.trades)
    trades = f"{count} trade{'' if count == 1 else 's'}" if count else "no trades"
    lines = [
        f"{one.contract.label} × {one.quantity}: {money(one.pnl)} by {one.exit_reason}"
        for one in report.trades
    ]
    if report.trades:
        lines.append(f"{report.wins} of {count} won, commissions {report.commission:.2f}")
    if report.equity is not None:
        lines.append(f"equity {report.equity:,.2f}, {money(report.equity_change)} since the open")
    lines += _troubles(report)
    return f"{report.day:%a %d %b}: {trades}, {money(report.pnl)}", "\n".join(lines)


def _troubles(report: DayReport) -> list[str]:
    lines = [
        f"HELD PAST ITS TIME: {spoken_idea(one.idea_id)}, {one.quantity} since {spoken_time(one.since)} ({one.reason}): {one.why}"
        for one in report.overdue
    ]
    if report.not_traded:
        lines.append("not traded: " + ", ".join(f"{code} {n}" for code, n in report.not_traded.items()))
    if report.unprotected_s:
        worst = f"at most {report.worst_unprotected_s:.1f} s at once"
        lines.append(f"unprotected for {report.unprotected_s:.1f} s, {worst}")
    if report.refused_orders:
        lines.append(f"orders rejected by the broker: {report.refused_orders}")
    if report.disconnects:
        lines.append(f"connections lost: {report.disconnects}")
    halts = [one.cause for one in report.halts if hasattr(one, "detail")]
    return [*lines, f"halted: {', '.join(halts)}"] if halts else lines
