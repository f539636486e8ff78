"""What the option market is made of, measured from records: volatility, interest, dividends."""
