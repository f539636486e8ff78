"""What goes on after one request: market data lines, bars that are kept up to date, ticks."""
