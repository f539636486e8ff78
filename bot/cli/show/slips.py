"""What fills cost beyond the model, on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.cli.show.printer import printer
from bot.domain.session import NEW_YORK

if TYPE_CHECKING:
    from bot.ops.status.slippage import LegSlip


def show_slips(legs: Sequence[LegSlip]) -> None:
    """A line for each leg, with its worst fill."""
    from bot.ops.status.fitted import FittedColumn, FittedTable

    console = printer()
    if not legs:
        console.print("no fills", highlight=False)
        return
    figures = ("fills", "unknown", "ticks, mean", "USD a contract, mean", "USD in all")
    columns = [
        FittedColumn("leg"),
        *(FittedColumn(name, right=True) for name in figures),
        FittedColumn("worst fill", is_text=True),
    ]
    console.print(FittedTable("fills against the model, + is worse", columns, [_leg(x) for x in legs]))


def _leg(x: LegSlip) -> tuple[str, ...]:
    figures = (_figure(x.mean_ticks), _figure(x.mean_usd), _figure(x.total_usd))
    return (str(x.leg), f"{x.fills}", f"{x.unknown}", *figures, _worst(x))


def _figure(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{round(value, 2) + 0:+.2f}"  # + 0: no -0.00


def _worst(x: LegSlip) -> str:
    one = x.worst
    if one is None:
        return "unknown"
    return (
        f"{_figure(one.ticks)} ticks, {_figure(one.usd)} USD: {one.quantity} {one.contract} at {one.price} for {one.expected}, "
        f"{one.at.astimezone(NEW_YORK):%H:%M:%S}"
    )
