"""Session messages: start, ids, accounts, errors, clock, log level, verification, display groups, user info.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.fields import BOOL, INT, INT0, LONG, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Field, Tail, Version
from bot.wire.parts import REQ_ID

__all__ = ["KINDS"]

KINDS: tuple[MessageKind, ...] = (
    request(71, "startApi", Version(2), Field("clientId", INT), Tail(Field("optCapab", STR, ""))),
    request(8, "reqIds", Version(1), Field("numIds", INT0, 1)),
    request(17, "reqManagedAccts", Version(1)),
    request(49, "reqCurrentTime", Version(1)),
    request(14, "setServerLogLevel", Version(1), Field("logLevel", INT0)),
    request(65, "verifyRequest", Version(1), Field("apiName", STR), Field("apiVersion", STR)),
    request(66, "verifyMessage", Version(1), Field("apiData", STR)),
    request(
        72,
        "verifyAndAuthRequest",
        Version(1),
        Field("apiName", STR),
        Field("apiVersion", STR),
        Field("opaqueIsvKey", STR),
    ),
    request(73, "verifyAndAuthMessage", Version(1), Field("apiData", STR), Field("xyzResponse", STR)),
    request(67, "queryDisplayGroups", Version(1), REQ_ID),
    request(68, "subscribeToGroupEvents", Version(1), REQ_ID, Field("groupId", INT0)),
    request(69, "updateDisplayGroup", Version(1), REQ_ID, Field("contractInfo", STR)),
    request(70, "unsubscribeFromGroupEvents", Version(1), REQ_ID),
    request(104, "reqUserInfo", REQ_ID),
    request(12, "reqNewsBulletins", Version(1), Field("allMsgs", BOOL)),
    request(13, "cancelNewsBulletins", Version(1)),
    answer(15, "managedAccounts", Version(1), Field("accountsList", STR)),
    answer(9, "nextValidId", Version(1), Field("orderId", INT)),
    answer(
        4,
        "error",
        Version(2),
        Field("reqId", INT, -1),
        Field("errorCode", INT),
        Field("errorString", STR),
        Field("advancedOrderRejectJson", STR, "", since=166),
    ),
    answer(49, "currentTime", Version(1), Field("time", LONG)),
    answer(65, "verifyMessageAPI", Version(1), Field("apiData", STR)),
    answer(66, "verifyCompleted", Version(1), Field("isSuccessful", BOOL), Field("errorText", STR)),
    answer(69, "verifyAndAuthMessageAPI", Version(1), Field("apiData", STR), Field("xyzChallenge", STR)),
    answer(70, "verifyAndAuthCompleted", Version(1), Field("isSuccessful", BOOL), Field("errorText", STR)),
    answer(67, "displayGroupList", Version(1), REQ_ID, Field("groups", STR)),
    answer(68, "displayGroupUpdated", Version(1), REQ_ID, Field("contractInfo", STR)),
    answer(107, "userInfo", REQ_ID, Field("whiteBrandingId", STR)),
    answer(
        14,
        "updateNewsBulletin",
        Version(1),
        Field("msgId", INT0),
        Field("msgType", INT0),
        Field("message", STR),
        Field("origExchange", STR, ""),
    ),
    answer(103, "replaceFAEnd", REQ_ID, Field("text", STR), since=157),
)
