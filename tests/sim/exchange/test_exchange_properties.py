"""What holds whatever the clients send and whatever the market does."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.types import Side
from bot.sim.exchange.events import Commissioned, ExchangeEvent, StatusChanged
from bot.sim.exchange.fractions.sizes import Units
from tests.sim.pit import CALL_ID, PUT_ID, Pit, d

_PRICES = st.integers(100, 299).map(lambda cents: f"{cents / 100:.2f}")
_ORDER = st.fixed_dictionaries(
    {
        "con_id": st.sampled_from([CALL_ID, PUT_ID]),
        "side": st.sampled_from(Side),
        "quantity": st.integers(1, 9),
        "limit": st.none() | _PRICES,
        "tif": st.sampled_from(["DAY", "GTC", "IOC"]),
        "oca_group": st.sampled_from(["", "a", "b"]),
    }
)
Step = tuple[str, int, dict[str, object]]
_STEP: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("order"), st.integers(1, 12), _ORDER),
    st.tuples(st.just("cancel"), st.integers(1, 12), st.just({})),
    st.tuples(st.just("bracket"), st.integers(1, 9), st.fixed_dictionaries({"limit": _PRICES})),
    st.tuples(st.just("stop"), st.integers(1, 9), st.fixed_dictionaries({"stop": _PRICES})),
    st.tuples(
        st.just("tick"),
        st.integers(1, 12),
        st.fixed_dictionaries({"bid": _PRICES, "con_id": st.sampled_from([CALL_ID, PUT_ID])}),
    ),
)
_STEPS = st.lists(_STEP, max_size=40)


class Player:
    """Plays generated steps on a pit; brackets and stops get order ids of their own."""

    def __init__(self, oca_type: int, *, on_partial: bool = True) -> None:
        self.pit = Pit(price_collar=None, both_sides_reject=False, oca_cancels_on_partial=on_partial)
        self._oca_type = oca_type
        self._next_id = 100

    def play(self, steps: list[Step]) -> list[ExchangeEvent]:
        for kind, number, more in steps:
            getattr(self, kind)(number, **more)
        return self.pit.log

    def order(
        self, number: int, con_id: int, side: Side, quantity: int, limit: str | None, tif: str, oca_group: str
    ) -> None:
        self.pit.send(
            number,
            side,
            quantity,
            limit,
            con_id=con_id,
            tif=tif,
            oca_group=oca_group,
            oca_type=self._oca_type,
        )

    def cancel(self, number: int) -> None:
        self.pit.cancel(number)

    def bracket(self, number: int, limit: str) -> None:
        first = self._next_id
        self._next_id += 3
        more = {"parent_id": first, "tif": "GTC", "oca_group": f"f{first}", "oca_type": self._oca_type}
        self.pit.buy(first, number, limit, transmit=False)
        self.pit.sell(first + 1, number, "2.90", transmit=False, **more)
        self.pit.stop(first + 2, number, "1.20", **more)

    def stop(self, number: int, stop: str) -> None:
        self._next_id += 1
        self.pit.stop(self._next_id - 1, number, stop, tif="GTC")

    def tick(self, number: int, bid: str, con_id: int) -> None:
        self.pit.tick(con_id, bid, str((d(bid) or 0) + Decimal("0.05")), size=number)


@settings(max_examples=40)
@given(_STEPS, st.sampled_from([1, 2, 3]))
def test_no_order_fills_more_than_was_ordered(steps: list[Step], oca_type: int) -> None:
    log = Player(oca_type).play(steps)
    filled: dict[tuple[int, int], Units] = {}
    for event in log:
        if isinstance(event, StatusChanged):
            view = event.view
            filled[view.client_id, view.order_id] = view.filled
            assert 0 <= view.filled <= view.order.quantity
            assert view.remaining >= 0


@settings(max_examples=40)
@given(_STEPS, st.sampled_from([1, 2, 3]))
def test_cash_and_positions_balance_with_executions_and_commissions(steps: list[Step], oca_type: int) -> None:
    player = Player(oca_type)
    log = player.play(steps)
    pit = player.pit
    held: dict[int, Units] = defaultdict(int)
    spent = Decimal(0)
    for fill in pit.fills():
        held[fill.contract.con_id] += fill.side.sign * fill.quantity
        spent += fill.side.sign * fill.quantity * fill.price * fill.contract.multiplier
    spent += sum((e.report.commission for e in log if isinstance(e, Commissioned)), Decimal(0))

    assert pit.account.cash == 100_000 - spent
    assert {p.contract.con_id: p.quantity for p in pit.account.positions()} == {
        k: n for k, n in held.items() if n
    }
    figures = pit.account.figures(pit.now)
    assert abs(figures.realized + figures.unrealized - (figures.net_liquidation - 100_000)) < Decimal("0.01")


_BIDS = st.sampled_from(["1.00", "1.10", "1.95", "2.05", "2.90", "2.95"])


@settings(max_examples=60)
@given(
    st.integers(2, 9),
    st.lists(st.tuples(_BIDS, st.integers(1, 5)), max_size=12),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.booleans(),
)
def test_the_exits_of_a_blocked_bracket_never_sell_more_than_was_bought(
    quantity: int, quotes: list[tuple[str, int]], oca_type: int, on_partial: bool, at_once: bool
) -> None:
    pit = Pit(price_collar=None, oca_cancels_on_partial=on_partial, children_on_partial_parent=at_once)
    pit.quote(CALL_ID, "2.00", "2.30")
    pit.bracket(quantity, "2.10", oca_type)
    for bid, size in quotes:
        pit.tick(CALL_ID, bid, str(Decimal(bid) + Decimal("0.05")), size=size)
        held = pit.account.held(CALL_ID)
        exits = [pit.live(n) for n in (2, 3)]

        assert held >= 0
        assert all(o.remaining <= held for o in exits if o.is_active)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(240, 299), st.integers(1, 20)), max_size=15), st.booleans())
def test_a_group_of_equal_exits_with_block_never_overfills(
    quotes: list[tuple[int, int]], reduces: bool
) -> None:
    pit = Pit(price_collar=None)
    pit.hold(8)
    for order_id, limit in ((1, "2.50"), (2, "2.60"), (3, "2.70")):
        pit.sell(order_id, 8, limit, tif="GTC", oca_group="g", oca_type=2 if reduces else 1)
    for cents, size in quotes:
        pit.tick(CALL_ID, f"{cents / 100:.2f}", "3.00", size=size)

        assert 0 <= pit.account.held(CALL_ID) <= 8


@settings(max_examples=15)
@given(_STEPS)
def test_the_same_commands_give_the_same_events(steps: list[Step]) -> None:
    assert Player(1).play(steps) == Player(1).play(steps)


@settings(max_examples=40)
@given(_STEPS)
def test_an_order_that_is_over_never_comes_back(steps: list[Step]) -> None:
    over: set[tuple[int, int]] = set()
    for event in Player(2).play(steps):
        if isinstance(event, StatusChanged):
            key = (event.view.client_id, event.view.order_id)
            assert key not in over or event.view.is_done
            if event.view.is_done:
                over.add(key)
