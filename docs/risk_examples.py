"""The worked examples of ``docs/risk.md``: the sizes that the code gives three accounts for one option."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from bot.config import Settings, hand_down
from bot.domain.contract import CENTS, Contract
from bot.domain.market import Quote
from bot.domain.messages import DayOpened, TradeIdea
from bot.domain.position import AccountValues
from bot.domain.types import Direction, Right, SecType
from bot.risk.denials import Denial
from bot.risk.entry_prices import entry_prices
from bot.risk.risk_book import RiskBook
from bot.risk.sizing import LABELS, Size, size, stop_loss

EQUITIES = (5_000, 25_000, 100_000)
NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
OPTION = Contract(
    con_id=1,
    symbol="SPY",
    sec_type=SecType.OPTION,
    multiplier=100,
    expiry=date(2026, 11, 27),
    strike=Decimal(670),
    right=Right.CALL,
    ticks=CENTS,
)
QUOTE = Quote(
    con_id=1,
    symbol="SPY",
    at=NOON,
    bid=Decimal("2.06"),
    ask=Decimal("2.10"),
    delta=0.5,
    underlying_price=670.0,
)
_BLOCK = re.compile(r"(<!-- examples -->\n).*?(<!-- end -->\n)", re.DOTALL)


def renewed(text: str) -> str:
    """The document with its examples as the code now has them. ValueError where it has no place for them."""
    if _BLOCK.search(text) is None:
        raise ValueError("docs/risk.md has no place for its examples: <!-- examples --> … <!-- end -->")
    return _BLOCK.sub(lambda found: f"{found[1]}{as_markdown()}{found[2]}", text)


def as_markdown() -> str:
    """The table, with the prices it is made from."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    limits = hand_down.risk_limits(settings)
    idea = _idea()
    prices = entry_prices(idea, limits.terms("scalp"), limits.entry_offset_ticks)
    if isinstance(prices, Denial):
        raise TypeError(f"the example's option is denied: {prices}")
    loss = stop_loss(idea, prices, limits)
    lines = [
        (
            f"Entry {prices.entry}, stop {prices.stop}, target {prices.target}; one contract's stop costs "
            f"{loss.each_usd:.2f} USD by its prices and {loss.of(1):.2f} USD with the fees of both orders."
        ),
        "",
        "| equity | 1 % of it | " + " | ".join(LABELS.values()) + " | bought | its stops lose | of equity |",
        "|---|---|" + "---|" * (len(LABELS) + 3),
    ]
    for equity in EQUITIES:
        sized = size(idea, prices, _book(equity), limits)
        if not isinstance(sized, Size):
            raise TypeError(f"the example's size is denied: {sized}")
        caps = " | ".join(str(sized.caps.get(code, "–")) for code in LABELS)
        lost = loss.of(sized.quantity)
        budget = equity * limits.max_risk_pct_per_trade
        lines.append(
            f"| {equity:,} | {budget:.0f} | {caps} | **{sized.quantity}** | {lost:.2f} | {lost / equity:.2%} |"
        )
    return "\n".join(lines) + "\n"


def _idea() -> TradeIdea:
    return TradeIdea(
        idea_id="SPY-20261123T1200EST-scalp",
        symbol="SPY",
        strategy="scalp",
        direction=Direction.BULLISH,
        confidence=0.7,
        contract=OPTION,
        quote=QUOTE,
        at=NOON,
        reason="example",
    )


def _book(equity: int) -> RiskBook:
    book, amount = RiskBook(now=NOON), Decimal(equity)
    values = AccountValues(
        account="DU1", at=NOON, net_liquidation=amount, available_funds=amount, excess_liquidity=amount
    )
    book.conditions.update_account(values)
    book.losses.open_day(DayOpened("2026-11-23", NOON, amount))
    return book
