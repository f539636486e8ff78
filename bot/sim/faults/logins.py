"""The accounts of a scenario file, checked: ids, cash, kinds, currencies, and an advisor's groups.

accounts:
  - {id: DU1111111, equity: 50000}
  - {id: DU2222222, equity: 20000, type: cash, currency: EUR, fractional: false}
advisor: DF3333333                                    # the master account of an advisor
groups:
  Both: {method: Equal, accounts: [DU1111111, DU2222222]}
  Weighed: {method: Ratio, accounts: {DU1111111: 2, DU2222222: 1}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bot.domain.errors import FixTheConfiguration
from bot.domain.text import made_safe
from bot.sim.exchange.logins.login import AccountGroup, AccountTerms, AccountType, Allocation, Login
from bot.sim.market.catalog import PAIR_IDS

ID_FORM: Final = re.compile(r"[A-Z]{1,3}[0-9]{1,10}")
CURRENCIES: Final = frozenset({"USD", *(one for pair in PAIR_IDS if "USD" in pair for one in pair)})
_MOST_EQUITY: Final = Decimal(10**12)
_MOST_ACCOUNTS: Final = 100
_KNOWN: Final = frozenset({"id", "equity", "type", "currency", "fractional"})
DEFAULT_EQUITY: Final = Decimal(25_000)


def read_login(
    accounts: Sequence[Mapping[str, Any]], advisor: str, groups: Mapping[str, Any]
) -> Login | None:
    """The login a file describes, None where it names no account. Raises FixTheConfiguration."""
    if not accounts:
        if advisor or groups:
            raise FixTheConfiguration("advisor and groups need accounts: list them under accounts")
        return None
    if len(accounts) > _MOST_ACCOUNTS:
        raise FixTheConfiguration(f"accounts: at most {_MOST_ACCOUNTS} can be simulated")
    terms = tuple(_terms(number, one) for number, one in enumerate(accounts, start=1))
    return make_login(terms, advisor, tuple(_group(name, given) for name, given in groups.items()))


def make_login(
    terms: tuple[AccountTerms, ...], advisor: str = "", groups: tuple[AccountGroup, ...] = ()
) -> Login:
    """A login whose parts fit together. Raises FixTheConfiguration."""
    ids = [one.account_id for one in terms]
    if len({*ids, advisor}) < len(ids) + 1:
        raise FixTheConfiguration("accounts: an id is given twice")
    if advisor and not ID_FORM.fullmatch(advisor):
        raise FixTheConfiguration(
            f"advisor: {made_safe(repr(advisor), 40)} is no account id; write DF1234567"
        )
    if groups and not advisor:
        raise FixTheConfiguration("groups: only an advisor has groups; give advisor, for instance DF1234567")
    for group in groups:
        unknown = [key for key in group.weights if key not in ids]
        if unknown:
            raise FixTheConfiguration(f"group {group.name}: {unknown[0]} is not among the accounts")
    return Login(terms, advisor, groups)


def _terms(number: int, given: Mapping[str, Any]) -> AccountTerms:
    where = f"account {number}"
    if unknown := set(given) - _KNOWN:
        raise FixTheConfiguration(
            f"{where}: {made_safe(repr(unknown.pop()), 40)} is unknown; known are {', '.join(sorted(_KNOWN))}"
        )
    account_id = given.get("id")
    if not isinstance(account_id, str) or not ID_FORM.fullmatch(account_id):
        raise FixTheConfiguration(
            f"{where}: id is {made_safe(repr(account_id), 40)}; write an account id like DU1234567"
        )
    return AccountTerms(
        account_id,
        _amount(where, given.get("equity", DEFAULT_EQUITY)),
        account_type(where, given.get("type", "margin")),
        currency(where, given.get("currency", "USD")),
        _flag(where, "fractional", given.get("fractional", True)),
    )


def _flag(where: str, name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise FixTheConfiguration(
            f"{where}: {name} is {made_safe(repr(given), 40)}; it must be true or false"
        )
    return given


def account_type(where: str, given: Any) -> AccountType:
    """The kind of account that a scenario or an option names. Raises FixTheConfiguration naming ``where``."""
    try:
        return AccountType(given)
    except ValueError:
        known = ", ".join(AccountType)
        raise FixTheConfiguration(
            f"{where}: the account type is {made_safe(repr(given), 40)}; it must be one of {known}"
        ) from None


def currency(where: str, given: Any) -> str:
    """A currency of which rates are known. Raises FixTheConfiguration naming ``where``."""
    if given not in CURRENCIES:
        raise FixTheConfiguration(
            f"{where}: the currency is {made_safe(repr(given), 40)}; it must be one of {', '.join(sorted(CURRENCIES))}"
        )
    return str(given)


def _amount(where: str, given: Any) -> Decimal:
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(given, bool) or not amount.is_finite() or not 0 < amount <= _MOST_EQUITY:
        raise FixTheConfiguration(
            f"{where}: equity is {made_safe(repr(given), 40)}; it must be an amount above 0"
        )
    return amount


def _group(name: str, given: Any) -> AccountGroup:
    where = f"group {made_safe(name, 40)}"
    if not isinstance(given, dict) or not set(given) <= {"method", "accounts"}:
        raise FixTheConfiguration(f"{where}: write {{method: Equal, accounts: [DU1234567]}}")
    try:
        method = Allocation(given.get("method", "Equal"))
    except ValueError:
        known = ", ".join(Allocation)
        raise FixTheConfiguration(f"{where}: method must be one of {known}") from None
    return AccountGroup(str(name), method, _weights(where, given.get("accounts")))


def _weights(where: str, members: Any) -> dict[str, Decimal]:
    if isinstance(members, list) and members:
        return {str(one): Decimal(1) for one in members}
    if isinstance(members, dict) and members:
        return {str(one): _amount(where, weight) for one, weight in members.items()}
    raise FixTheConfiguration(f"{where}: accounts must list at least one account")
