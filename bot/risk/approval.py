"""From an idea to an approved order: all rules, then the prices, then the size. Pure; says yes or the first no."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.broker_messages import MarginQuoted, QuoteMargin
from bot.domain.messages import PlaceBracket, TradeIdea
from bot.domain.order import Order, OrderType
from bot.domain.pricing import BracketPrices
from bot.domain.types import Side
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.entry_prices import entry_prices
from bot.risk.limits import RiskLimits, SessionRules
from bot.risk.portfolio import delta_usd
from bot.risk.quote_rules import QUOTE_RULES
from bot.risk.risk_book import RiskBook
from bot.risk.rules import ACCOUNT_RULES, HOUSE_RULES
from bot.risk.session_rules import close_deadline, early_close, entry_time
from bot.risk.sizing import StopLoss, size, stop_loss


@dataclass(frozen=True, slots=True)
class Approval:
    """An idea that passed every rule, with all that its bracket needs."""

    idea: TradeIdea
    prices: BracketPrices
    quantity: int
    loss: StopLoss
    close_by: datetime
    close_reason: str

    def at_most(self, quantity: int) -> Approval:
        """The same approval for no more than so many contracts."""
        return replace(self, quantity=min(quantity, self.quantity))

    def bracket(self, at: datetime, limits: RiskLimits) -> PlaceBracket:
        """The command to execution."""
        return PlaceBracket(
            idea_id=self.idea.idea_id,
            symbol=self.idea.symbol,
            strategy=self.idea.strategy,
            contract=self.idea.contract,
            quantity=self.quantity,
            entry_limit=self.prices.entry,
            target=self.prices.target,
            stop=self.prices.stop,
            enter_by=at + timedelta(seconds=limits.entry_timeout_s),
            close_by=self.close_by,
            close_reason=self.close_reason,
            at=at,
            risk_usd=self.loss.of(self.quantity),
            delta_usd=delta_usd(self.idea) * self.quantity,
        )

    def what_if(self) -> QuoteMargin:
        """The question to the broker: what would the entry alone cost?"""
        entry = Order(
            ref=f"{self.idea.idea_id}/entry",
            contract=self.idea.contract,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=self.quantity,
            limit_price=self.prices.entry,
        )
        return QuoteMargin(self.idea.idea_id, entry)


def judge(idea: TradeIdea, book: RiskBook, limits: RiskLimits, session: SessionRules) -> Approval | Denial:
    """Approve or deny an idea as things stand. Raises KeyError for a strategy without terms."""
    denial = _first_denial(idea, book, limits, session)
    if denial is not None:
        return denial
    terms = limits.terms(idea.strategy)
    deadline = close_deadline(book.now, idea.contract.expiry or book.today, terms, session)
    if isinstance(deadline, Denial):
        return deadline
    prices = entry_prices(idea, terms, limits.entry_offset_ticks)
    if isinstance(prices, Denial):
        return prices
    sized = size(idea, prices, book, limits)
    if isinstance(sized, Denial):
        return sized
    return Approval(idea, prices, sized.quantity, stop_loss(idea, prices, limits), *deadline)


def _first_denial(
    idea: TradeIdea, book: RiskBook, limits: RiskLimits, session: SessionRules
) -> Denial | None:
    for rule in HOUSE_RULES:
        if denial := rule(idea, book, limits):
            return denial
    if denial := entry_time(book.now, session, idea.symbol):
        return denial
    if denial := early_close(book.now, book.conditions.early_closes.get(book.today), session):
        return denial
    for rule in (*QUOTE_RULES, *ACCOUNT_RULES):
        if denial := rule(idea, book, limits):
            return denial
    return None


def margin_denial(answer: MarginQuoted) -> Denial | None:
    """Why the broker's what-if answer forbids the order, or None."""
    margin, equity = answer.initial_margin_after, answer.equity_with_loan_after
    if not _is_known(margin) or not _is_known(equity):
        return deny(
            DenialCode.MARGIN_UNKNOWN, initial_margin_after_usd=margin, equity_with_loan_after_usd=equity
        )
    if margin is not None and equity is not None and margin > equity:
        return deny(
            DenialCode.MARGIN_INSUFFICIENT,
            initial_margin_after_usd=margin,
            equity_with_loan_after_usd=equity,
        )
    return None


def _is_known(amount: Decimal | None) -> bool:
    return amount is not None and amount.is_finite()
