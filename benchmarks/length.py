"""Whether the exact gear slows down as a run grows long: its last days against the same days by a line that begins with them.

``python -m benchmarks.length [DAYS]`` ages a line by so many sessions, plays ten more and prints JSON: some four minutes of one
processor for 62 sessions (24,000 bars), a quarter of an hour for 240.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import date
from decimal import Decimal

from bot.backtest.exact.run import ExactLine
from bot.backtest.feed.markets import market_of
from bot.backtest.feed.stretches import Stretch
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.domain.session import Session, sessions_between
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.market.catalog import underlying
from bot.sim.market.market import Market
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.market.synthetic import SyntheticTape
from bot.sim.world.build import ACCOUNT_ID, EARLY
from bot.sim.world.world import World

YEAR = (date(2025, 1, 2), date(2025, 12, 31))
AGED_DAYS, TAIL = 62, 10


def length(days: int) -> dict[str, float]:
    """The exact gear's last days of a run against the same days by a line that begins with them: speed ÷ speed.

    Both have the same market, the same capital and two strikes each side of the money; each day is played by one and then by the
    other, in turn, so that how busy the machine is falls out. The median over the days is told.
    """
    settings = load_settings(None, {"SYMBOLS": "SPY", "MARKET_DATA__STRIKES_EACH_SIDE": "2"})
    chosen = BacktestPlan(settings, ("SPY",), *YEAR, is_synthetic=True)
    sessions = tuple(sessions_between(*YEAR))[: days + TAIL]
    early, late = sessions[:days], sessions[days:]
    out = Outcome(chosen.equity)
    aged = ExactLine(chosen, market_of(chosen, Stretch(sessions), BUNDLE, chosen.equity), out)
    aged.play(Stretch(early), BUNDLE, _nobody)
    young_out = Outcome(out.end_equity)
    young = ExactLine(chosen, _market_at(late[0], sessions[0].day, out.end_equity), young_out)
    aged_bars, before = out.bars, len(out.trades)
    ratios: list[float] = []
    for number, session in enumerate(late):
        pair = [(aged, out), (young, young_out)]
        a_message_s = [_a_message_s(*one, session) for one in (pair if number % 2 else pair[::-1])]
        old_s, young_s = a_message_s if number % 2 else a_message_s[::-1]
        ratios.append(young_s / old_s)
    return {
        "aged_bars": aged_bars,
        "young_bars": young_out.bars,
        "exact_aged_to_young": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "aged_trades": len(out.trades) - before,
        "young_trades": len(young_out.trades),
    }


def _a_message_s(line: ExactLine, out: Outcome, session: Session) -> float:
    """The processor's seconds for each message of this day."""
    messages, began_s = out.messages, time.process_time()
    line.play(Stretch((session,)), BUNDLE, _nobody)
    return (time.process_time() - began_s) / (out.messages - messages)


def _market_at(session: Session, anchor: date, equity: Decimal) -> World:
    """The same made-up market, entered on a later day."""
    stock, exchange, start = underlying("SPY"), ExchangeSettings(), session.open - EARLY
    tape = SyntheticTape(stock, anchor=anchor, seed=1)
    market = Market([(stock, tape)], start=start, seed=1, points_per_minute=exchange.points_per_minute)
    for one in market.stocks.values():
        one.tells_progress = False
    return World(market, account_id=ACCOUNT_ID, equity=equity, start=start, exchange_settings=exchange)


def _nobody(_: date) -> None:
    """For whoever is not listening."""


def main(arguments: list[str]) -> None:
    found = length(int(arguments[0]) if arguments else AGED_DAYS)
    sys.stdout.write(json.dumps({key: round(value, 3) for key, value in found.items()}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
