"""What is traded: stocks, options, indices and forex, their prices, listings and history, synthetic or recorded."""
