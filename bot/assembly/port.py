"""The broker's side of the line, made from the settings and the journal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.assembly.timing import Timing
from bot.broker.connection.pacing import Pacers
from bot.broker.dry_run import DryRunPort
from bot.broker.ibkr import IbkrBroker
from bot.config import hand_down
from bot.domain.port import BrokerPort
from bot.journal.recover import order_id_floor
from bot.journal.store import Journal

if TYPE_CHECKING:
    from bot.config import Settings


def make_broker(settings: Settings, journal: Journal, timing: Timing, pacers: Pacers) -> IbkrBroker:
    """IBKR over ib_insync, its order ids above every one that the journal knows."""
    floored = replace(hand_down.broker_settings(settings), order_id_floor=order_id_floor(journal) + 1)
    return IbkrBroker(floored, now=timing.now, speed=timing.speed, stepped=timing.stepped, pacers=pacers)


def make_port(settings: Settings, journal: Journal, timing: Timing, broker: IbkrBroker) -> BrokerPort:
    """The broker; in a dry run with an exchange of our own in front that lets no order through."""
    if not settings.dry_run:
        return broker
    # Only a dry run carries the exchange.
    from bot.sim.loopback.dry_run_journal import REPLAYED_KINDS as REMEMBERED_BY_A_DRY_RUN
    from bot.sim.loopback.loopback import DryRunExchange

    exchange = DryRunExchange()
    for row in journal.living(REMEMBERED_BY_A_DRY_RUN):
        exchange.remember(row.message)
    return DryRunPort(broker, exchange, timing.now)
