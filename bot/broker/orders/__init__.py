"""Orders to the broker, what it says about them, and the snapshot of its books."""
