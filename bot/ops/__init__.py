"""What people and machines see of the bot: the board, the display, metrics, alerts, logs, the control socket."""
