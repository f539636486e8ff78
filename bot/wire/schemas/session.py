"""Session messages: start, ids, accounts, errors, clock, log level, verification, display groups, user info.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Body
from bot.wire.fields import BOOL, INT, INT0, LONG, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Field, Gate, Tail, Version
from bot.wire.parts import REQ_ID

__all__ = ["KINDS"]

KINDS: tuple[MessageKind, ...] = (
    request(
        71,
        "startApi",
        Version(2),
        Field("clientId", INT),
        Tail(Field("optCapab", STR, "")),
        body=Body(213, "clientId optCapab"),
    ),
    request(8, "reqIds", Version(1), Field("numIds", INT0, 1), body=Body(213, "numIds")),
    request(17, "reqManagedAccts", Version(1), body=Body(207)),
    request(49, "reqCurrentTime", Version(1), body=Body(213)),
    request(105, "reqCurrentTimeInMillis", since=197, body=Body(213)),
    # The settings of a gateway, read and changed: only their request ids are looked at here.
    request(108, "reqConfig", REQ_ID, since=219, body=Body(219, "reqId")),
    request(109, "updateConfig", REQ_ID, since=221, body=Body(221, "reqId")),
    request(14, "setServerLogLevel", Version(1), Field("logLevel", INT0), body=Body(213, "logLevel")),
    request(
        65,
        "verifyRequest",
        Version(1),
        Field("apiName", STR),
        Field("apiVersion", STR),
        body=Body(213, "apiName apiVersion"),
    ),
    request(66, "verifyMessage", Version(1), Field("apiData", STR), body=Body(213, "apiData")),
    request(
        72,
        "verifyAndAuthRequest",
        Version(1),
        Field("apiName", STR),
        Field("apiVersion", STR),
        Field("opaqueIsvKey", STR),
    ),
    request(73, "verifyAndAuthMessage", Version(1), Field("apiData", STR), Field("xyzResponse", STR)),
    request(67, "queryDisplayGroups", Version(1), REQ_ID, body=Body(213, "reqId")),
    request(
        68,
        "subscribeToGroupEvents",
        Version(1),
        REQ_ID,
        Field("groupId", INT0),
        body=Body(213, "reqId groupId"),
    ),
    request(
        69,
        "updateDisplayGroup",
        Version(1),
        REQ_ID,
        Field("contractInfo", STR),
        body=Body(213, "reqId contractInfo"),
    ),
    request(70, "unsubscribeFromGroupEvents", Version(1), REQ_ID, body=Body(213, "reqId")),
    request(104, "reqUserInfo", REQ_ID, body=Body(212, "reqId")),
    request(12, "reqNewsBulletins", Version(1), Field("allMsgs", BOOL), body=Body(209, "allMsgs")),
    request(13, "cancelNewsBulletins", Version(1), body=Body(209)),
    answer(15, "managedAccounts", Version(1), Field("accountsList", STR), body=Body(207, "accountsList")),
    answer(9, "nextValidId", Version(1), Field("orderId", INT), body=Body(213, "orderId")),
    answer(
        4,
        "error",
        Gate(Version(2), until=193),
        Field("reqId", INT, -1),
        Field("errorCode", INT),
        Field("errorString", STR),
        Field("advancedOrderRejectJson", STR, "", since=166),
        Field("errorTime", LONG, 0, since=194),
        body=Body(203, "reqId errorTime errorCode errorString advancedOrderRejectJson"),
    ),
    answer(49, "currentTime", Version(1), Field("time", LONG), body=Body(213, "time")),
    answer(109, "currentTimeInMillis", Field("time", LONG), since=197, body=Body(213, "time")),
    answer(65, "verifyMessageAPI", Version(1), Field("apiData", STR), body=Body(213, "apiData")),
    answer(
        66,
        "verifyCompleted",
        Version(1),
        Field("isSuccessful", BOOL),
        Field("errorText", STR),
        body=Body(213, "isSuccessful errorText"),
    ),
    answer(69, "verifyAndAuthMessageAPI", Version(1), Field("apiData", STR), Field("xyzChallenge", STR)),
    answer(70, "verifyAndAuthCompleted", Version(1), Field("isSuccessful", BOOL), Field("errorText", STR)),
    answer(67, "displayGroupList", Version(1), REQ_ID, Field("groups", STR), body=Body(213, "reqId groups")),
    answer(
        68,
        "displayGroupUpdated",
        Version(1),
        REQ_ID,
        Field("contractInfo", STR),
        body=Body(213, "reqId contractInfo"),
    ),
    answer(107, "userInfo", REQ_ID, Field("whiteBrandingId", STR), body=Body(212, "reqId whiteBrandingId")),
    answer(
        14,
        "updateNewsBulletin",
        Version(1),
        Field("msgId", INT0),
        Field("msgType", INT0),
        Field("message", STR),
        Field("origExchange", STR, ""),
        body=Body(209, "msgId msgType message origExchange"),
    ),
    answer(103, "replaceFAEnd", REQ_ID, Field("text", STR), since=157, body=Body(211, "reqId text")),
)
