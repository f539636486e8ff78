"""Every way Risk says no. A code is CATEGORY_CONDITION; beside it stand the numbers that decided.

Rule: a code is never reused for another meaning, since journals are read years later. ``docs/denials.md`` is
written from this file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.types import CodeTable, Numbers


class DenialCode(CodeTable):
    """The name of a refusal, with what it means and what a person can do about it."""

    STATE_HALTED = (
        "STATE_HALTED",
        "Trading is halted; the causes are named.",
        "Remove the cause, then `ibkr-bot resume`.",
    )
    STATE_NOT_RECONCILED = (
        "STATE_NOT_RECONCILED",
        "The journal and the broker's books have not been compared since the connection was made.",
        "Wait; if it lasts, `ibkr-bot doctor` names the request that fails.",
    )
    CONNECTION_DOWN = ("CONNECTION_DOWN", "The bot is not connected to the gateway.", "`ibkr-bot doctor`.")
    CONNECTION_LINK_DOWN = (
        "CONNECTION_LINK_DOWN",
        "The gateway has lost IB's servers or one of the data farms.",
        "Wait; IB restores it. If it lasts, look at IB's system status page.",
    )
    PROTECTION_UNPROVED = (
        "PROTECTION_UNPROVED",
        "The broker's own open orders do not show a stop for the whole of some position.",
        "Nothing to do: protection is being repaired and no new risk is taken until then.",
    )
    EMBARGO_GATEWAY_RESTART = (
        "EMBARGO_GATEWAY_RESTART",
        "The gateway's daily restart is near.",
        "None; `embargo.gateway_restart` says when it is.",
    )
    EMBARGO_SERVER_RESET = (
        "EMBARGO_SERVER_RESET",
        "IB's nightly server reset is near or in progress.",
        "None; `embargo.server_reset` says when it is.",
    )
    EMBARGO_TOKEN_EXPIRY = (
        "EMBARGO_TOKEN_EXPIRY",
        "The weekly log-in is about to expire.",
        "Log in to the gateway again; `embargo.token_expiry` says when it is due.",
    )
    EVENT_BLACKOUT = (
        "EVENT_BLACKOUT",
        "An event of `session.blackouts` is near; its name is in the numbers.",
        "None; `session.blackout_before_minutes` and `session.blackout_after_minutes` say how long it lasts.",
    )
    SESSION_CLOSES_EARLY = (
        "SESSION_CLOSES_EARLY",
        "IB's own hours end the day earlier than the calendar: an early close or a closed day that was announced late.",
        "Nothing: entries go on at the next session.",
    )
    SESSION_HOLIDAY = ("SESSION_HOLIDAY", "The exchange does not open on this day.", "None.")
    SESSION_CLOSED = ("SESSION_CLOSED", "It is before the open or after the close.", "None.")
    SESSION_JUST_OPENED = (
        "SESSION_JUST_OPENED",
        "Too few minutes have passed since the open.",
        "`session.minutes_after_open`.",
    )
    SESSION_CLOSING = (
        "SESSION_CLOSING",
        "Too few minutes remain until the close.",
        "`session.minutes_before_close`.",
    )
    SESSION_HALF_DAY = (
        "SESSION_HALF_DAY",
        "The exchange closes early and half-days are not to be traded.",
        "`session.trade_half_days`.",
    )
    SESSION_CALENDAR_UNKNOWN = (
        "SESSION_CALENDAR_UNKNOWN",
        "The trading calendar does not cover this day.",
        "Check the clock, or upgrade the bot.",
    )
    TRADING_HALTED = (
        "TRADING_HALTED",
        "The exchange has halted trading in the symbol or in the option.",
        "Wait: entries go on when it trades again.",
    )
    DATA_STALE = (
        "DATA_STALE",
        "Bars or quotes of the symbol have stopped coming.",
        "Wait; the feed is being renewed.",
    )
    DATA_NOT_LIVE = (
        "DATA_NOT_LIVE",
        "The data are delayed or frozen and the mode asks for live ones.",
        "Subscribe to the data at IB; `ibkr-bot doctor` names what is missing.",
    )
    QUOTE_TOO_OLD = ("QUOTE_TOO_OLD", "The option's quote is older than allowed.", "`risk.max_quote_age_s`.")
    QUOTE_MISSING = ("QUOTE_MISSING", "The option has neither a bid nor an ask.", "None: no quote, no trade.")
    QUOTE_ONE_SIDED = (
        "QUOTE_ONE_SIDED",
        "The option has only one side of a quote.",
        "None: it could not be sold again.",
    )
    QUOTE_CROSSED = ("QUOTE_CROSSED", "The option's bid is above its ask.", "None: the quote is wrong.")
    QUOTE_SPREAD_WIDE = (
        "QUOTE_SPREAD_WIDE",
        "The spread is too large a part of the mid price.",
        "`options.max_spread_pct`.",
    )
    PREMIUM_TOO_SMALL = (
        "PREMIUM_TOO_SMALL",
        "The ask is below the smallest premium allowed, or leaves no room for a stop on the tick grid.",
        "`risk.min_premium_usd`.",
    )
    PREMIUM_INSANE = (
        "PREMIUM_INSANE",
        "The ask cannot be an option's price: above the underlying's or the strike's, or far below intrinsic value.",
        "None: the quote is not this option's.",
    )
    STOP_INSIDE_SPREAD = (
        "STOP_INSIDE_SPREAD",
        "The stop would lie at or above the bid and go off at once.",
        "A wider `risk.stop_loss_pct` or a smaller `options.max_spread_pct`.",
    )
    CONTRACT_WRONG = (
        "CONTRACT_WRONG",
        "The contract is not the long option that the idea's direction calls for.",
        "None: this is a defect; please report it.",
    )
    CONTRACT_EXPIRING = (
        "CONTRACT_EXPIRING",
        "The position would have to be closed almost as soon as it was opened.",
        "`session.expiry_cutoff_minutes`, or a later `options.expiry`.",
    )
    EXPOSURE_MAX_POSITIONS = (
        "EXPOSURE_MAX_POSITIONS",
        "The maximum number of open positions is reached.",
        "`risk.max_open_positions`.",
    )
    EXPOSURE_DUPLICATE = (
        "EXPOSURE_DUPLICATE",
        "A bracket of the same strategy, symbol and direction is open.",
        "None: it must end first.",
    )
    EXPOSURE_SAME_CONTRACT = (
        "EXPOSURE_SAME_CONTRACT",
        "Exit orders of the same option are working, and IB rejects orders on both sides.",
        "None: they must end first.",
    )
    IDEA_REPEATED = ("IDEA_REPEATED", "This very idea has been decided before.", "None.")
    COOLDOWN_AFTER_LOSS = (
        "COOLDOWN_AFTER_LOSS",
        "The symbol's last loss was too short a time ago.",
        "`risk.cooldown_after_loss_minutes`.",
    )
    PDT_DAY_TRADES = (
        "PDT_DAY_TRADES",
        "Another day trade would make a small margin account a pattern day trader.",
        "Wait for older day trades to leave the five sessions; `risk.day_trade_rule`, `risk.account_type`.",
    )
    ORDER_RATE_EXCEEDED = (
        "ORDER_RATE_EXCEEDED",
        "Too many entries were approved within a minute.",
        "`risk.max_orders_per_minute`.",
    )
    DAY_ORDERS_REACHED = (
        "DAY_ORDERS_REACHED",
        "The day's number of entries is used up.",
        "`risk.max_orders_per_day`.",
    )
    DAY_CONTRACTS_REACHED = (
        "DAY_CONTRACTS_REACHED",
        "The day's number of contracts is used up.",
        "`risk.max_contracts_per_day`.",
    )
    DAY_NOTIONAL_REACHED = (
        "DAY_NOTIONAL_REACHED",
        "The day's premium is used up.",
        "`risk.max_notional_per_day_usd`.",
    )
    ORDER_NOTIONAL_EXCEEDED = (
        "ORDER_NOTIONAL_EXCEEDED",
        "A single contract costs more than an order may.",
        "`risk.max_notional_per_order_usd`.",
    )
    ALLOCATION_SPENT = (
        "ALLOCATION_SPENT",
        "The strategy's share of the equity does not pay for one more contract.",
        "`risk.whale_alloc_pct`, or `strategies.<name>.alloc_pct`.",
    )
    LOSS_BUDGET_SPENT = (
        "LOSS_BUDGET_SPENT",
        "If every open stop were hit, one more contract's loss would break the daily loss limit.",
        "`risk.max_daily_loss_pct`.",
    )
    SIZE_ZERO = (
        "SIZE_ZERO",
        "One contract risks more than a trade may.",
        "A larger account, a cheaper option, or `risk.max_risk_pct_per_trade`.",
    )
    EQUITY_UNKNOWN = (
        "EQUITY_UNKNOWN",
        "The broker has not reported the account's equity since the start.",
        "Wait; if it lasts, `ibkr-bot doctor`.",
    )
    EQUITY_STALE = (
        "EQUITY_STALE",
        "The account's figures are older than allowed.",
        "`risk.max_account_age_s`; `ibkr-bot doctor`.",
    )
    EQUITY_BELOW_MINIMUM = (
        "EQUITY_BELOW_MINIMUM",
        "The account is worth less than the minimum to trade with.",
        "`risk.min_equity_usd`.",
    )
    FUNDS_UNKNOWN = ("FUNDS_UNKNOWN", "The account's available funds are not known.", "`ibkr-bot doctor`.")
    FUNDS_INSUFFICIENT = (
        "FUNDS_INSUFFICIENT",
        "The available funds do not pay for one contract.",
        "Deposit, or close something.",
    )
    FUNDS_UNSETTLED = (
        "FUNDS_UNSETTLED",
        "The cash account's settled cash does not pay for one contract: sales settle on the next trading day.",
        "Wait for the settlement; `risk.account_type`.",
    )
    INTRADAY_MARGIN_DEFICIT = (
        "INTRADAY_MARGIN_DEFICIT",
        "The excess liquidity does not pay for one contract: the order would create an intraday margin deficit.",
        "Deposit, or close something; `risk.day_trade_rule`.",
    )
    PREMIUM_AT_RISK_REACHED = (
        "PREMIUM_AT_RISK_REACHED",
        "The open positions of all symbols together cost as much as they may.",
        "`risk.max_premium_pct`.",
    )
    DELTA_AT_RISK_REACHED = (
        "DELTA_AT_RISK_REACHED",
        "The open positions of all symbols together move like as much of the underlyings as they may, in this direction.",
        "`risk.max_delta_pct`.",
    )
    MARGIN_REQUEST_FAILED = (
        "MARGIN_REQUEST_FAILED",
        "The broker rejected the margin what-if of this order.",
        "The broker's own text is in the numbers.",
    )
    MARGIN_TIMED_OUT = (
        "MARGIN_TIMED_OUT",
        "The broker did not answer the margin what-if in time.",
        "`risk.what_if_timeout_s`.",
    )
    MARGIN_UNKNOWN = ("MARGIN_UNKNOWN", "The broker's what-if answer lacks a figure.", "`ibkr-bot what-if`.")
    MARGIN_INSUFFICIENT = (
        "MARGIN_INSUFFICIENT",
        "After the order the account's margin would exceed its equity with loan value.",
        "Deposit, or close something.",
    )


@dataclass(frozen=True, slots=True)
class Denial:
    """A no, with the figures that decided."""

    code: DenialCode
    numbers: Numbers = field(default_factory=dict)


DenialFigure = Decimal | datetime | int | float | str | bool | None


def deny(code: DenialCode, **figures: DenialFigure) -> Denial:
    """A denial whose figures are formatted for people: plain decimals, ISO times, ``unknown`` for None."""
    return Denial(code, {name: figure_text(figure) for name, figure in figures.items()})


def figure_text(figure: DenialFigure) -> str:
    """One figure as text, without exponents and without trailing noise."""
    match figure:
        case None:
            return "unknown"
        case bool():
            return "yes" if figure else "no"
        case Decimal() if figure.is_finite():
            text = f"{figure.quantize(Decimal('0.0001')):f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return figure.isoformat(timespec="seconds")
        case _:
            return str(figure)


def denials_as_markdown() -> str:
    """The table of all codes for ``docs/denials.md``."""
    return (
        "# Why an entry was denied\n\n"
        "Every idea that Risk denies is in the journal with one of these codes and the figures that decided;\n"
        "`ibkr-bot why SPY 10:31` shows them. Made from `bot/risk/denials.py` by `make docs`.\n\n"
        f"{DenialCode.as_markdown()}"
    )
