"""The document of the running bot, from its status and the day's record. Pure: the same picture gives the same document."""

from __future__ import annotations

from collections.abc import Mapping

from bot.ops.metrics.family import Constants
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import Document, Held, Money, Source
from bot.ops.page.drawn import charts, equity_curve, trade_marks
from bot.ops.page.gauges import gauges
from bot.ops.page.link import facts as link_facts
from bot.ops.page.verdict import is_overdue, verdict
from bot.ops.page.wording import shortened
from bot.ops.status.status import BracketView, Status
from bot.risk.limit_book import limits_in_force

EVENTS_SHOWN = 40
TITLE = "ibkr-options-bot"


def live_document(
    status: Status, day: DayRecord, constants: Constants, alert_failures: Mapping[str, int]
) -> Document:
    """The page of the running bot at this moment."""
    return Document(
        kind="live",
        title=TITLE,
        at=status.at,
        verdict=verdict(status),
        source=_source(status, constants),
        money=_money(status, constants),
        held=tuple(_held(bracket, status) for bracket in status.open_brackets),
        charts=charts(day, tuple(view.symbol for view in status.symbols)),
        trades=trade_marks(day.trades, day.paths),
        curves=(equity_curve(day, constants.currency),),
        gauges=gauges(status, day, limits_in_force(constants.limits, status.limits)),
        facts=link_facts(status, constants, alert_failures),
        events=day.events[:EVENTS_SHOWN],
    )


def _source(status: Status, constants: Constants) -> Source:
    return Source(
        build=status.build,
        trading=constants.trading,
        account=shortened(status.account),
        mode=status.mode,
        symbols=tuple(view.symbol for view in status.symbols),
        dry_run=status.dry_run,
        started_at=status.started_at,
    )


def _money(status: Status, constants: Constants) -> Money:
    pnl = status.pnl
    return Money(
        constants.currency,
        pnl.realized,
        pnl.unrealized,
        pnl.fees,
        pnl.net,
        status.equity,
        equity_at=status.equity_at,
    )


def _held(x: BracketView, status: Status) -> Held:
    return Held(
        idea_id=x.idea_id,
        label=x.label,
        strategy=x.strategy,
        planned=x.planned,
        quantity=x.quantity,
        price=x.entry_price if x.quantity else x.entry_limit,
        cost=x.cost if x.quantity else None,
        bid=x.bid,
        stop=x.stop,
        target=x.target,
        unrealized=x.unrealized if x.quantity else None,
        fees=x.fees,
        is_proved=x.is_proved,
        opened_at=x.opened_at,
        close_by=x.close_by,
        is_overdue=is_overdue(x, status),
    )
