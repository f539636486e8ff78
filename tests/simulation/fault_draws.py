"""Every fault that a run can draw, with how its values are drawn. A new one goes to the end of the table."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Draw = Callable[[Random], tuple[dict[str, Any], float]]


def _lasting(low: float, high: float, **how: Any) -> Draw:
    def draw(chance: Random) -> tuple[dict[str, Any], float]:
        seconds = round(chance.uniform(low, high), 1)
        return {**how, "seconds": seconds}, seconds

    return draw


def _once(**how: Any) -> Draw:
    return lambda _: (how, 0.0)


def _outage(chance: Random) -> tuple[dict[str, Any], float]:
    seconds = round(chance.uniform(2, 400), 1)
    return {"seconds": seconds, "then": chance.choice([1101, 1102])}, seconds


def _farm(chance: Random) -> tuple[dict[str, Any], float]:
    seconds = round(chance.uniform(2, 200), 1)
    name = chance.choice(["usfarm", "usopt", "cashfarm", "ushmds", "secdefil"])
    return {"name": name, "seconds": seconds, "dead_after": chance.random() < 0.5}, seconds


def _restart(chance: Random) -> tuple[dict[str, Any], float]:
    seconds = round(chance.uniform(5, 240), 1)
    return {"seconds": seconds, "roll_back_ids": chance.random() < 0.5}, seconds


ORDER_KINDS = (
    "orderStatus",
    "openOrder",
    "execDetails",
    "commissionReport",
    "openOrderEnd",
    "execDetailsEnd",
)
OTHER_KINDS = (
    "position",
    "positionEnd",
    "updateAccountValue",
    "updatePortfolio",
    "accountDownloadEnd",
    "nextValidId",
    "tickPrice",
    "tickSize",
    "tickGeneric",
    "historicalDataUpdate",
    "historicalData",
    "contractDetails",
    "contractDetailsEnd",
    "currentTime",
    "managedAccounts",
    "marketDataType",
    "error",
    "securityDefinitionOptionParameter",
    "tickOptionComputation",
)
REQUEST_KINDS = (
    "placeOrder",
    "cancelOrder",
    "reqOpenOrders",
    "reqAllOpenOrders",
    "reqExecutions",
    "reqPositions",
    "reqMktData",
)


ODD_STATUSES = ("Frozen", "ApiPending", "", "PendingSubmit", "Unheard Of")
ORDER_WORDS = (
    (399, "Order Message: Warning: your order will not be placed at the exchange until the open."),
    (2109, "Outside regular trading hours attribute was ignored."),
    (10349, "Order TIF was set to DAY based on order preset."),
)
"""They are said of an order that goes on (IB, "Message codes": system and warning codes)."""


def _message(chance: Random) -> tuple[dict[str, Any], float]:
    effect = chance.choice(["drop", "delay", "duplicate", "reorder", "drop", "rewrite"])
    kind = chance.choice(ORDER_KINDS if chance.random() < 0.6 else (*OTHER_KINDS, *REQUEST_KINDS))
    how: dict[str, Any] = {"effect": effect, "kind": kind, "count": chance.randint(1, 6)}
    if effect == "delay":
        how["seconds"] = round(chance.uniform(0.1, 45), 2)
    if effect == "rewrite":
        how |= {
            "kind": "orderStatus",
            "fields": {"status": chance.choice(ODD_STATUSES)},
        }
    if kind in REQUEST_KINDS and effect in ("reorder", "rewrite"):
        how |= {"effect": "delay", "seconds": 2.0}
        how.pop("fields", None)
    return how, 120.0


REJECTIONS = (
    (
        201,
        "Order rejected - reason:We are unable to accept your order. Your Available Funds are insufficient.",
    ),
    (
        201,
        "Order rejected - reason:Cannot have open orders on both sides of the same US Option contract in the same account.",
    ),
    (201, "Order rejected - reason: not today."),
    (110, "The price does not conform to the minimum price variation for this contract."),
    (103, "Duplicate order id"),
    (104, "Cannot modify a filled order."),
    (105, "Order being modified does not match the original order."),
    (109, "Price is out of the range defined by the Precautionary Settings at Order Presets."),
    (135, "Can't find order with ID ="),
    (161, "Cancel attempted when order is not in a cancellable state."),
    (202, "Order Canceled - reason:"),
    (321, "Error validating request: The API interface is currently in Read-Only mode."),
    (382, "The price specified violates the percentage constraint specified in the default order Presets."),
    (383, "The size specified violates the size constraint specified in the default order Presets."),
    (399, "Order Message: Warning: your order will not be placed at the exchange until the open."),
    (434, "The order size cannot be zero."),
    (463, "You must enter a valid price."),
    (481, "Order size reduced."),
    (10147, "OrderId that needs to be cancelled is not found."),
    (10148, "OrderId that needs to be cancelled can not be cancelled."),
    (10318, "This order doesn't support fractional quantity trading"),
    (10349, "Order TIF was set to DAY based on order preset."),
    (507, "Bad Message"),
    (200, "No security definition has been found for the request"),
)


def _reject(chance: Random) -> tuple[dict[str, Any], float]:
    code, text = chance.choice(REJECTIONS)
    action = chance.choice(["", "BUY", "SELL", "SELL"])
    return {"code": code, "text": text, "count": chance.randint(1, 4), "action": action}, 120.0


NOTICES = (
    (1300, "Socket port has been reset and this connection is being dropped."),
    (2110, "Connectivity between Trader Workstation and server is broken."),
    (2119, "Market data farm is connecting"),
    (2108, "Market data farm connection is inactive"),
    (504, "Not connected"),
    (162, "Historical Market Data Service error message"),
    (2152, "Exchanges - Top: need additional market data permissions"),
    (10182, "Failed to request live updates (disconnected)."),
    (100, "Max rate of messages per second has been exceeded"),
)


def _say(chance: Random) -> tuple[dict[str, Any], float]:
    code, text = chance.choice(NOTICES)
    if code == 1300:
        text = "Socket port has been reset and this connection is being dropped. Please reconnect on the new port - 4002"
    return {"code": code, "text": text}, 60.0


def _exchange(chance: Random) -> tuple[dict[str, Any], float]:
    return dict(
        chance.choice(
            [
                {"displayed_size": chance.randint(1, 4)},
                {"cancel_latency_s": round(chance.uniform(0.2, 8), 1)},
                {"commission_delay_s": round(chance.uniform(1, 60), 1)},
                {"children_on_partial_parent": False},
                {"oca_cancels_on_partial": False},
                {"both_sides_reject": True},
                {"displayed_size": 0},
            ]
        )
    ), 120.0


def _gap(chance: Random) -> tuple[dict[str, Any], float]:
    return {"symbol": "SPY", "percent": round(chance.choice([-1, 1]) * chance.uniform(0.2, 4), 2)}, 60.0


def _pin(chance: Random) -> tuple[dict[str, Any], float]:
    """The held option: no bidder, a price at the target, or far below the stop."""
    seconds = round(chance.uniform(20, 600), 1)
    book = chance.choice(["target", "stop", "no bid", "nothing", "cheap"])
    return {"book": book, "seconds": seconds}, seconds


def _settings(chance: Random) -> tuple[dict[str, Any], float]:
    name, value = chance.choice(
        [
            ("RISK__MAX_OPEN_POSITIONS", "2"),
            ("RISK__MAX_RISK_PCT_PER_TRADE", "0.01"),
            ("MARKET_DATA__STRIKES_EACH_SIDE", "3"),
        ]
    )
    return {"variables": {name: value}, "seconds": round(chance.uniform(1, 60), 1)}, 60.0


FAULTS: dict[str, Draw] = {
    # the network
    "partition": _lasting(1, 180),
    "freeze": _lasting(30, 900),
    "reset": _once(),
    "slow_network": _lasting(10, 300),
    # the gateway and its line
    "drop_socket": _once(),
    "refuse": _lasting(1, 240),
    "half_open": _lasting(5, 200),
    "accept_then_close": _lasting(5, 120),
    "restart": _restart,
    "outage": _outage,
    "farm": _farm,
    "competing_session": _lasting(5, 300),
    "kill_feeds": lambda _: ({}, 240.0),
    "clock_skew": lambda chance: ({"seconds": round(chance.uniform(-90, 90), 1)}, 400.0),
    "bust": _once(),
    "say": _say,
    # messages and orders
    "message": _message,
    "reject": _reject,
    "exchange": _exchange,
    "correct_execution": lambda chance: ({"price": round(chance.uniform(0.3, 2), 2)}, 5.0),
    "cancel_by_hand": lambda chance: ({"pick": chance.random()}, 5.0),
    "move_stop": lambda chance: ({"pick": chance.random(), "price": 0.01}, 5.0),
    "manual_close": lambda chance: ({"share": chance.choice([0.5, 1.0])}, 30.0),
    "foreign_order": lambda chance: ({"quantity": chance.randint(1, 5)}, 5.0),
    "gateway": lambda chance: (
        dict(chance.choice([{"read_only": True}, {"market_data_lines": 3}, {"history_delay_s": 20}])),
        90.0,
    ),
    # the market
    "gap": _gap,
    "pin": _pin,
    "hide_quotes": lambda chance: (
        {"scope": chance.choice(["all", "OPT", "SPY"]), "seconds": (s := round(chance.uniform(5, 300), 1))},
        s,
    ),
    "halt_trading": _lasting(10, 600, symbol="SPY"),
    "unsubscribed": lambda chance: ({"scope": chance.choice(["all", "OPT"])}, 120.0),
    # the bot's host
    "kill": _lasting(1, 120),
    "power_loss": _lasting(20, 180),
    "torn_power_loss": lambda chance: ({"commits": chance.randint(1, 12), "seconds": 40.0}, 340.0),
    "disk_full": _lasting(1, 120),
    "disk_slow": lambda chance: (
        {"seconds": (s := round(chance.uniform(5, 90), 1)), "delay_s": round(chance.uniform(0.5, 15), 1)},
        s + 60,
    ),
    "disk_lies": _once(),
    "clock_step": lambda chance: (
        {"seconds": round(chance.choice([-1, 1]) * chance.choice([3, 40, 3600]), 1)},
        60.0,
    ),
    # the operator
    "halt": _once(),
    "resume": _once(),
    "flatten": _once(),
    "redeploy": _lasting(2, 60),
    "change_settings": _settings,
    "halt_file": _once(),
    # every message about orders, several times
    "doubled": lambda chance: ({"count": chance.randint(1, 8)}, 120.0),
    "lost": lambda chance: ({"count": chance.randint(1, 3)}, 120.0),
    "odd_status": lambda chance: (
        {"status": chance.choice(ODD_STATUSES), "count": chance.randint(1, 4)},
        120.0,
    ),
    "swallowed": lambda chance: (
        {
            "kind": chance.choice(["placeOrder", "cancelOrder"]),
            "count": chance.randint(1, 6),
            # The first placeOrder of an idea asks for its margin alone.
            "skip": chance.choice([0, 1, 1]),
        },
        120.0,
    ),
    "other_id": lambda chance: ({"pick": chance.random()}, 120.0),
    "order_word": lambda chance: (dict(zip(("code", "text"), chance.choice(ORDER_WORDS), strict=True)), 5.0),
}
SINGLE = ("disk_lies", "clock_step")
"""At most once a run."""

PASSING = frozenset(
    {
        *(
            "partition",
            "freeze",
            "reset",
            "slow_network",
            "drop_socket",
            "refuse",
            "half_open",
            "restart",
            "outage",
        ),
        *(
            "farm",
            "kill_feeds",
            "bust",
            "cancel_by_hand",
            "move_stop",
            "gap",
            "pin",
            "hide_quotes",
            "halt_trading",
        ),
        *("kill", "power_loss", "torn_power_loss", "disk_full", "disk_slow", "halt", "resume", "flatten"),
        *("redeploy", "halt_file", "odd_figures", "odd_margin", "odd_books", "write_errors"),
    }
)
"""Over when their time is: the rest leave something behind until everything is repaired (a rule, a setting, a contract)."""
