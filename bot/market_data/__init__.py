"""What is watched, and whether it can be trusted: bars in order, quotes that are sane, the chain around the money."""
