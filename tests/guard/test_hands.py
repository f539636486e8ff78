"""What a person types, the files behind it, and the alert channel."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bot.guard.files
from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.guard.alerts import Alerts, apprise_channels
from bot.guard.clearing import Stop
from bot.guard.cli import app
from bot.guard.core.effects import Tell
from bot.guard.files import Files
from bot.guard.limits_file import read_limits
from bot.guard.proxy import wall_clock
from tests.guard.rig import ROOT
from tests.monitoring.receivers import Receivers

EXAMPLE = ROOT / "configs/guard.yaml"


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("quantity: 20", "quantity: 0", "order.quantity"),
        ("round_trips: 40", "round_trip: 40", "round_trip"),
        ("  trade: [1]", "  trade: [990]", "an id is named twice"),
        ("accounts: [DU1234567]", "accounts: []", "accounts"),
        ("currency: USD", "currency: [", "not YAML"),
        ("percent: 25", "percent: much", "collar.percent"),
        ("percent: 25", "percent: .nan", "collar.percent"),
        ("quantity: 20", "quantity: true", "order.quantity: true is neither"),
        ("round_trips: 40", "round_trips: 40\nround_trips: 400", "round_trips is written twice"),
        ("quantity: 20", "quantity: 20, quantity: 200", "quantity is written twice"),
        ("[DU1234567]", '[""]', "accounts.0"),
        ("[DU1234567]", "[DU1234567, ' DU7654321']", "accounts.1"),
        ("[SPY, QQQ", "[spy, QQQ", "underlyings.0"),
        ("[SPY, QQQ", "[SPY, NO", "underlyings.1"),
        ("currency: USD", "currency: ''", "currency"),
        ("order_fields: []", "order_fields: [outsideRht]", "no order has a field 'outsideRht'"),
        ('proved_by: "12:00"', "proved_by: 12:00", "sunday.proved_by: Value error, between 01:30"),
        ("trade: [1]", "trade: [1.5]", "clients.trade.0"),
        ("accounts:", "- accounts:", "not YAML"),
    ],
)
def test_a_wrong_file_of_limits_is_named_with_its_key(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with pytest.raises(FixTheConfiguration, match=r"limits\.yaml") as caught:
        read_limits(path)
    assert complaint in str(caught.value)


def test_a_missing_file_of_limits_is_a_configuration_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--limits", str(tmp_path / "none.yaml")])
    assert isinstance(result.exception, FixTheConfiguration)
    assert result.exception.exit_code == 78


@pytest.mark.parametrize("make", [lambda path: path.write_text("round_trips: many\n"), Path.mkdir])
def test_limits_that_the_guard_cannot_take_end_its_start_and_are_told(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path, urls = tmp_path / "limits.yaml", tmp_path / "urls"
    make(path)
    with Receivers() as phone:
        urls.write_text(phone.url.replace("http:", "json:") + "/phone\n")
        result = CliRunner().invoke(app, ["run", "--limits", str(path), "--alert-urls", str(urls)])
        letters = phone.wait_for(bool)
    assert isinstance(result.exception, FixTheConfiguration)
    assert "nothing passes" in letters[0].text
    assert "limits.yaml: " in letters[0].text


def test_check_shows_the_limits_as_json() -> None:
    result = CliRunner().invoke(app, ["check", "--limits", str(EXAMPLE), "--json"])
    assert json.loads(result.stdout)["clients"] == {"trade": [1], "watch": [990, 991], "guard": 999}


def test_a_stop_is_on_disk_even_when_no_guard_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.guard.cli._TAKEN_WITHIN_S", 0.0)
    result = CliRunner().invoke(
        app, ["stop", "odd\norders\x1b[2J", "--by", "Ana", "--state", str(tmp_path), "--json"]
    )
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"stopped": True, "taken": False})
    assert str(Files(tmp_path).stop(wall_clock())) == "stopped: odd orders [2J (Ana)"
    shown = CliRunner().invoke(app, ["status", "--state", str(tmp_path), "--json"])
    assert (shown.exit_code, json.loads(shown.stdout)["stopped"]["by"]) == (1, "Ana")
    CliRunner().invoke(app, ["resume", "--reason", "well", "--by", "Ana", "--state", str(tmp_path)])
    assert Files(tmp_path).stop(wall_clock()) is None


def test_a_stop_finds_room_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has room for what lies there and for nothing else."""
    whole, files = bot.guard.files._write, Files(tmp_path)
    files.keep({}, {"seen_s": 0})

    def write(path: Path, text: str, *, sync: bool = False) -> None:
        if len(list(tmp_path.iterdir())) >= 2:
            raise FixTheMachine(f"{path}: cannot be written (No space left on device)")
        whole(path, text, sync=sync)

    monkeypatch.setattr(bot.guard.files, "_write", write)
    files.latch(Stop("odd orders", "Ana", wall_clock()))
    assert str(files.stop(wall_clock())) == "stopped: odd orders (Ana)"


