"""Messages of one whole trade, as the line would say them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.order import Fill, Order, OrderType
from bot.domain.types import Direction, Right, SecType, Side

BAR_END = datetime(2011, 1, 5, 15, 31, tzinfo=UTC)
IDEA = "SPY-20110105T1031EST-scalp"
CALL = Contract(
    con_id=7,
    symbol="SPY",
    sec_type=SecType.OPTION,
    multiplier=100,
    expiry=date(2011, 1, 7),
    strike=Decimal(127),
    right=Right.CALL,
)
JUDGED = m.BarJudged(
    symbol="SPY", strategy="scalp", bar_end=BAR_END, direction=Direction.BULLISH, confidence=0.7, fired=True, reason="fired",
    numbers={"rsi": "55.0"},
)  # fmt: skip
QUOTE = Quote(con_id=7, symbol="SPY", at=BAR_END, bid=Decimal("0.78"), ask=Decimal("0.80"))
TRADE_IDEA = m.TradeIdea(
    idea_id=IDEA, symbol="SPY", strategy="scalp", direction=Direction.BULLISH, confidence=0.7, contract=CALL, quote=QUOTE,
    at=BAR_END, reason="fired",
)  # fmt: skip
PLACED = m.PlaceBracket(
    idea_id=IDEA, symbol="SPY", strategy="scalp", contract=CALL, quantity=3, entry_limit=Decimal("0.80"),
    target=Decimal("1.04"), stop=Decimal("0.64"), enter_by=BAR_END + timedelta(minutes=1),
    close_by=BAR_END + timedelta(hours=2), close_reason="time_stop", at=BAR_END,
)  # fmt: skip
SENT = b.SendOrders(
    (Order(ref=f"{IDEA}/entry", contract=CALL, side=Side.BUY, type=OrderType.LIMIT, quantity=3),), BAR_END
)
ADOPTED = m.BracketAdopted(PLACED, SENT.orders, (), BAR_END)
ENTRY = m.FillBooked(
    Fill(
        exec_id="e.1.01", order_ref=f"{IDEA}/entry", perm_id=1, contract=CALL, side=Side.BUY, quantity=3,
        price=Decimal("0.79"), at=BAR_END + timedelta(seconds=2),
    )
)  # fmt: skip
EXIT = m.FillBooked(
    replace(ENTRY.fill, exec_id="e.2.01", order_ref=f"{IDEA}/target", side=Side.SELL, price=Decimal("1.04"))
)
ENTRY_FEE = b.CommissionCharged("e.1.01", f"{IDEA}/entry", Decimal("1.95"), "USD")
CLOSED = m.BracketClosed(
    idea_id=IDEA, symbol="SPY", strategy="scalp", contract=CALL, quantity=3, entry_price=Decimal("0.79"),
    exit_price=Decimal("1.04"), stop=Decimal("0.64"), target=Decimal("1.04"), opened_at=ENTRY.fill.at,
    closed_at=ENTRY.fill.at + timedelta(minutes=9), exit_reason="target", commission=Decimal("3.90"),
    pnl=Decimal("71.10"), commissions_complete=True,
)  # fmt: skip
