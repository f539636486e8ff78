"""Market, exchange and account put together: one world that steps through time."""
