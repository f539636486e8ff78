"""No frame past a limit ever leaves, whatever is said and however it is cut up. The limits are judged here once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.guard.core.line import REQUESTS
from bot.wire import RemoteProtocolError, WireMessage, decode_request, encode
from bot.wire.frames import pack_frame
from tests.guard.bench import FOREIGN, OPTION, PUT, STOCK, VERSION, Bench, cut, order, payloads, sell, stop
from tests.guard.rig import ACCOUNT, limits

HELD = {11: 3, 12: 1, 14: 2}
CONTRACTS = (OPTION, PUT, STOCK, FOREIGN)
WALL = limits()
_TERMS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["BUY", "SELL", "SSHORT", "buy"]),
        "totalQuantity": st.sampled_from([1, 2, 3, 20, 21, 200, Decimal("0.5"), 0, -1]),
        "orderType": st.sampled_from(["LMT", "MKT", "STP", "TRAIL", "REL", "MOC"]),
        "lmtPrice": st.sampled_from([None, 0, Decimal("0.05"), 1, Decimal("1.25"), Decimal("1.26"), 5, 90]),
        "account": st.sampled_from([ACCOUNT, ACCOUNT, "DU9", ""]),
        "ocaGroup": st.sampled_from(["", "", "g"]),
        "parentId": st.sampled_from([0, 0, 1, 2]),
    },
    optional={
        "algoStrategy": st.just("Adaptive"),
        "hidden": st.booleans(),
        "discretionaryAmt": st.sampled_from([0, 5]),
        "outsideRth": st.booleans(),
        "faGroup": st.just("All"),
        "whatIf": st.booleans(),
        "advancedErrorOverride": st.just("8229=IBDBUYTX"),
        "conditionsCancelOrder": st.just(True),
    },
)


@st.composite
def _orders(draw: st.DrawFn) -> bytes:
    terms = draw(_TERMS)
    terms.pop("conditionsCancelOrder", None)
    return order(draw(st.integers(1, 6)), draw(st.sampled_from(CONTRACTS)), **terms)


_OTHERS = st.sampled_from(
    [
        encode("cancelOrder", VERSION, orderId=1),
        encode("reqGlobalCancel", VERSION),
        encode("reqCurrentTime", VERSION),
        encode("startApi", VERSION, clientId=2, optCapab=""),
        encode("replaceFA", VERSION, faDataType=1, xml="<x/>", reqId=1),
        pack_frame(b"03\x00rest\x00"),
        pack_frame(b"203\x00rest\x00"),
        pack_frame(b"\x00\x00\x00\xcbrest"),
    ]
)
_SPEECH = st.lists(_orders() | _OTHERS, min_size=1, max_size=12)
_CUTS = st.lists(st.integers(0, 5000), max_size=12)


def _is_within(message: WireMessage) -> bool:
    """One order by itself, told in the limits' own words."""
    if message.account not in (ACCOUNT, "") or message.algoStrategy or message.hidden or message.faGroup:
        return False
    if message.discretionaryAmt or message.outsideRth or message.get("advancedErrorOverride"):
        return False
    if message.totalQuantity <= 0 or message.totalQuantity % 1:
        return False
    if message.action == "SELL":
        return bool(message.orderType in {"LMT", "MKT", "STP", "TRAIL"})
    value = message.totalQuantity * (message.lmtPrice or 0) * 100
    return bool(
        message.action == "BUY"
        and message.orderType == "LMT"
        and message.symbol == "SPY"
        and message.secType == "OPT"
        and message.totalQuantity <= WALL.order.quantity
        and value <= WALL.order.value
        and 0 < message.lmtPrice <= Decimal("1.25")
    )


@given(_SPEECH, _CUTS)
def test_no_order_past_a_limit_leaves_whatever_the_slices(speech: list[bytes], places: list[int]) -> None:
    bench = Bench(held=HELD)
    left = bench.hear(*cut(b"".join(speech), places))
    orders = [m for m in left if m.kind == "placeOrder" and not m.whatIf]
    assert all(_is_within(message) for message in orders)
    free = Counter[int]()
    for message in {
        m.orderId: m for m in orders if m.action == "SELL" and not m.parentId and not m.ocaGroup
    }.values():
        free[message.conId] += message.totalQuantity
    assert all(quantity <= HELD.get(con_id, 0) for con_id, quantity in free.items())
    assert not [m.kind for m in left if m.kind in {"replaceFA", "exerciseOptions", "startApi"}]
    bought = {m.orderId: m.totalQuantity * m.lmtPrice * 100 for m in orders if m.action == "BUY"}
    assert sum(bought.values()) <= WALL.total.premium


