"""Threads around the machines: one actor a component, one table of who hears what, one place that owns liveness."""
