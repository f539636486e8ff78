"""An advisor's groups as IB's XML: requestFA and replaceFA. Whoever is no advisor is refused with 321.

Source of the form: IB, "Financial Advisor Methods and Profiles" (``ListOfGroups``); profiles ended with server version 177.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, unescape

from bot.domain.text import made_safe
from bot.sim.exchange.logins.accounts import METHODS
from bot.sim.exchange.logins.login import AccountGroup, Allocation
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.messages.contract_lookup import validation

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

_GROUPS, _PROFILES, _ALIASES = 1, 2, 3
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_GROUP: Final = re.compile(r"<Group>(.*?)</Group>", re.DOTALL)
_NAME: Final = re.compile(r"<name>([^<]{1,60})</name>")
_METHOD: Final = re.compile(r"<defaultMethod>([^<]{1,40})</defaultMethod>")
_MEMBER: Final = re.compile(
    r"<String>([^<]{1,20})</String>|<acct>([^<]{1,20})</acct>(?:\s*<amount>(\d{1,9}(?:\.\d{1,9})?)</amount>)?"
)
_END_SINCE: Final = 157
"""replaceFAEnd (ib_insync, IB's clients)."""


def request_fa(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if not _is_advisor(core, session, message, NO_ID):
        return
    if message.faDataType == _GROUPS:
        xml = f"{_HEAD}\n<ListOfGroups>{''.join(map(_group_xml, core.world.accounts.groups.values()))}</ListOfGroups>"
    elif message.faDataType == _ALIASES:
        xml = f"{_HEAD}\n<ListOfAccountAliases>{''.join(_aliases(core))}</ListOfAccountAliases>"
    elif message.faDataType == _PROFILES:
        xml = f"{_HEAD}\n<ListOfAllocationProfiles></ListOfAllocationProfiles>"
    else:
        cause = f"FA data type {message.faDataType} is unknown"
        core.error(session, NO_ID, 321, validation(message.kind, cause))
        return
    core.send(session, "receiveFA", faDataType=message.faDataType, xml=xml)


def _group_xml(group: AccountGroup) -> str:
    members = "".join(f"<String>{escape(key)}</String>" for key in group.weights)
    name, method = escape(group.name), group.method
    listed = f'<ListOfAccts varName="list">{members}</ListOfAccts>'
    return f"<Group><name>{name}</name>{listed}<defaultMethod>{method}</defaultMethod></Group>"


def _aliases(core: GatewayCore) -> Iterator[str]:
    for name in core.world.login.managed:
        yield f"<AccountAlias><account>{name}</account><alias>{name}</alias></AccountAlias>"


def replace_fa(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    req_id = message.get("reqId", NO_ID)
    if not _is_advisor(core, session, message, req_id):
        return
    if message.faDataType != _GROUPS:
        core.error(session, req_id, 321, validation(message.kind, "only groups can be replaced"))
        return
    try:
        groups = [_read_group(core, text) for text in _GROUP.findall(message.xml)]
    except ValueError as error:
        core.error(session, req_id, 321, validation(message.kind, str(error)))
        return
    core.world.accounts.groups = {group.name: group for group in groups}
    if session.version >= _END_SINCE:
        core.send(session, "replaceFAEnd", reqId=req_id, text="")


def _read_group(core: GatewayCore, text: str) -> AccountGroup:
    name, method = _NAME.search(text), _METHOD.search(text)
    members = {a or b: Decimal(amount or 1) for a, b, amount in _MEMBER.findall(text)}
    unknown = [key for key in members if not core.world.accounts.may_trade_in(key)]
    if name is None or not members or unknown:
        raise ValueError(
            f"Invalid group: {made_safe(unknown[0], 20) if unknown else 'no name or no accounts'}"
        )
    named = METHODS.get(method[1] if method is not None else "Equal")
    if named is None:
        raise ValueError("Invalid allocation method")
    is_weighed = any(weight != 1 for weight in members.values())
    return AccountGroup(unescape(name[1]), Allocation.RATIO if is_weighed else named, members)


def _is_advisor(core: GatewayCore, session: ClientSession, message: WireMessage, req_id: int) -> bool:
    if core.world.accounts.advisor:
        return True
    text = validation(message.kind, "FA data operations ignored for non FA customers.")
    core.error(session, req_id, 321, text)
    return False


HANDLERS: dict[str, Handler] = {"requestFA": request_fa, "replaceFA": replace_fa}
