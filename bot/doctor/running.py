"""A bot that runs already is asked itself, instead of opening a second way to the gateway beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.doctor.findings import Finding, fail, ok, warn

StatusAnswer = Mapping[str, Any]


def running_bot_checks(status: StatusAnswer) -> Iterator[Finding]:
    """What its own status says; ``status`` is the control socket's answer."""
    yield _verdict(status)
    yield _connection(status)
    yield from _feeds(status)
    yield _held(status)
    yield ok("orders", f"{len(status['live_orders'])} working")
    yield _alerts(status)


def _verdict(x: StatusAnswer) -> Finding:
    verdict = x.get("verdict") or {"level": "plain", "word": "running", "reason": "", "todo": ""}
    words = f"{verdict['word']}: {verdict['reason']}"
    if verdict["level"] == "danger":
        return fail("running bot", words, verdict["todo"])
    if verdict["level"] == "watch":
        return warn("running bot", words, verdict["todo"] or "look again in a minute: ibkr-bot status")
    return ok("running bot", words)


def _connection(x: StatusAnswer) -> Finding:
    if not x["is_connected"]:
        return fail(
            "connection",
            "the running bot is not connected to the gateway",
            "look into bot.log for its reason",
        )
    if x["links_down"]:
        return warn(
            "connection", f"the gateway has lost {', '.join(x['links_down'])}", "wait; IB restores it"
        )
    return ok("connection", f"the running bot is connected to account {x['account']}")


def _feeds(x: StatusAnswer) -> Iterator[Finding]:
    for view in x["symbols"]:
        stale = [feed for feed, is_fresh in view["feeds"].items() if not is_fresh]
        name = f"data {view['symbol']}"
        if stale:
            yield warn(
                name,
                f"{', '.join(stale)} are stale",
                "the bot renews them; if it lasts, stop it and run doctor again",
            )
        elif view["price"] is None:
            yield warn(
                name, "no price yet", "before the open that is normal; else stop the bot and run doctor again"
            )
        else:
            yield ok(name, f"price {view['price']:.2f}, {view['bars']} bars today")


def _held(x: StatusAnswer) -> Finding:
    held = [one for one in x["open_brackets"] if one["quantity"]]
    if not held:
        return ok("positions", "the bot holds nothing")
    naked = [one["label"] for one in held if not one["is_proved"]]
    names = ", ".join(f"{one['quantity']} {one['label']}" for one in held)
    if naked:
        return fail(
            "positions",
            f"{names}; NOT protected: {', '.join(naked)}",
            "ibkr-bot flatten, or close by hand in TWS",
        )
    return ok("positions", f"{names}, each with its stop proved")


def _alerts(x: StatusAnswer) -> Finding:
    lost = {kind: n for kind, n in x.get("alert_failures", {}).items() if n}
    if lost:
        words = ", ".join(f"{kind} {n}" for kind, n in lost.items())
        return warn("delivered alerts", f"not delivered: {words}", "ibkr-bot alert test")
    return ok("delivered alerts", "none was lost")
