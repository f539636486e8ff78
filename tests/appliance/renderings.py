"""What the tests of the templates render: a name → role, template, and variables over the role's defaults."""

from __future__ import annotations

from typing import Any

RENDERINGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gateway-tunnel.service": (
        "gateway_tunnel",
        "gateway-tunnel.service.j2",
        {"gateway_tunnel_side": "server"},
    ),
    "gateway-tunnel-expiry.service": ("gateway_tunnel", "gateway-tunnel-expiry.service.j2", {}),
    "gateway-tunnel-expiry.timer": ("gateway_tunnel", "gateway-tunnel-expiry.timer.j2", {}),
    "gateway-tunnel-expiry": ("gateway_tunnel", "gateway-tunnel-expiry.j2", {}),
    "ibgateway.service": (
        "ib_gateway",
        "ibgateway.service.j2",
        {
            "ib_gateway_java": {"stdout": "/j"},
            "ib_gateway_version": "10.45.1j",
            "ib_gateway_ibc_version": "3.24.2",
        },
    ),
    "ibgateway-xvfb.service": ("ib_gateway", "ibgateway-xvfb.service.j2", {}),
    "ibgateway-vnc.service": ("ib_gateway", "ibgateway-vnc.service.j2", {}),
    "ibgateway-health.service": ("ib_gateway", "ibgateway-health.service.j2", {}),
    "ibgateway-health.timer": ("ib_gateway", "ibgateway-health.timer.j2", {}),
    "ibgateway-command": ("ib_gateway", "ibgateway-command.j2", {}),
    "ibgateway-java": ("ib_gateway", "ibgateway-java.j2", {"ib_gateway_java": {"stdout": "/j/a v/bin"}}),
    "appliance-host-facts.service": ("base", "appliance-host-facts.service.j2", {}),
    "appliance-host-facts.timer": ("base", "appliance-host-facts.timer.j2", {}),
    "unattended-upgrades": ("base", "unattended-upgrades.j2", {}),
    "appliance-backup.service": (
        "nightly_backup",
        "appliance-backup.service.j2",
        {
            "nightly_backup_keeper": "gw",
            "nightly_backup_keeper_address": "192.0.2.7",
            "inventory_hostname": "pi",
        },
    ),
    "appliance-backup.timer": ("nightly_backup", "appliance-backup.timer.j2", {}),
    "pi-throttled.service": ("node_metrics", "pi-throttled.service.j2", {}),
    "pi-throttled.timer": ("node_metrics", "pi-throttled.timer.j2", {}),
    "pi-throttled": (
        "node_metrics",
        "pi-throttled.j2",
        {"node_metrics_throttled_path": '"$WORD"', "node_metrics_textfile_dir": '"$OUT"'},
    ),
    "appliance-firewall.service": ("firewall", "appliance-firewall.service.j2", {}),
    "appliance.nft": (
        "firewall",
        "appliance.nft.j2",
        {
            "firewall_ssh_from": ["192.0.2.0/24", "2001:db8::/64"],
            "firewall_rules": [
                {"name": "tunnel", "port": 4012, "from": ["192.0.2.7"]},
                {"name": "page", "port": 3000, "from": []},
            ],
        },
    ),
    "ibgateway-guard.service": ("ibgateway_guard", "ibgateway-guard.service.j2", {}),
    "ibkr-guard-phone": ("ibgateway_guard", "ibkr-guard-phone.j2", {}),
    "guard-keys": (
        "ibgateway_guard",
        "authorized_keys.j2",
        {"ibgateway_guard_phone_keys": ["ssh-ed25519 AAAAPLANTED phone"]},
    ),
    "guard-limits.yaml": (
        "ibgateway_guard",
        "limits.yaml.j2",
        {
            "ibgateway_guard_accounts": ["DU1234567"],
            "ibgateway_guard_clients": [1, 2],
            "ibgateway_guard_limits": {"order": {"quantity": 3}, "round_trips": 7},
        },
    ),
    "sim.service": ("sim_gateway", "ibgateway.service.j2", {}),
    "ibkr-bot.service": (
        "trading_bot",
        "ibkr-bot.service.j2",
        {"trading_bot_secrets": {"heartbeat_url": "https://ping.example/x"}},
    ),
    "ibkr-bot-flex.service": (
        "trading_bot",
        "ibkr-bot-flex.service.j2",
        {"trading_bot_secrets": {"flex_token": "planted-token"}},
    ),
    "ibkr-bot-flex.timer": ("trading_bot", "ibkr-bot-flex.timer.j2", {}),
    "ibkr-bot-replay.service": (
        "trading_bot",
        "ibkr-bot-replay.service.j2",
        {"trading_bot_secrets": {"heartbeat_url": "https://ping.example/x"}},
    ),
    "ibkr-bot-replay.timer": ("trading_bot", "ibkr-bot-replay.timer.j2", {}),
    "ibkr-bot": (
        "trading_bot",
        "ibkr-bot.j2",
        {"trading_bot_secrets": {"heartbeat_url": "https://ping.example/x"}},
    ),
    "prometheus.yml": (
        "prometheus_server",
        "prometheus.yml.j2",
        {
            "prometheus_server_bots": [{"name": "pi", "address": "127.0.0.1:9108"}],
            "prometheus_server_hosts": [{"name": "gw", "address": "192.0.2.7:9100"}],
        },
    ),
    "alertmanager.yml": ("alertmanager_server", "alertmanager.yml.j2", {}),
    "alertmanager-slack.yml": (
        "alertmanager_server",
        "alertmanager.yml.j2",
        {"alertmanager_server_slack_webhook_url": "https://chat.example/x"},
    ),
    "alertmanager-all.yml": (
        "alertmanager_server",
        "alertmanager.yml.j2",
        {
            "alertmanager_server_slack_webhook_url": "https://chat.example/x",
            "alertmanager_server_discord_webhook_url": "https://chat.example/y",
            "alertmanager_server_telegram_bot_token": "planted-token",
            "alertmanager_server_telegram_chat_id": "-42",
            "alertmanager_server_watchdog_url": "https://ping.example/x",
        },
    ),
}
