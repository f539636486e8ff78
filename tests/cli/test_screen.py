"""What is held, on the narrowest terminal that is usual."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from bot.cli.show.screen import positions_table

HELD = {
    "label": "QQQ 2026-12-18 1630 C", "quantity": 10, "planned": 10, "entry_price": "14.91", "entry_limit": "15.02",
    "cost": "14910.00", "bid": "14.83", "unrealized": "-1080.00", "stop": "12.73", "target": "21.18", "is_proved": True,
    "close_by": "2026-12-17T20:55:00+00:00",
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, {"is_proved": False}, {"quantity": 0, "planned": 10}])
def test_eighty_columns_cut_no_figure(changes: dict[str, object]) -> None:
    out = StringIO()
    Console(file=out, width=80).print(positions_table([HELD | changes], "bot"))
    told = out.getvalue()
    assert "…" not in told
    assert "15:55" in told
    assert "21.18" in told
