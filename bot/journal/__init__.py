"""The journal: what must not be forgotten, append-only, in SQLite."""
