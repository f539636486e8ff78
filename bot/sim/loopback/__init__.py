"""The simulated exchange without a wire: the broker of replays, backtests and dry runs."""
