"""What a person at the control socket may do: look, halt, resume, flatten, loosen a limit. Every act names who did it and why.

An act is acknowledged only after it is on disk and every machine has received it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.domain import messages as m
from bot.domain.errors import FixTheCommand
from bot.domain.limits.messages import LoosenLimit
from bot.domain.text import made_safe
from bot.domain.types import TradingState
from bot.ops.status.status import SentOrder, Status


def as_json(value: object) -> Any:
    """Any status value as JSON has it: money as text, times as ISO-8601 UTC, mappings with text keys."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {
            ":".join(map(str, k)) if isinstance(k, tuple) else str(k): as_json(v) for k, v in value.items()
        }
    if isinstance(value, tuple | list):
        return [as_json(one) for one in value]
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


class Operator:
    """Answers requests of the control socket. ``settle`` returns when all that was emitted has been handled."""

    def __init__(
        self,
        status: Callable[[], Status],
        emit: Callable[[m.Message], None],
        settle: Callable[[], None],
        now: Callable[[], datetime],
        beside: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """``beside`` is what `status` tells of the process itself, beside the line's own Status."""
        self._beside = beside
        self._status = status
        self._emit = emit
        self._settle = settle
        self._now = now
        self._acts: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "status": self._show_status,
            "halt": self._halt,
            "resume": self._resume,
            "flatten": self._flatten,
            "loosen": self._loosen,
        }

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do one request and say what came of it. Raises FixTheCommand for one that cannot be done."""
        word = made_safe(request.get("do"), 40)
        act = self._acts["halt"] if word.lower() == "halt" else self._acts.get(word)
        if act is None:
            raise FixTheCommand(f"unknown request {word!r}; known: {', '.join(self._acts)}")
        return act(request)

    def halt(self, reason: str, by: str) -> Status:
        self._emit(m.HaltTrading(self._now(), reason, by))
        self._settle()
        return self._status()

    def _show_status(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        status = self._status()
        shown = as_json(status)
        for one, bracket in zip(shown["open_brackets"], status.open_brackets, strict=True):
            one |= {name: as_json(getattr(bracket, name)) for name in ("entry_price", "cost", "unrealized")}
        shown |= {**as_json(status.pnl), "day_pnl": as_json(status.pnl.net)}
        shown["working_orders"] = [_order(ref, text, status) for ref, text in status.live_orders.items()]
        shown |= self._beside()
        return {"status": shown}

    def _halt(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        reason, by = _words(request)
        status = self.halt(reason or "a halt was requested without a reason", by or "unknown")
        if status.trading_state is not TradingState.HALTED:
            raise FixTheCommand(
                f"the halt was received, but the trading state is still {status.trading_state}; see the log"
            )
        return {"state": status.trading_state, "causes": list(status.causes)}

    def _resume(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._emit(m.ResumeTrading(self._now(), *_signed(request)))
        self._settle()
        status = self._status()
        return {"state": status.trading_state, "causes": list(status.causes)}

    def _loosen(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        limit, (value, until) = made_safe(request.get("limit"), 60), _bounds(request)
        self._emit(LoosenLimit(self._now(), limit, value, until, *_signed(request)))
        self._settle()
        status = self._status()
        for row in status.limits.loosened if status.limits else ():
            if (row.limit, row.now, row.until) == (limit, value, until):
                return {"loosened": as_json(row)}
        raise FixTheCommand(status.loosening_refused or f"{limit} was not loosened; see the log")

    def _flatten(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        account = self._status().account
        if request.get("account") != account:
            raise FixTheCommand(f"the account connected is {account!r}; confirm with exactly that")
        self._emit(m.FlattenAll(self._now(), *_signed(request)))
        self._settle()
        held = [bracket.label for bracket in self._status().open_brackets if bracket.quantity]
        return {"closing": held, "state": self._status().trading_state}


def _order(ref: str, standing: str, status: Status) -> dict[str, Any]:
    """A working order with what was sent; what is not known of it (it was taken over) is None or empty."""
    leg = ref.rpartition("/")[2]
    sent = status.sent_orders.get(ref)
    if sent is None:
        held = next((x.label for x in status.open_brackets if ref.startswith(f"{x.idea_id}/")), "")
        sent = SentOrder(held, "", "", 0, None)
    shown: dict[str, Any] = {"ref": ref, "leg": leg, "status": standing} | as_json(sent)
    return shown | {"quantity": sent.quantity or None}


def _bounds(request: Mapping[str, Any]) -> tuple[Decimal, datetime]:
    try:
        value, until = Decimal(str(request.get("value"))), datetime.fromisoformat(str(request.get("until")))
    except (ArithmeticError, ValueError):
        raise FixTheCommand("value is a number, until a moment with its zone (ISO 8601)") from None
    if until.tzinfo is None:
        raise FixTheCommand("until needs its zone")
    return value, until


def _words(request: Mapping[str, Any]) -> tuple[str, str]:
    """Reason and name, made safe; empty where there is none."""
    return made_safe(request.get("reason") or ""), made_safe(request.get("by") or "")


def _signed(request: Mapping[str, Any]) -> tuple[str, str]:
    reason, by = _words(request)
    if not reason or not by:
        raise FixTheCommand("a reason and a name are needed")
    return reason, by
