"""Read the layers, merge them, validate, check; or say in one FixTheConfiguration everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from bot.config import layers
from bot.config.checks import contradictions
from bot.config.complaints import complain, complaint
from bot.config.fields import is_zone
from bot.config.settings import Settings
from bot.config.template import secret_keys, setting_keys
from bot.config.where import DEFAULT_DOTENV, DEFAULT_FILE
from bot.domain.errors import FixTheConfiguration
from bot.strategies.registry import faults


def load_settings(
    path: Path | None = None,
    variables: Mapping[str, str] | None = None,
    dotenv: Path = DEFAULT_DOTENV,
) -> Settings:
    """The settings in force. From weak to strong: defaults, the file, ``dotenv``, systemd's credentials, ``variables``.

    ``path`` None takes IBKR_BOT_CONFIG, else configs/settings.yaml, which may then be absent. ``variables`` None takes
    the environment. FixTheConfiguration holds one line for each thing that is wrong.
    """
    if wrong := tuple(faults()):
        raise FixTheConfiguration("\n".join(wrong))
    given = os.environ if variables is None else variables
    layer = _read(path, given, dotenv)
    known, secret = setting_keys(), secret_keys()
    try:
        settings = Settings(**layers.tree(layer))
    except ValidationError as error:
        raise FixTheConfiguration("\n".join(complain(error, layer, known, secret))) from None
    problems = contradictions(settings)
    if problems:
        raise FixTheConfiguration(
            "\n".join(complaint(key, layer, problem, hidden=key in secret) for key, problem in problems)
        )
    return settings.came_from({key: origin.where for key, origin in layer.items()})


def _read(path: Path | None, variables: Mapping[str, str], dotenv: Path) -> layers.Layer:
    known, secret = setting_keys(), secret_keys()
    with_files = known | {f"{key}_file" for key in secret}
    credentials = variables.get("CREDENTIALS_DIRECTORY")
    found = [
        _file(path, variables),
        layers.understood(layers.from_dotenv(dotenv, with_files), secret),
        layers.from_credentials(Path(credentials), secret) if credentials else {},
        layers.understood(layers.from_variables(_ours(variables), with_files, "environment"), secret),
    ]
    merged = layers.merge_layers(layers.read_secret_files(layer, secret) for layer in found)
    return {key: origin for key, origin in merged.items() if not (origin.value is None and _is_section(key))}


def plain_variables(dotenv: Path = DEFAULT_DOTENV) -> dict[str, str]:
    """What ``.env`` and the environment set, the environment last: for a run elsewhere, so no secret and no way to tell anyone.

    Raises FixTheConfiguration.
    """
    known, secret = setting_keys(), secret_keys()
    layers_ = (
        layers.from_dotenv(dotenv, known),
        layers.from_variables(_ours(os.environ), known, "environment"),
    )
    merged = layers.merge_layers(layers_)
    return {
        key.upper().replace(".", "__"): str(origin.value)
        for key, origin in merged.items()
        if may_travel(key, secret)
    }


def may_travel(key: str, secret: Collection[str]) -> bool:
    """Whether a key may be carried to another machine."""
    return key not in secret and key.removesuffix("_file") not in secret and not key.startswith("monitoring.")


def plain_file(path: Path) -> str:
    """A settings file's plain keys, as YAML. Raises FixTheConfiguration."""
    secret = secret_keys()
    kept = {key: origin for key, origin in layers.from_file(path).items() if may_travel(key, secret)}
    return yaml.safe_dump(layers.tree(kept), allow_unicode=True)


def _ours(variables: Mapping[str, str]) -> dict[str, str]:
    # TZ belongs to the system, which may write it in ways that name no zone (":/etc/localtime", "CET-1CEST").
    return {name: text for name, text in variables.items() if name != "TZ" or is_zone(text)}


def _is_section(key: str) -> bool:
    return any(name.startswith(f"{key}.") for name in setting_keys())


def _file(path: Path | None, variables: Mapping[str, str]) -> layers.Layer:
    chosen = path or (Path(variables["IBKR_BOT_CONFIG"]) if variables.get("IBKR_BOT_CONFIG") else None)
    if chosen is not None:
        return layers.from_file(chosen)
    return layers.from_file(DEFAULT_FILE) if DEFAULT_FILE.exists() else {}
