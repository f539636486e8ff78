"""The exact gear: every message of the line, as live, over the loopback exchange."""
