"""All settings as one frozen value.

Rule: only composition roots see Settings; every part gets its own few numbers in its own terms, from ``hand_down``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, PrivateAttr, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.config.fields import Lower, SymbolNames, Zone, doc
from bot.config.house_sections import (
    BrokerSection,
    JournalSection,
    MarketDataSection,
    MonitoringSection,
    ScheduleSection,
)
from bot.config.research_sections import DataSection
from bot.config.strategy_sections import StrategiesSection
from bot.config.trading_sections import (
    EmbargoesSection,
    ExecutionSection,
    OptionsSection,
    RiskSection,
    SessionSection,
)
from bot.strategies.registry import NAMES, STRATEGIES

AUTO = "auto"
COMMAND_LINE = "command line"


def _confirming() -> str:
    return " and ".join(spec.name for spec in STRATEGIES if spec.confirms) or "none"


class Settings(BaseSettings):
    """Every setting of the bot. Made by ``load_settings``, which also says where each value came from."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    _provenance: dict[str, str] = PrivateAttr(default_factory=dict)

    symbols: SymbolNames = doc(
        ("SPY",), 'What to trade: underlyings with options, as [SPY, QQQ] or "SPY,QQQ".'
    )
    mode: Annotated[Literal["growth", "hybrid"], Lower] = doc(
        "growth",
        f"growth: {' and '.join(NAMES)} all trade; hybrid: {_confirming()} only confirms, and what it confirms trades "
        "at half size unless it agrees.",
    )
    dry_run: bool = doc(
        True,
        "true: live data, simulated fills, no order ever leaves; auto: true unless broker.trading is simulated.",
        template=AUTO,
    )
    timezone: Zone = doc(
        "America/New_York", "The zone of this machine and its gateway (TZ). Sessions are always New York's."
    )
    broker: BrokerSection = BrokerSection()
    schedule: ScheduleSection = ScheduleSection()
    risk: RiskSection = RiskSection()
    options: OptionsSection = OptionsSection()
    strategies: StrategiesSection = StrategiesSection()  # type: ignore[valid-type]  # made from the SPECs
    session: SessionSection = SessionSection()
    embargo: EmbargoesSection = EmbargoesSection()
    execution: ExecutionSection = ExecutionSection()
    market_data: MarketDataSection = MarketDataSection()
    journal: JournalSection = JournalSection()
    monitoring: MonitoringSection = MonitoringSection()
    data: DataSection = DataSection()

    @model_validator(mode="before")
    @classmethod
    def _decide_dry_run(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or str(data.get("dry_run", AUTO)).lower() != AUTO:
            return data
        broker = data.get("broker", {})
        trading = broker.get("trading", "simulated") if isinstance(broker, Mapping) else broker.trading
        return {**data, "dry_run": str(trading).lower() != "simulated"}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The layers are merged before, where the origin of each value is still known.
        return (init_settings,)

    def provenance(self) -> dict[str, str]:
        """For each key, as ``risk.max_daily_loss_pct``, where its value came from."""
        return {key: self._provenance.get(key, "default") for key, _ in walk(self)}

    def came_from(self, origins: Mapping[str, str]) -> Settings:
        """Note where the keys' values came from; keys not named are defaults."""
        self._provenance = dict(origins)
        return self

    def secrets(self) -> tuple[str, ...]:
        """Every configured secret's text, for redaction."""
        return tuple(text for _, value in walk(self) for text in _secret_texts(value))

    def fingerprint(self) -> str:
        """Twelve letters that change with any of them."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def with_state(self, directory: Path) -> Settings:
        """The same settings with everything on disk in this directory."""
        journal = self.journal.model_copy(
            update={"directory": directory, "log_directory": directory / "logs"}
        )
        return self._changed("journal", journal, "journal.directory", "journal.log_directory")

    def with_gateway(self, host: str, port: int) -> Settings:
        """The same settings with another gateway."""
        broker = self.broker.model_copy(update={"host": host, "port": port})
        return self._changed("broker", broker, "broker.host", "broker.port")

    def _changed(self, name: str, section: BaseModel, *keys: str) -> Settings:
        changed = self.model_copy(update={name: section})
        return changed.came_from(self._provenance | dict.fromkeys(keys, COMMAND_LINE))


def walk(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting as (dotted key, value), sections opened up."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from walk(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _secret_texts(value: Any) -> Iterator[str]:
    values = value if isinstance(value, tuple) else (value,)
    return (x.get_secret_value() for x in values if isinstance(x, SecretStr) and x.get_secret_value())
