"""Days to play: those of the owner's store, and behind them those that travel with the package."""
