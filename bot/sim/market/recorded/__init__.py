"""Days that were really traded: bars, quotes and option chains carried as package data."""
