"""The running bot's status on a terminal, from what its control socket answers. New York's clock; money in money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.domain.session import NEW_YORK
from bot.ops.status.amounts import average_text
from bot.ops.status.fitted import FittedColumn, FittedTable

LEVELS = {"safe": "bold green", "watch": "bold yellow", "danger": "bold white on red", "plain": ""}
Shown = Mapping[str, Any]


def status_screen(status: Shown, of: str = "") -> RenderableType:
    """Is the money safe, the day's result, what is held, what is working, what was said last. ``of``: which bot this is."""
    parts: list[RenderableType] = [_verdict(status), *([Text(of, style="dim")] if of else []), _facts(status)]
    if status["open_brackets"]:
        parts.append(positions_table(status["open_brackets"]))
    if status.get("working_orders"):
        parts.append(orders_table(status["working_orders"]))
    return Group(*parts)


def _verdict(status: Shown) -> Text:
    verdict = status.get("verdict")
    if not verdict:
        return Text(f"ibkr-options-bot {status['build']}", style="bold")
    text = Text.assemble((verdict["word"], LEVELS[verdict["level"]]), f"  {verdict['reason']}")
    if verdict["todo"]:
        text.append(f"\n→ {verdict['todo']}", style="bold")
    return text


def _facts(status: Shown) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    for name, value in _rows(status).items():
        grid.add_row(name, value)
    return grid


def _rows(x: Shown) -> dict[str, str | Text]:
    causes = f" ({', '.join(x['causes'])})" if x["causes"] else ""
    link = "connected" if x["is_connected"] else "NOT CONNECTED"
    mode = " DRY RUN" if x["dry_run"] else ""
    rows: dict[str, str | Text] = {
        "time": moment_text(x["at"]),
        "state": f"{x['trading_state']}{causes}",
        "broker": f"{link} {x['account']}{mode}, build {x['build']}",
        "equity": amount_text(x["equity"], signed=False),
        "day": _day(x),
        "trades": f"{len(x['closed_trades'])} closed",
        "last": f"{clock_text(x['last_event_at'])}  {x['last_event']}",
    }
    rows |= _limits(x.get("limits"))
    lost = {kind: n for kind, n in x.get("alert_failures", {}).items() if n}
    if lost:
        rows["alerts lost"] = ", ".join(f"{kind} {n}" for kind, n in lost.items())
    return rows


def _limits(x: Shown | None) -> dict[str, str | Text]:
    """What differs from the settings' limits; nothing where nothing does."""
    if not x:
        return {}
    rows: dict[str, str | Text] = {}
    if x["canary_contracts"]:
        rows["canary"] = (
            f"{x['canary_contracts']} contracts an order; {x['live_sessions']} live sessions traded"
        )
    for row in x["loosened"]:
        ends = f"{row['limit']} {row['was']} to {row['now']} until {moment_text(row['until'])}"
        rows[f"loosened {len(rows)}"] = f"{ends}, by {row['by']}: {row['reason']}"
    if x["held_back"]:
        names = ", ".join(f"{name} at {value}" for name, value in x["held_back"].items())
        rows["held back"] = f"{names}; looser in the settings, see ibkr-bot loosen"
    return rows


def _day(x: Shown) -> Text:
    parts = (amount_text(x["realized"]), amount_text(x["unrealized"]), amount_text(x["fees"], signed=False))
    text = tinted_text(x["day_pnl"])
    text.append("  = realised {} + open {} − fees {}".format(*parts), style="dim")
    return text


def positions_table(held: Iterable[Shown], of: str = "") -> FittedTable:
    """One row a bracket, entering ones too: what it cost, what it is worth at the bid, how it is protected."""
    columns = (
        FittedColumn("contract", is_text=True),
        *(
            FittedColumn(name, right=True)
            for name in ("qty", "paid", "cost", "bid", "open", "stop", "target")
        ),
        FittedColumn("proof", is_text=True),  # of its protection
        FittedColumn("until"),
    )
    return FittedTable(_title("Positions", of), columns, [_position(one) for one in held])


def _position(x: Shown) -> tuple[str | Text, ...]:
    if not x["quantity"]:
        entering = (f"0/{x['planned']}", f"≤ {price_text(x['entry_limit'])}", "", price_text(x["bid"]), "")
        return (
            x["label"],
            *entering,
            price_text(x["stop"]),
            price_text(x["target"]),
            "entering",
            minute_text(x["close_by"]),
        )
    proved = Text("yes", style="green") if x["is_proved"] else Text("NO", style="bold white on red")
    if x.get("overdue_why"):
        proved.append(f", HELD PAST ITS TIME: {x['overdue_why']}", style="bold red")
    figures = (
        average_text(Decimal(x["entry_price"]), x["quantity"]),
        amount_text(x["cost"], signed=False),
        price_text(x["bid"]),
        tinted_text(x["unrealized"]),
    )
    return (
        x["label"],
        str(x["quantity"]),
        *figures,
        price_text(x["stop"]),
        price_text(x["target"]),
        proved,
        minute_text(x["close_by"]),
    )


def orders_table(orders: Iterable[Shown], of: str = "") -> FittedTable:
    """One row an order: what it would do at which price, and how it stands."""
    columns = (
        FittedColumn("contract", is_text=True),
        *(FittedColumn(name) for name in ("leg", "side")),
        *(FittedColumn(name, right=True) for name in ("qty", "price")),
        *(FittedColumn(name, is_text=True) for name in ("type", "status", "order")),
    )
    return FittedTable(_title("Orders", of), columns, [_order(one) for one in orders])


def _order(x: Shown) -> tuple[str, ...]:
    quantity = "" if x["quantity"] is None else str(x["quantity"])
    asked = (quantity, price_text(x["price"]), x["type"], x["status"])
    return (x["contract"], x["leg"], x["side"], *asked, x["ref"])


def _title(what: str, of: str) -> str:
    return f"{what} of the {of}" if of else what


# ── figures ──


def amount_text(text: str | None, *, signed: bool = True) -> str:
    """Money with two decimals; ``unknown`` for what is not known."""
    if text is None:
        return "unknown"
    return f"{float(text):+,.2f}" if signed else f"{float(text):,.2f}"


def tinted_text(text: str | None) -> Text:
    """The same, green above nothing and red below it."""
    value = 0.0 if text is None else float(text)
    return Text(
        amount_text(text),
        style="dim" if text is None else "green" if value > 0 else "red" if value < 0 else "",
    )


def price_text(text: str | None) -> str:
    """A price with at least two decimals; a dash where there is none."""
    return (
        "—" if text is None else f"{float(text):.2f}" if len(text.partition(".")[2]) < 3 else text.rstrip("0")
    )


def moment_text(text: str | None) -> str:
    """``Wed 26 Jan 2011, 10:31:04 New York``."""
    return "unknown" if text is None else f"{_local(text):%a %d %b %Y, %H:%M:%S} New York"


def clock_text(text: str | None) -> str:
    """``10:31:04``, New York."""
    return "" if text is None else f"{_local(text):%H:%M:%S}"


def minute_text(text: str | None) -> str:
    """``10:31``, New York."""
    return clock_text(text)[:5]


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(NEW_YORK)
