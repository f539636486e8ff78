"""What reconciling says of expired rows and renamed contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from bot.domain.broker_messages import Snapshot
from bot.domain.order import Fill
from bot.domain.position import AccountValues, Position
from bot.domain.reconciling.evidence import OwnBooks
from bot.domain.reconciling.reconcile import Reconciliation, reconcile
from bot.domain.types import Side
from tests.execution.line import CALL

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def compared(*positions: Position, fills: tuple[Fill, ...] = ()) -> Reconciliation:
    books = OwnBooks({}, {fill.exec_id.rpartition(".")[0]: fill for fill in fills})
    snapshot = Snapshot(at=NOW, account=AccountValues(account="DU1", at=NOW), positions=positions)
    return reconcile(books, snapshot, NOW, settle_s=5.0, symbols=frozenset({"SPY"}))


BOUGHT = Fill(
    exec_id="a.1.01",
    order_ref="SPY-1/entry",
    perm_id=1,
    contract=CALL,
    side=Side.BUY,
    quantity=10,
    price=Decimal("1.00"),
    at=NOW,
)


def test_an_expired_option_that_is_still_listed_is_no_mismatch() -> None:
    expired = replace(CALL, con_id=77, expiry=date(2026, 11, 20))

    assert compared(Position(expired, 10, Decimal(100))).mismatches == ()
    assert (
        len(compared(Position(replace(expired, expiry=date(2026, 11, 23)), 10, Decimal(100))).mismatches) == 1
    )


def test_a_renamed_option_is_named_as_what_appeared_without_a_stop() -> None:
    renamed = replace(CALL, con_id=78, symbol="SPY1", local_symbol="SPY1  261127C00128000")
    (named,) = compared(Position(renamed, 10, Decimal(100)), fills=(BOUGHT,)).mismatches

    assert "0 at the broker, 10 in our books" in named
    assert "UNPROTECTED instead: 10 SPY1  261127C00128000 (conId 78)" in named


def test_another_bots_position_is_its_own_while_its_fills_or_its_stop_explain_it() -> None:
    bought = replace(BOUGHT, order_ref="SPY-20261123T1500-scalp/entry@8", client_id=8)
    held = (Position(CALL, 10, Decimal(100)),)

    assert len(compared(*held).mismatches) == 1
    books = OwnBooks({}, {})
    snapshot = Snapshot(at=NOW, account=AccountValues(account="DU1", at=NOW), positions=held, fills=(bought,))
    found = reconcile(books, snapshot, NOW, settle_s=5.0, symbols=None)
    assert (found.fills, found.mismatches) == ((), ())
