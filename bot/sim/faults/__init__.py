"""Scenarios: what goes wrong, when, and for how long."""
