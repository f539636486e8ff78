"""The connection's life, against a scripted gateway."""

from __future__ import annotations

from bot.broker.ibkr import IbkrBroker
from bot.domain import broker_messages as b
from bot.domain.messages import MachineFailed
from tests.broker.script import ACCOUNT, NOW, TIMEOUT_S, ScriptedGateway, error, one, running, settings


def test_connected_is_told_first_and_only_after_a_request_was_answered(
    gateway: ScriptedGateway, library: str
) -> None:
    with running(gateway, library) as (_, facts):
        facts.wait_for(b.AccountUpdated)
    first = facts.all[0]
    assert isinstance(first, b.BrokerConnected)
    assert (first.account, first.client_id, first.at) == (ACCOUNT, 7, NOW)
    assert first.server_version == (176 if library == "ib_insync" else 178)
    assert gateway.requests("reqCurrentTime")


def test_the_account_is_told_in_decimals(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (_, facts):
        told = facts.wait_for(b.AccountUpdated)
    assert str(told.values.net_liquidation) == "25000.5"
    assert told.values.cash is None


def test_order_ids_stay_above_the_floor_when_the_gateway_falls_back(gateway: ScriptedGateway) -> None:
    gateway.next_id = 3
    with running(gateway, order_id_floor=5000) as (_, facts):
        assert facts.wait_for(b.BrokerConnected).next_order_id >= 5000


def test_order_ids_do_not_fall_back_across_a_reconnect(gateway: ScriptedGateway) -> None:
    gateway.next_id = 900
    with running(gateway) as (_, facts):
        first = facts.wait_for(b.BrokerConnected)
        gateway.next_id = 1
        gateway.drop_client()
        assert facts.wait_for(b.BrokerConnected, 2).next_order_id > first.next_order_id


def test_a_lost_socket_is_told_and_the_session_comes_back(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (_, facts):
        facts.wait_for(b.BrokerConnected)
        gateway.drop_client()
        facts.wait_for(b.BrokerConnected, 2)
    kinds = [type(fact) for fact in facts.all if isinstance(fact, b.BrokerConnected | b.BrokerDisconnected)]
    assert kinds[:3] == [b.BrokerConnected, b.BrokerDisconnected, b.BrokerConnected]


def test_a_client_id_in_use_is_waited_for_with_the_same_id(gateway: ScriptedGateway, library: str) -> None:
    gateway.greeting = "in_use"
    with running(gateway, library) as (_, facts):
        down = facts.wait_for(b.BrokerDisconnected)
        gateway.wait_request("startApi", 2)
        gateway.greeting = "speak"
        facts.wait_for(b.BrokerConnected)
    assert "client id 7 is in use" in down.reason
    assert {message.clientId for message in gateway.requests("startApi")} == {7}


def test_ways_to_fail_are_told_apart(gateway: ScriptedGateway) -> None:
    reasons = {}
    for greeting in ("silent", "close"):
        gateway.greeting = greeting
        with running(gateway) as (_, facts):
            reasons[greeting] = facts.wait_for(b.BrokerDisconnected).reason
    assert "stays silent" in reasons["silent"]
    assert "closes at once" in reasons["close"]


def test_a_refused_port_names_its_remedy(gateway: ScriptedGateway) -> None:
    free = gateway.port
    gateway.close()
    broker = IbkrBroker(settings(free), lambda: NOW)
    told: list[object] = []
    broker.start(told.append)
    gateway.received.add(None)
    broker.stop(TIMEOUT_S)
    assert all(isinstance(fact, b.BrokerDisconnected) for fact in told)


def test_an_account_that_is_not_offered_is_never_traded_in(gateway: ScriptedGateway) -> None:
    with running(gateway, account="DU9999999") as (_, facts):
        assert "does not offer the account" in facts.wait_for(b.BrokerDisconnected).reason
    assert not facts.of(b.BrokerConnected)


def test_one_of_several_accounts_must_be_named(gateway: ScriptedGateway) -> None:
    gateway.accounts = f"{ACCOUNT},DU7654321"
    with running(gateway) as (_, facts):
        assert "broker.account" in facts.wait_for(b.BrokerDisconnected).reason


def test_a_gateway_that_falls_silent_is_left(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library, heartbeat_s=0.01, heartbeat_timeout_s=0.2) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        del gateway.answers["reqCurrentTime"]
        assert "silent" in facts.wait_for(b.BrokerDisconnected).reason


def test_stopping_while_connecting_is_quick_and_quiet(gateway: ScriptedGateway, library: str) -> None:
    gateway.greeting = "silent"
    with running(gateway, library, connect_timeout_wall_s=60.0) as (_, facts):
        pass
    assert not facts.of(MachineFailed)


def test_a_stopped_broker_says_nothing_more(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.stop(TIMEOUT_S)
        told = len(facts.all)
        broker.send(b.QualifyUnderlying("SPY"))
        broker.stop(TIMEOUT_S)
    assert len(facts.all) == told


def test_a_blip_of_the_way_to_ib_is_told_with_its_code(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        for code in (1100, 1102, 1100, 1101):
            gateway.say("error", reqId=-1, errorCode=code, errorString="Connectivity")
        broker.settle(TIMEOUT_S)
    links = [(x.code, x.up, x.data_lost) for x in facts.of(b.LinkChanged)]
    assert links == [(1100, False, False), (1102, True, False), (1100, False, False), (1101, True, True)]


def test_a_farm_is_news_only_when_it_was_down(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        for code, farm in ((2104, "usfarm"), (2103, "usopt"), (2104, "usopt"), (2106, "ushmds")):
            gateway.say("error", reqId=-1, errorCode=code, errorString=f"Market data farm connection: {farm}")
        broker.settle(TIMEOUT_S)
    assert [(x.part, x.up) for x in facts.of(b.LinkChanged)] == [
        ("market_data:usopt", False),
        ("market_data:usopt", True),
    ]


def test_a_moved_port_is_followed(gateway: ScriptedGateway) -> None:
    other = ScriptedGateway()
    try:
        with running(gateway) as (_, facts):
            facts.wait_for(b.AccountUpdated)
            gateway.say(
                "error",
                reqId=-1,
                errorCode=1300,
                errorString=f"Please reconnect on the new port - {other.port}",
            )
            gateway.drop_client()
            other.wait_request("startApi")
    finally:
        other.close()


def test_account_updates_taken_by_another_client_are_taken_back(gateway: ScriptedGateway) -> None:
    with running(gateway) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        gateway.say("error", reqId=-1, errorCode=2100, errorString="API client has been unsubscribed")
        gateway.wait_request("reqAccountUpdates", 2)


def test_a_refused_request_without_an_id_ends_whoever_waits(gateway: ScriptedGateway) -> None:
    gateway.answers["reqAllOpenOrders"] = lambda _: error(-1, 321, "Read-Only mode")
    with running(gateway, request_timeout_s=60.0, shortest_deadline_wall_s=60.0) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.TakeSnapshot("test", NOW))
        failed = facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "snapshot")
    assert failed.code == 321
    assert not facts.of(b.SnapshotTaken)


def test_a_status_nobody_knows_is_set_aside_and_the_session_goes_on(
    gateway: ScriptedGateway, library: str
) -> None:
    with running(gateway, library) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        gateway.answers["reqCurrentTime"] = lambda _: one("marketDataType", reqId=1, marketDataType=1)
        gateway.say("orderStatus", **_status("Bewildered"))
        gateway.say("openOrder", **_open("Bewildered"))
        aside = facts.wait_for(b.RowSetAside)
    assert "Bewildered" in aside.text
    assert not facts.of(MachineFailed)


def test_an_unreadable_message_is_told_and_the_broker_is_asked(gateway: ScriptedGateway) -> None:
    with running(gateway) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        gateway.say("commissionReport", execId="x", commission=1, currency="USD", realizedPNL=None)
        gateway.say("updateMktDepth", reqId=1, position=0, operation=0, side=0, price=1, size=1)
        gateway.wait_request("reqAllOpenOrders")
        assert facts.wait(lambda x: isinstance(x, b.RequestFailed)).subject == "unreadable_message"


def _status(status: str) -> dict[str, object]:
    return {"orderId": 1, "status": status, "filled": 0, "remaining": 1, "avgFillPrice": 0, "permId": 9} | {
        "parentId": 0,
        "lastFillPrice": 0,
        "clientId": 3,
        "whyHeld": "",
        "mktCapPrice": 0,
    }


def _open(status: str) -> dict[str, object]:
    return {"orderId": 1, "conId": 756733, "symbol": "SPY", "secType": "STK", "exchange": "SMART"} | {
        "currency": "USD",
        "action": "BUY",
        "totalQuantity": 1,
        "orderType": "LMT",
        "lmtPrice": 1,
        "account": ACCOUNT,
        "clientId": 3,
        "permId": 9,
        "status": status,
    }


def test_the_guards_stop_is_a_way_that_is_down_until_a_person_goes_on(gateway: ScriptedGateway) -> None:
    with running(gateway) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        gateway.say("error", reqId=-1, errorCode=2199, errorString="guard: stopped: odd orders (Ana)")
        gateway.say("error", reqId=-1, errorCode=2198, errorString="guard: entries are let through again")
        facts.wait(lambda x: isinstance(x, b.LinkChanged) and x.up)
    assert [(x.part, x.up, x.code) for x in facts.of(b.LinkChanged)] == [
        ("guard", False, 2199),
        ("guard", True, 2198),
    ]
