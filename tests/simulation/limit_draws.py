"""Settings that a run may draw: each a limit that nearly every entry meets, so that what it denies is denied somewhere."""

from __future__ import annotations

import math
from random import Random
from typing import Final

LIMITS: Final[tuple[tuple[str, str], ...]] = (
    ("RISK__MAX_ORDERS_PER_DAY", "1"),
    ("RISK__MAX_ORDERS_PER_MINUTE", "1"),
    ("RISK__MAX_CONTRACTS_PER_DAY", "2"),
    ("RISK__MAX_CONTRACTS_PER_ORDER", "1"),
    ("RISK__MAX_NOTIONAL_PER_DAY_USD", "200"),
    ("RISK__MAX_NOTIONAL_PER_ORDER_USD", "20"),
    ("RISK__MAX_OPEN_POSITIONS", "1"),
    ("RISK__MAX_PREMIUM_PCT", "0.001"),
    ("RISK__MAX_DELTA_PCT", "0.05"),
    ("RISK__MIN_PREMIUM_USD", "5"),
    ("RISK__MIN_EQUITY_USD", "30000"),
    ("RISK__STOP_LOSS_PCT", "0.01"),
    ("RISK__MAX_DAILY_LOSS_PCT", "0.01"),
    ("RISK__MAX_LOSS_STREAK", "2"),
    ("RISK__MAX_DRAWDOWN_PCT", "0.0005"),
    ("RISK__STALE_HALT_MINUTES", "2"),
    ("RISK__MAX_QUOTE_AGE_S", "1"),
    ("RISK__MAX_ACCOUNT_AGE_S", "30"),
    ("RISK__ACCOUNT_TYPE", "cash"),
    ("RISK__DAY_TRADE_RULE", "pattern_day_trader"),
    ("OPTIONS__MAX_SPREAD_PCT", "0.001"),
)


def drawn_limits(chance: Random) -> dict[str, str]:
    """One of them in three runs of ten, and a wider chain in one of four; the rest trade by the settings as they are."""
    found = dict([chance.choice(LIMITS)]) if chance.random() < 0.3 else {}
    if chance.random() < 0.25:
        found["MARKET_DATA__STRIKES_EACH_SIDE"] = chance.choice(["2", "4"])
    return found


def drawn_equity(chance: Random) -> int:
    """USD: half of the accounts are ample, the others of any size from where a single contract is too much."""
    if chance.random() < 0.5:
        return 50_000
    return round(math.exp(chance.uniform(math.log(1_500), math.log(50_000))))
