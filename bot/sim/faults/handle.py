"""Calling the fault commands: checked against their signatures, by name or as methods.

Rule: a mistake in a scenario or at the admin port is said in one line that names the command and the argument.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from bot.domain.errors import FixTheConfiguration
from bot.sim.faults.commands import COMMANDS, SETTINGS_OF
from bot.sim.faults.values import changed, check_fields, check_value
from bot.sim.gateway.core import GatewayCore

_READERS: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "None": (type(None),),
    "dict[str, Any]": (dict,),
}


class Ask(Protocol):
    """Runs a question in the gateway's thread and returns its answer."""

    def __call__(self, question: Callable[[GatewayCore], Any], /) -> Any: ...


def bind(name: str, arguments: Mapping[str, Any]) -> Callable[[GatewayCore], Any]:
    """The command as a function of the gateway alone. Errors: FixTheConfiguration."""
    command = COMMANDS.get(name)
    if command is None:
        raise FixTheConfiguration(f"there is no fault {name!r}; known are {', '.join(sorted(COMMANDS))}")
    signature = inspect.signature(command)
    try:
        bound = signature.bind(None, **arguments)
    except TypeError as error:
        raise FixTheConfiguration(f"fault {name}: {error}; it takes {_described(signature)}") from None
    for key, value in bound.arguments.items():
        parameter = signature.parameters[key]
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and key != "core":
            _check(name, key, value, str(parameter.annotation))
            check_value(name, key, value)
    if name == "message":
        given = bound.arguments
        check_fields(given["kind"], given["effect"], given.get("fields") or {})
    if name == "split" and bound.arguments["new"] == bound.arguments["old"]:
        raise FixTheConfiguration("fault split: new and old must not be the same")
    if name in SETTINGS_OF:
        changed(SETTINGS_OF[name](), arguments, name)
    return partial(_call, command, dict(arguments))


def _call(command: Callable[..., Any], arguments: dict[str, Any], core: GatewayCore) -> Any:
    return command(core, **arguments)


def _check(name: str, key: str, value: Any, annotation: str) -> None:
    allowed = tuple(kind for word in annotation.split(" | ") for kind in _READERS[word])
    is_wrong_bool = isinstance(value, bool) and bool not in allowed
    if not isinstance(value, allowed) or is_wrong_bool:
        raise FixTheConfiguration(f"fault {name}: {key} must be {annotation}, not {value!r}")


def _described(signature: inspect.Signature) -> str:
    return ", ".join(str(parameter) for key, parameter in signature.parameters.items() if key != "core")


class FaultHandle:
    """``handle.outage(seconds=60, then=1101)``: every command of COMMANDS as a method, safe from any thread."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        command = COMMANDS.get(name)
        if command is None:
            raise AttributeError(f"there is no fault {name!r}; known are {', '.join(sorted(COMMANDS))}")
        return partial(self._call, name)

    def _call(self, command: str, /, *positional: Any, **named: Any) -> Any:
        signature = inspect.signature(COMMANDS[command])
        names = [key for key in signature.parameters if key != "core"]
        return self._ask(bind(command, {**dict(zip(names, positional, strict=False)), **named}))