@given(_SPEECH, _CUTS)
def test_the_slices_make_no_difference(speech: list[bytes], places: list[int]) -> None:
    whole, sliced = Bench(held=HELD), Bench(held=HELD)
    whole.hear(b"".join(speech))
    sliced.hear(*cut(b"".join(speech), places))
    assert (whole.sent, whole.answered, whole.closed) == (sliced.sent, sliced.answered, sliced.closed)


@given(_SPEECH)
def test_every_frame_passes_as_it_came_or_is_answered(speech: list[bytes]) -> None:
    bench = Bench(held=HELD)
    bench.hear(b"".join(speech))
    came = Counter(payload for frame in speech for payload in payloads(frame))
    left = Counter(payloads(bench.sent.get(1, b"")))
    what_ifs = [p for p in left - came if not decode_request(p, VERSION).whatIf]
    assert what_ifs == []
    answered = len([m for m in bench.answers() if m.kind == "error"])
    assert left.total() + answered == came.total()


@given(st.lists(_orders(), min_size=1, max_size=4), st.data())
def test_bytes_that_were_damaged_on_the_way_never_let_more_leave(
    frames: list[bytes], data: st.DataObject
) -> None:
    stream = bytearray(b"".join(frames))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    bench = Bench(held=HELD)
    for effect in bench.guard.from_client(1, bytes(stream), bench.now):
        bench.take([effect])
    for payload in payloads(bench.sent.get(1, b"")):
        kind = REQUESTS[payload.split(b"\0", 1)[0]].name
        if kind == "placeOrder":
            message = decode_request(payload, VERSION)
            assert message.whatIf or _is_within(message)


@given(st.binary(min_size=1, max_size=200), _CUTS)
def test_noise_instead_of_a_hello_reaches_nobody(noise: bytes, places: list[int]) -> None:
    bench = Bench()
    bench.take(bench.guard.connect(5))
    for data in cut(noise, places):
        bench.take(bench.guard.from_client(5, data, bench.now))
    assert 5 not in bench.sent or noise.startswith(b"API\0")


@given(st.integers(1, 20))
def test_a_protective_stop_and_a_cancel_always_pass(count: int) -> None:
    wall = limits(
        rates={kind: {"minute": 1, "day": 1} for kind in ("entries", "exits", "revisions", "cancels")}
    )
    bench = Bench(wall, held={11: count})
    bench.guard.counts.round_trips = 10**6
    bench.guard.gate.unread = "a row was unreadable"
    left = bench.hear(
        *(stop(n + 1) for n in range(count)),
        *(encode("cancelOrder", VERSION, orderId=n + 1) for n in range(count)),
    )
    assert Counter(m.kind for m in left) == {"placeOrder": count, "cancelOrder": count}
    assert bench.hear(stop(count + 1)) == []
    assert bench.codes() == [201]


_EVENTS: tuple[Callable[[Bench, int], Any], ...] = (
    lambda bench, n: bench.hear(sell(n, totalQuantity=1 + n % 3)),
    lambda bench, n: bench.hear(sell(n, orderType="MKT", lmtPrice=None)),
    lambda bench, n: bench.hear(stop(n, totalQuantity=1 + n % 2)),
    lambda bench, n: bench.hear(order(n, totalQuantity=1 + n % 3)),
    lambda bench, n: bench.wait(1 + n % 4),
)


@given(st.lists(st.tuples(st.sampled_from(_EVENTS), st.integers(1, 9), st.booleans()), max_size=25))
def test_if_everything_fills_nothing_is_ever_short(
    steps: list[tuple[Callable[[Bench, int], Any], int, bool]],
) -> None:
    """A gateway that fills whatever reaches it, at once or later, told on the client's line and as position rows."""
    bench, truth, round_ = Bench(held={11: 2}), 2, 0
    waiting: dict[int, tuple[int, int]] = {}
    for act, number, fills_now in steps:
        for message in act(bench, number + 10 * round_) or []:
            waiting[message.orderId] = (1 if message.action == "BUY" else -1, int(message.totalQuantity))
        if not fills_now:
            continue
        # Sells first: the worst case for what is held.
        for order_id, (sign, quantity) in sorted(waiting.items(), key=lambda item: item[1]):
            truth += sign * quantity
            assert truth >= 0
            bench.position(OPTION, truth)  # overtakes the fill
            bench.acknowledge(order_id, action="BUY" if sign > 0 else "SELL", totalQuantity=quantity)
            bench.status(order_id, "Filled", quantity, 0)
        bench.position(OPTION, truth)
        waiting.clear()
        round_ += 1


@given(st.binary(max_size=60))
def test_an_unknown_message_never_leaves(body: bytes) -> None:
    payload = b"3" + body
    bench = Bench()
    try:
        fine = decode_request(payload, VERSION)
    except RemoteProtocolError:
        bench.hear(pack_frame(payload))
        if REQUESTS.get(payload.split(b"\0", 1)[0]) is REQUESTS[b"3"]:
            assert bench.sent.get(1, b"") == b""
    else:
        assert fine.kind
