"""Execution: the desk owns every order, the watcher every bracket; both are pure machines over the same order book."""
