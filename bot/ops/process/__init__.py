"""The process and its host: instance lock, logs, systemd, heartbeat, control socket."""
