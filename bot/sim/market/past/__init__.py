"""What a client of the gateway is told of the past: bars of any contract and size."""
