"""Every query of every panel, alert and annotation on a real Prometheus that scrapes the real bot through a simulated day.

The day runs once for the whole module; then the questions are asked of what Prometheus kept of it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from time import time
from typing import Any

import pytest
import yaml

from tests.monitoring.alertmanager_files import MESSAGES, readable, rendered
from tests.monitoring.dashboard_files import expressions, panels
from tests.monitoring.processes import free_port, get, running
from tests.monitoring.receivers import Receivers
from tests.monitoring.rule_files import PROMETHEUS, RULES, alerts, rules

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("the monitored day"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        which("prometheus") is None or which("prometheus-alertmanager") is None,
        reason="Prometheus is not installed: apt install prometheus prometheus-alertmanager",
    ),
]
HOST = "here"
NODE_EXPORTER = which("prometheus-node-exporter")
MAY_BE_EMPTY = {
    "25/A": "nothing fires on a good day",
    "8/B": "the day begins with the market open",
    "14/A": "no order and no request was refused",
    "20/C": "no channel is set",
    "annotation halt": "nothing halted",
    "annotation start": "one start only, and it comes before the first scrape",
}
NEEDS_HARDWARE = {"1/A", "1/B", "5/A", "8/A"}
"""Thermal zones, sensors, systemd, disks: a container has none."""
NEEDS_DAYS = {"9/A", "9/B"}
"""A simulated day is over within minutes of the wall's clock."""
MAY_FIRE = {"Watchdog"}
OTHERS = """\
ibkr_comparison_differences{command="replay"} 0
ibkr_comparison_due_timestamp_seconds{command="replay"} 9e9
pi_throttled_state{reason="under_voltage"} 0
ibgateway_up 1
ibgateway_login_pending 0
ibgateway_wrong_account 0
appliance_storage_errors_total 0
node_systemd_service_restart_total{name="ibgateway.service"} 0
"""
"""What else a host tells, by the roles' own programs."""


@dataclass(frozen=True, slots=True)
class Day:
    """What Prometheus remembers of the day, between two instants of the wall's clock."""

    prometheus: str
    began: float
    ended: float
    said: str
    told: str

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression over the day. Raises urllib.error.HTTPError for what Prometheus cannot read."""
        asked = {"query": expr.replace("$host", HOST), "start": self.began, "end": self.ended, "step": 2}
        found = json.loads(get(f"{self.prometheus}/api/v1/query_range?{urllib.parse.urlencode(asked)}"))
        series: list[dict[str, Any]] = found["data"]["result"]
        return series


def prometheus_configuration(bot: int, alertmanager: int, node: int) -> str:
    """The committed one, at the ports of this test, scraping each second."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "2s"}
    config["rule_files"] = [str(path) for path in RULES]
    target = [f"127.0.0.1:{alertmanager}"]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": target}]}]
    jobs = [job for job in config["scrape_configs"] if job["job_name"] == "ibkr-bot"]
    jobs[0]["static_configs"][0]["targets"] = [f"127.0.0.1:{bot}"]
    jobs.append({"job_name": "alertmanager", "static_configs": [{"targets": target}]})
    if NODE_EXPORTER:
        labelled = {"targets": [f"127.0.0.1:{node}"], "labels": {"host": HOST}}
        jobs.append({"job_name": "node", "static_configs": [labelled]})
    return yaml.safe_dump({**config, "scrape_configs": jobs})


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    bot, prometheus, alertmanager, node = (free_port() for _ in range(4))
    (folder / "prometheus.yml").write_text(
        prometheus_configuration(bot, alertmanager, node), encoding="utf-8"
    )
    (folder / "settings.yaml").write_text(
        yaml.safe_dump({"monitoring": {"metrics_port": bot}}), encoding="utf-8"
    )
    (folder / "pi.prom").write_text(OTHERS, encoding="utf-8")
    with Receivers() as receivers:
        (folder / "watchdog_url").write_text(f"{receivers.url}/watchdog", encoding="utf-8")
        made = rendered(watchdog_url="set", secrets_dir=str(folder), templates=str(MESSAGES))
        (folder / "alertmanager.yml").write_text(readable(made), encoding="utf-8")
        with (
            _alertmanager(folder, alertmanager),
            _node_exporter(folder, node),
            _prometheus(folder, prometheus),
        ):
            began = time()
            said = _run_the_bot(folder)
            receivers.wait_for(lambda letters: bool(letters))
            yield Day(f"http://127.0.0.1:{prometheus}", began, time(), said, receivers.letters[0].text)