def test_a_latch_or_counts_that_cannot_be_read_are_a_stop(tmp_path: Path) -> None:
    files = Files(tmp_path)
    (tmp_path / "counts.json").write_text("{")
    assert files.counts(wall_clock()).messages == 0
    assert "counts of the day" in str(files.stop(wall_clock()))
    (tmp_path / "stop.json").write_text("[]")
    assert "cannot be read" in str(files.stop(wall_clock()))


def test_the_same_is_told_once_a_minute_and_what_is_urgent_always() -> None:
    told: list[tuple[str, str, bool]] = []
    now = [0.0]

    def send(title: str, text: str, is_urgent: bool) -> bool:
        told.append((title, text, is_urgent))
        return True

    alerts = Alerts([send], lambda: now[0])
    for _ in range(3):
        alerts.tell(Tell("refused size", "too large"))
    alerts.tell(Tell("stop", "stopped", is_urgent=True))
    now[0] = 61.0
    alerts.tell(Tell("refused size", "too large"))
    alerts.stop()
    assert told == [
        ("ibkr-guard: refused size", "too large", False),
        ("ibkr-guard: stop", "stopped", True),
        ("ibkr-guard: refused size", "too large (and 2 more like it)", False),
    ]


def test_one_address_that_hangs_delays_no_other_and_no_alert_of_many_takes_five_seconds() -> None:
    hangs, told, all_told = threading.Event(), list[str](), threading.Event()

    def silent(*_: object) -> bool:
        return hangs.wait(60)

    def quick(title: str, *_: object) -> bool:
        told.append(title)
        if len(told) == 50:
            all_told.set()
        return True

    alerts = Alerts([silent, quick])
    for number in range(50):
        alerts.tell(Tell(f"refused {number}", "…", is_urgent=number % 2 == 0))
    assert all_told.wait(60)
    hangs.set()
    alerts.stop()
    assert alerts.figures()["alerts_lost"] == 0
    assert alerts._workers[1].slowest_s <= 5


def test_what_is_urgent_is_tried_again_and_what_is_not_is_counted_as_lost() -> None:
    answers = iter([False, True, False])
    alerts = Alerts([lambda *_: next(answers)], again_s=[0.0, 0.0])
    alerts.tell(Tell("stop", "stopped", is_urgent=True))
    alerts.tell(Tell("refused size", "too large"))
    alerts.stop()
    found = alerts.figures()
    assert (found["alerts_accepted"], found["alerts_lost"]) == (1, 1)


def test_a_wrong_alert_address_is_refused_without_being_shown(tmp_path: Path) -> None:
    path = tmp_path / "urls"
    path.write_text("# mine\nnothing-such://secret-token\n")
    with pytest.raises(FixTheConfiguration) as caught:
        apprise_channels(path)
    assert "secret" not in str(caught.value)


def test_metrics_are_written_for_the_node_exporter(tmp_path: Path) -> None:
    files = Files(tmp_path, tmp_path / "guard.prom")
    files.keep({}, {"stopped": None, "blind": "", "refused": 3, "silent": [1], "seen_s": 5.0})
    assert "ibkr_guard_refused_today 3\n" in (tmp_path / "guard.prom").read_text()
