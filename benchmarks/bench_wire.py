"""What a message costs: encoding quotes and greeks, decoding an order, cutting a burst into frames.

Run with ``python -m pytest benchmarks/bench_wire.py``. Figures are for comparison on one machine; no test depends on
them. The goal for one quote or one set of greeks is under 5 µs.
"""

from __future__ import annotations

from typing import Any

from bot.wire import FrameBuffer, decode_request, encode

VERSION = 176
BURST = 10_000


def quote() -> bytes:
    return encode("tickPrice", VERSION, reqId=7, tickType=1, price=127.25, size=3, attrMask=0)


def test_encode_a_quote(benchmark: Any) -> None:
    assert benchmark(quote)


def test_encode_a_size(benchmark: Any) -> None:
    assert benchmark(lambda: encode("tickSize", VERSION, reqId=7, tickType=0, size=1500))


def test_encode_greeks(benchmark: Any) -> None:
    def greeks() -> bytes:
        return encode(
            "tickOptionComputation",
            VERSION,
            reqId=7,
            tickType=13,
            tickAttrib=0,
            impliedVol=0.2512,
            delta=0.5123,
            optPrice=1.2512,
            pvDividend=0.0,
            gamma=0.0123,
            vega=0.1231,
            theta=-0.1231,
            undPrice=127.25,
        )

    assert benchmark(greeks)


def test_encode_an_open_order(benchmark: Any) -> None:
    order: dict[str, Any] = {
        "orderId": 12,
        "clientId": 1,
        "permId": 1000099,
        "account": "DU1",
        "status": "Submitted",
    }
    order |= {
        "conId": 1,
        "symbol": "SPY",
        "secType": "OPT",
        "currency": "USD",
        "right": "C",
        "multiplier": "100",
    }
    order |= {"action": "BUY", "totalQuantity": 2, "orderType": "LMT", "lmtPrice": 1.25}
    assert benchmark(lambda: encode("openOrder", VERSION, **order))


def test_encode_a_day_of_bars(benchmark: Any) -> None:
    bar = {
        "open": 1.5,
        "high": 2.0,
        "low": 1.25,
        "close": 1.75,
        "volume": 100,
        "average": 1.6,
        "barCount": 12,
    }
    bars = [{"date": str(1_767_697_200 + 60 * minute), **bar} for minute in range(390)]
    assert benchmark(
        lambda: encode("historicalData", VERSION, reqId=1, startDateStr="", endDateStr="", bars=bars)
    )


def test_decode_an_order(benchmark: Any) -> None:
    frame = encode(
        "placeOrder", VERSION, orderId=12, action="BUY", totalQuantity=2, orderType="LMT", lmtPrice=1.25
    )
    assert benchmark(lambda: decode_request(frame[4:], VERSION)).orderId == 12


def test_cut_a_burst_into_frames(benchmark: Any) -> None:
    burst = quote() * BURST

    def cut() -> int:
        buffer, count = FrameBuffer(), 0
        buffer.receive(burst)
        while buffer.next() is not None:
            count += 1
        return count

    assert benchmark(cut) == BURST
