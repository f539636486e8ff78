"""Requests about the session itself: the start, ids, accounts, the time, and groups that a gateway has no window for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sim.gateway.connectivity import FARMS, HISTORY_FARM, SECDEF_FARM
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.messages.contract_lookup import validation
from bot.sim.messages.order_messages import send_open_order

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage


def start_api(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Take the client in: accounts, next id, farm states, then its own living orders."""
    if session.client_id is not None:
        core.error(session, NO_ID, 321, validation("startApi", "The API is already started"))
        return
    rejection = _rejection(core, message.clientId)
    if rejection is not None:
        core.error(session, NO_ID, 326, rejection)
        core.end(session, rejection)
        return
    session.client_id = message.clientId
    core.send(session, "managedAccounts", accountsList=",".join(core.world.login.managed))
    core.send(session, "nextValidId", orderId=core.order_ids.next_valid(message.clientId))
    for code, text in farm_states(core):
        core.error(session, NO_ID, code, text)
    for view in core.world.open_orders(message.clientId):
        send_open_order(core, session, view)


def _rejection(core: GatewayCore, client_id: int) -> str | None:
    if core.client(client_id) is not None:
        return "Unable to connect as the client id is already in use. Retry with a unique client id."
    if sum(1 for _ in core.started()) >= core.settings.max_clients:
        return f"Unable to connect as the maximum of {core.settings.max_clients} API clients is connected."
    return None


def farm_states(core: GatewayCore) -> list[tuple[int, str]]:
    """What the gateway says of each farm: 2104, 2106, 2158, or their broken counterparts."""
    states = [
        (2103, f"Market data farm connection is broken:{farm}")
        if farm in core.link.farms_down
        else (2104, f"Market data farm connection is OK:{farm}")
        for farm in FARMS
    ]
    is_down = HISTORY_FARM in core.link.farms_down
    broken, fine = "HMDS data farm connection is broken", "HMDS data farm connection is OK"
    states.append((2105, f"{broken}:{HISTORY_FARM}") if is_down else (2106, f"{fine}:{HISTORY_FARM}"))
    is_down = SECDEF_FARM in core.link.farms_down
    broken, fine = "Sec-def data farm connection is broken", "Sec-def data farm connection is OK"
    states.append((2157, f"{broken}:{SECDEF_FARM}") if is_down else (2158, f"{fine}:{SECDEF_FARM}"))
    if not core.link.is_up:
        states.append((1100, "Connectivity between IBKR and Trader Workstation has been lost."))
    return states


def req_ids(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "nextValidId", orderId=core.order_ids.next_valid(session.client_id or 0))


def managed_accounts(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "managedAccounts", accountsList=",".join(core.world.login.managed))


def current_time(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """The answer at once; where time waits for its clients, when it has taken its next step."""
    del message
    if core.pace is None:
        tell_time(core, session)
    else:
        core.pace.let_go_on(session)


def tell_time(core: GatewayCore, session: ClientSession) -> None:
    core.send(session, "currentTime", time=int(core.shown_time().timestamp()))


def current_time_in_millis(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "currentTimeInMillis", time=int(core.shown_time().timestamp() * 1000))


def no_settings(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    core.error(
        session, message.reqId, 321, validation(message.kind, "Not supported by the simulated gateway")
    )


def nothing_to_send(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Requests that IB takes without an answer."""
    del core, session, message


def user_info(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    core.send(session, "userInfo", reqId=message.reqId, whiteBrandingId="")


def display_groups(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    # Groups are windows of TWS; a gateway has none, and says so with an empty list.
    core.send(session, "displayGroupList", reqId=message.reqId, groups="")


def no_display_group(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    core.error(session, message.reqId, 321, validation(message.kind, "A gateway has no display groups"))


def no_verification(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(
        session, "verifyCompleted", isSuccessful=False, errorText="Not supported by the simulated gateway"
    )


HANDLERS: dict[str, Handler] = {
    "startApi": start_api,
    "reqIds": req_ids,
    "reqManagedAccts": managed_accounts,
    "reqCurrentTime": current_time,
    "reqCurrentTimeInMillis": current_time_in_millis,
    "reqConfig": no_settings,
    "updateConfig": no_settings,
    "setServerLogLevel": nothing_to_send,
    "reqNewsBulletins": nothing_to_send,
    "cancelNewsBulletins": nothing_to_send,
    "reqUserInfo": user_info,
    "queryDisplayGroups": display_groups,
    "subscribeToGroupEvents": no_display_group,
    "updateDisplayGroup": no_display_group,
    "unsubscribeFromGroupEvents": nothing_to_send,
    "verifyRequest": no_verification,
    "verifyMessage": no_verification,
    "verifyAndAuthRequest": no_verification,
    "verifyAndAuthMessage": no_verification,
}
