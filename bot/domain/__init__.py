"""The vocabulary: what a contract, a bar, an order, a fill and a bracket are. Pure; standard library only."""
