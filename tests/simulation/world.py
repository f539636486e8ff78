"""What a run is about: the market it trades in, the gateway before it, and the bot's settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from bot.config import Settings, load_settings
from bot.domain.session import NEW_YORK
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.world.build import recorded_world
from tests.simulation.entry_rules import Limits
from tests.simulation.gateway import PORT
from tests.simulation.swarm import Plan

DAY: Final = date(2011, 1, 26)
FEW: Final = {
    "MARKET_DATA__STRIKES_EACH_SIDE": "1",
    "MARKET_DATA__M1_SESSIONS": "1",
    "MARKET_DATA__M60_SESSIONS": "1",
    "STRATEGIES__SCALP__RELATIVE_VOLUME_SESSIONS": "1",
    "OPTIONS__MIN_VOLUME": "0",
    "OPTIONS__MAX_SPREAD_PCT": "0.10",
    "BROKER__PORT": str(PORT),
    "BROKER__EMBEDDED_GATEWAY": "false",
    "EMBARGO__GATEWAY_RESTART__AT": "",
    "MONITORING__METRICS_ENABLED": "false",
}


def gateway_core(plan: Plan) -> GatewayCore:
    """The gateway of a plan, at the plan's start."""
    rhythm, (hour, minute) = plan.rhythm, map(int, plan.start.split(":"))
    world = recorded_world(
        ["SPY"],
        DAY,
        start=datetime.combine(DAY, time(hour, minute), NEW_YORK),
        seed=plan.market,
        equity=Decimal(plan.equity),
        exchange_settings=ExchangeSettings(
            points_per_minute=rhythm.points_per_minute,
            account_update_every=timedelta(seconds=rhythm.figures_every_s),
        ),
    )
    settings = GatewaySettings(
        bar_update_every=timedelta(seconds=rhythm.bar_update_s),
        tick_interval=timedelta(seconds=rhythm.line_interval_s),
    )
    return make_core(world, settings, seed=plan.seed)


@cache
def _settings(variables: tuple[tuple[str, str], ...]) -> Settings:
    return load_settings(None, dict(variables))


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Read once for all runs of a process; nothing changes them. Raises FixTheConfiguration."""
    return _settings(tuple(sorted(variables.items())))


def limits_of(settings: Settings) -> Limits:
    """What the oracle is told of the settings."""
    risk, session = settings.risk, settings.session
    return Limits(
        risk.max_open_positions,
        risk.max_contracts_per_order,
        Decimal(str(risk.max_notional_per_order_usd)),
        Decimal(str(risk.max_risk_pct_per_trade)),
        session.minutes_after_open,
        session.minutes_before_close,
    )


def most_lines(settings: Settings) -> int:
    """The underlying, both rights of two expiries around the money, what is held, and a few on their way."""
    return 1 + 8 * settings.market_data.strikes_each_side + settings.risk.max_open_positions + 3
