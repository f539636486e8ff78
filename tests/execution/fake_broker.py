"""A toy exchange for the execution machines: OCA groups, families, stops, partial fills, and the ways a broker misbehaves.

Rule: its own books are the truth that the tests judge by. It is deliberately dull where the real simulator is rich: one
price per contract, everything at that price fills, in steps of ``ExchangeSettings.fill_step``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.messages import Message
from bot.domain.order import Fill, OpenOrder, OrderStatus, OrderType
from bot.domain.position import AccountValues, Position
from bot.domain.types import ConId, OrderRef, PermId, Side
from tests.execution.fake_orders import ExchangeSettings, Held, shown

S = OrderStatus


class FakeBroker:
    """Hears commands, answers with facts. ``mangle`` rewrites each batch of facts on its way out."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.exchange_settings = ExchangeSettings()
        self.mangle: Callable[[list[Message]], list[Message]] = lambda facts: facts
        self.orders: list[Held] = []
        self.fills: list[Fill] = []
        self.also_listed: list[Fill] = []
        """Executions that count no more and are shown all the same."""
        self.charges: list[b.CommissionCharged] = []
        self.bids: dict[ConId, tuple[Decimal, Decimal]] = {}
        self.contracts: dict[ConId, Contract] = {}
        self.strangers: list[OpenOrder] = []
        self.received: Counter[OrderRef] = Counter()
        self.sent_cancels = 0
        self.is_linked = True
        self.client_id = 1
        self.costs: defaultdict[ConId, Decimal] = defaultdict(Decimal)
        self._carried: Counter[ConId] = Counter()
        self._unsaid: list[Message] = []
        self._late: list[Message] = []

    # ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────

    def handle(self, message: Message) -> list[Message]:
        if isinstance(message, b.TakeSnapshot):
            return self._snapshot(message)
        if isinstance(message, b.SendOrders):
            self._send(message)
        elif isinstance(message, b.SendCancel):
            self._cancel(message)
        elif isinstance(message, b.SendRevision):
            self._revise(message)
        self.match()
        return self.flush()

    def flush(self) -> list[Message]:
        """What there is to say now; nothing, and for good, while the link is cut."""
        said, self._unsaid = self._unsaid, []
        return self.mangle(said) if self.is_linked else []

    def pay_late_charges(self) -> list[Message]:
        late, self._late = self._late, []
        return late

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self, command: b.SendOrders) -> None:
        held_back: list[Held] = []
        for order in command.orders:
            self.received[order.ref] += 1
            if order.ref in self.exchange_settings.swallows:
                continue
            self.contracts[order.contract.con_id] = order.contract
            held = Held(order, self._next_perm(), S.HELD, order.quantity, order.limit_price)
            if order.ref in self.exchange_settings.refuses:
                code, text = self.exchange_settings.refuses[order.ref]
                held.status = S.REJECTED
                self._unsaid.append(b.OrderRefused(order.ref, code, text, self.now))
                self._drop_children(order.ref)
                continue
            self.orders.append(held)
            held_back.append(held)
        for held in held_back:
            parent = self._by_ref(held.order.parent_ref)
            if held.order.parent_ref is not None and parent is None:
                held.status = S.CANCELLED
            elif held.order.parent_ref is None and held.order.type is not OrderType.STOP:
                held.status = S.WORKING
            self._say(held)

    def _drop_children(self, ref: OrderRef) -> None:
        for held in self.orders:
            if held.order.parent_ref == ref and held.is_live:
                self._end(held, S.CANCELLED)

    def _cancel(self, command: b.SendCancel) -> None:
        self.sent_cancels += 1
        if self.exchange_settings.swallows_cancels > 0:
            self.exchange_settings.swallows_cancels -= 1
            return
        for held in self.orders:
            meant = command.perm_id in (None, held.perm_id)
            if held.order.ref == command.ref and held.is_live and meant:
                self._end(held, S.CANCELLED)
                self._parent_ended(held)

    def _parent_ended(self, parent: Held) -> None:
        for child in self.orders:
            if child.order.parent_ref != parent.order.ref or not child.is_live:
                continue
            if not parent.filled:
                self._end(child, S.CANCELLED)
            elif self.exchange_settings.shrinks_children_of_cut_parent:
                child.quantity = child.filled + min(child.remaining, parent.filled - self._sold(parent))
                self._say(child)
            self._wake(child)

    def _revise(self, command: b.SendRevision) -> None:
        if self.exchange_settings.ignores_revisions:
            return
        for held in self.orders:
            if held.order.ref == command.ref and held.is_live:
                if self.exchange_settings.doubles_revisions:
                    self.exchange_settings.doubles_revisions = False
                    twin = Held(
                        held.order, self._next_perm(), held.status, command.quantity, held.limit_price
                    )
                    self.orders.append(twin)
                    self._say(twin)
                held.quantity = command.quantity
                if held.order.stop_price is not None:
                    held.order = replace(held.order, stop_price=command.limit_price)
                elif held.limit_price is not None:
                    held.limit_price = command.limit_price
                self._say(held)
                return

    def _snapshot(self, command: b.TakeSnapshot) -> list[Message]:
        if not self.is_linked:
            return []
        if self.exchange_settings.fails_snapshots > 0:
            self.exchange_settings.fails_snapshots -= 1
            return [b.RequestFailed("snapshot", 0, "time-out", self.now)]
        said = self.flush()
        held = self.positions()
        if self.exchange_settings.stale_positions > 0:
            self.exchange_settings.stale_positions -= 1
            held[self.fills[-1].contract.con_id] -= self.fills[-1].signed_quantity
        snapshot = b.Snapshot(
            at=self.now,
            account=AccountValues(account="DU1", at=self.now),
            open_orders=(
                *(shown(h, self.exchange_settings, self.client_id) for h in self.orders if h.is_live),
                *self.strangers,
            ),
            completed_orders=tuple(
                shown(h, self.exchange_settings, self.client_id) for h in self.orders if not h.is_live
            ),
            fills=(*self.also_listed, *self.fills),
            commissions=tuple(self.charges) if self.exchange_settings.commission != "never" else (),
            positions=tuple(
                Position(self.contracts[con_id], quantity, self.costs[con_id])
                for con_id, quantity in held.items()
                if quantity
            ),
        )
        return [*said, b.SnapshotTaken(snapshot, command.reason, command.at)]

    # ── the market ───────────────────────────────────────────────────────────────────────────────────────────────

    def quote(self, con_id: ConId, bid: Decimal, ask: Decimal) -> None:
        self.bids[con_id] = (bid, ask)

    def match(self) -> None:
        """Fill whatever the price allows, one step of each order."""
        for held in tuple(self.orders):
            if held.is_live and held.order.contract.con_id in self.bids and self._is_live_at_market(held):
                bid, ask = self.bids[held.order.contract.con_id]
                price = self._fill_price(held, bid, ask)
                if price is not None:
                    self._fill(held, min(self.exchange_settings.fill_step, self._free(held)), price)

    def _free(self, held: Held) -> int:
        parent = self._by_ref(held.order.parent_ref)
        if parent is not None and parent.is_live:
            return min(held.remaining, parent.filled - self._sold(parent))
        return held.remaining

    def _sold(self, parent: Held) -> int:
        return sum(h.filled for h in self.orders if h.order.parent_ref == parent.order.ref)

    def _is_live_at_market(self, held: Held) -> bool:
        if held.order.parent_ref is None:
            return True
        parent = self._by_ref(held.order.parent_ref)
        if parent is None or not parent.filled:
            return False
        return not (self.exchange_settings.children_wait_for_whole_parent and parent.is_live)

    def _fill_price(self, held: Held, bid: Decimal, ask: Decimal) -> Decimal | None:
        order = held.order
        if order.type is OrderType.STOP:
            floor = order.limit_price or Decimal(0)
            return bid if order.stop_price is not None and floor <= bid <= order.stop_price else None
        touch = ask if order.side is Side.BUY else bid
        if order.type is OrderType.MARKET or held.limit_price is None:
            return touch
        passes = touch <= held.limit_price if order.side is Side.BUY else touch >= held.limit_price
        return touch if passes else None

    def _fill(self, held: Held, quantity: int, price: Decimal) -> None:
        if quantity <= 0:
            return
        held.filled += quantity
        held.status = S.FILLED if not held.remaining else S.WORKING
        fill = Fill(
            exec_id=f"0000e0d5.65a1b2c3.{len(self.fills) + 1:02d}.01",
            order_ref=held.order.ref,
            perm_id=held.perm_id,
            contract=held.order.contract,
            side=held.order.side,
            quantity=quantity,
            price=price,
            at=self.now,
            client_id=self.client_id,
        )
        self.fills.append(fill)
        charge = b.CommissionCharged(fill.exec_id, fill.order_ref, Decimal("0.65") * quantity, "USD")
        if not self.exchange_settings.cancels_before_fills:
            self._say(held)
            self._unsaid.append(b.Filled(fill))
        self._after_fill(held)
        if self.exchange_settings.cancels_before_fills:
            self._say(held)
            self._unsaid.append(b.Filled(fill))
        self._charge(charge)

    def _charge(self, charge: b.CommissionCharged) -> None:
        if self.exchange_settings.commission == "with the fill":
            self.charges.append(charge)
            self._unsaid.append(charge)
        elif self.exchange_settings.commission == "late":
            self._late.append(charge)

    def _after_fill(self, held: Held) -> None:
        for child in self.orders:
            if child.order.parent_ref == held.order.ref:
                self._wake(child)
        if not held.order.oca_group or self.exchange_settings.breaks_oca:
            return
        for other in self.orders:
            if other is not held and other.order.oca_group == held.order.oca_group and other.is_live:
                other.quantity = max(other.filled, other.quantity - self.fills[-1].quantity)
                if other.remaining:
                    self._say(other)
                else:
                    self._end(other, S.CANCELLED)

    def _wake(self, child: Held) -> None:
        if child.is_live and child.order.type is OrderType.LIMIT and self._is_live_at_market(child):
            child.status = S.WORKING
            self._say(child)

    # ── faults by hand ───────────────────────────────────────────────────────────────────────────────────────────

    def end(self, ref: OrderRef, status: OrderStatus = S.CANCELLED) -> None:
        """The broker ends an order by itself."""
        for held in self.orders:
            if held.order.ref == ref and held.is_live:
                self._end(held, status)
                self._parent_ended(held)

    def trade_by_hand(self, contract: Contract, side: Side, quantity: int, price: Decimal) -> None:
        """Somebody trades in TWS: no order of ours, but an execution and a position."""
        self.contracts[contract.con_id] = contract
        exec_id = f"0000e0d5.99999999.{len(self.fills) + 1:02d}.01"
        self.fills.append(
            Fill(
                exec_id=exec_id,
                order_ref="",
                perm_id=99_000,
                contract=contract,
                side=side,
                quantity=quantity,
                price=price,
                at=self.now,
            )
        )

    def correct(self, exec_id: str, quantity: int, price: Decimal) -> None:
        """The exchange corrects an execution: same id, next revision."""
        for index, fill in enumerate(self.fills):
            if fill.exec_id == exec_id:
                new_id = exec_id[:-2] + f"{int(exec_id[-2:]) + 1:02d}"
                corrected = replace(fill, exec_id=new_id, quantity=quantity, price=price)
                self.fills[index] = corrected
                self._unsaid.append(b.Filled(corrected))

    def forget_executions(self) -> None:
        """A new day: positions stay, the list of executions starts over."""
        self._carried = self.positions()
        self.fills.clear()

    def _end(self, held: Held, status: OrderStatus) -> None:
        held.status = status
        self._say(held)

    # ── the books ────────────────────────────────────────────────────────────────────────────────────────────────

    def positions(self) -> Counter[ConId]:
        positions = Counter(self._carried)
        for fill in self.fills:
            positions[fill.contract.con_id] += fill.signed_quantity
        return positions

    def live(self) -> list[Held]:
        return [held for held in self.orders if held.is_live]

    def exits_at_rest(self, con_id: ConId) -> int:
        """The most that the live sell orders could sell, an OCA group counting once, idle children not at all."""
        groups: Counter[str] = Counter()
        for held in self.live():
            sells = held.order.side is Side.SELL and held.order.contract.con_id == con_id
            if sells and self._is_live_at_market(held):
                group = held.order.oca_group or f"{held.perm_id}"
                groups[group] = max(groups[group], self._free(held))
        return sum(groups.values())

    def stopped(self, con_id: ConId) -> int:
        """What the live stops would sell."""
        return sum(
            self._free(held)
            for held in self.live()
            if held.order.type is OrderType.STOP
            and held.order.contract.con_id == con_id
            and self._is_live_at_market(held)
        )

    def _by_ref(self, ref: OrderRef | None) -> Held | None:
        return next((held for held in self.orders if held.order.ref == ref), None)

    def _next_perm(self) -> PermId:
        return 7000 + len(self.orders) + 1

    def _say(self, held: Held) -> None:
        self._unsaid.extend(self._words(held))

    def _words(self, held: Held) -> Iterator[Message]:
        yield b.OrderSeen(shown(held, self.exchange_settings), self.now)
        if self.exchange_settings.says_statuses:
            yield b.OrderStatusChanged(
                ref=held.order.ref,
                status=held.status,
                filled=held.filled,
                remaining=held.remaining,
                perm_id=held.perm_id,
                order_id=held.perm_id - 6000,
                at=self.now,
            )