def _run_the_bot(folder: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "bot",
        "run",
        "--config",
        f"{folder}/settings.yaml",
        "--state",
        f"{folder}/state",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def _prometheus(folder: Path, port: int) -> Any:
    command = [
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    return running(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log")


def _alertmanager(folder: Path, port: int) -> Any:
    command = [
        "prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alerts",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    return running(command, f"http://127.0.0.1:{port}/-/ready", folder / "alertmanager.log")


def _node_exporter(folder: Path, port: int) -> Any:
    if NODE_EXPORTER is None:
        return running(["cat"], (folder / "pi.prom").as_uri(), folder / "nobody.log")
    command = [
        NODE_EXPORTER, f"--web.listen-address=127.0.0.1:{port}", f"--collector.textfile.directory={folder}",
    ]  # fmt: skip
    return running(command, f"http://127.0.0.1:{port}/metrics", folder / "node.log")


def test_the_bot_traded(day: Day) -> None:
    assert "after commissions" in day.said
    assert (
        max(float(value) for series in day.ask("sum(ibbot_fills_total)") for _, value in series["values"])
        >= 2
    )


@pytest.mark.parametrize("ref", expressions("bot.json"))
def test_a_query_of_the_bots_dashboard_finds_something(ref: str, day: Day) -> None:
    found = day.ask(expressions("bot.json")[ref])
    assert found or ref in MAY_BE_EMPTY, "nothing was found"


@pytest.mark.skipif(
    NODE_EXPORTER is None, reason="node_exporter is not installed: apt install prometheus-node-exporter"
)
@pytest.mark.parametrize("ref", expressions("host.json"))
def test_a_query_of_the_hosts_dashboard_finds_something(ref: str, day: Day) -> None:
    found = day.ask(expressions("host.json")[ref])
    assert found or ref in NEEDS_HARDWARE | NEEDS_DAYS, "nothing was found"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_prometheus_evaluates_every_rule(rule: dict[str, Any], day: Day) -> None:
    name = rule.get("alert") or rule["record"]
    groups = json.loads(get(f"{day.prometheus}/api/v1/rules"))["data"]["groups"]
    (found,) = [one for group in groups for one in group["rules"] if one["name"] == name]
    assert (found["health"], found.get("lastError")) == ("ok", None)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_asks_about_series_that_the_bot_shows(alert: dict[str, Any], day: Day) -> None:
    named = set(re.findall(r"\b(ibbot_[a-z0-9_]+)(\{[^}]*\})?", alert["expr"]))
    # No channel has failed, and a simulated day owes no drill.
    may_be_absent = {"ibbot_notification_failures_total", "ibbot_drill_due_timestamp_seconds"}
    for name, selector in named:
        assert day.ask(f"count({name}{selector})") or name in may_be_absent, name


def test_nothing_fires_on_a_good_day(day: Day) -> None:
    fired = {series["metric"]["alertname"] for series in day.ask('ALERTS{alertstate="firing"}')}
    assert fired == MAY_FIRE


def test_the_watchdog_reaches_the_watcher_through_the_whole_pipeline(day: Day) -> None:
    assert "Watchdog" in day.told


def test_the_exceptions_name_queries_that_exist() -> None:
    assert set(MAY_BE_EMPTY) <= set(expressions("bot.json"))
    assert set(expressions("host.json")) >= NEEDS_HARDWARE | NEEDS_DAYS
    assert len(panels("bot.json")) == 28
