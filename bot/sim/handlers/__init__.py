"""One function for each request of the TWS protocol; ``table.py`` lists them all."""
