"""A plain copy of the settings, read by the process that trades: what it asks of them, without the library that judged them.

A copy answers to the same names as ``Settings``, sections included, and cannot be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.config.settings import Settings


class Secret:
    """As pydantic's SecretStr: its text is given to whoever asks for it by name, and shown nowhere."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret('**********')"


class PlainSection:
    """Values by name."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings cannot be changed: {name}")


class PlainSettings(PlainSection):
    """The whole of them, with what is worked out from the whole."""

    def __init__(self, values: dict[str, Any], secrets: tuple[str, ...], fingerprint: str) -> None:
        super().__init__(values)
        self.__dict__.update(_secrets=secrets, _fingerprint=fingerprint)

    def secrets(self) -> tuple[str, ...]:
        found: tuple[str, ...] = self.__dict__["_secrets"]
        return found

    def fingerprint(self) -> str:
        found: str = self.__dict__["_fingerprint"]
        return found


def plain_copy(settings: Settings) -> PlainSettings:
    return PlainSettings(_values(settings), settings.secrets(), settings.fingerprint())


def _values(model: Any) -> dict[str, Any]:
    worked_out = (name for name, made in vars(type(model)).items() if isinstance(made, property))
    return {name: _plain(getattr(model, name)) for name in (*type(model).model_fields, *worked_out)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value)
    if hasattr(type(value), "model_fields"):
        return PlainSection(_values(value))
    return Secret(value.get_secret_value()) if hasattr(value, "get_secret_value") else value
