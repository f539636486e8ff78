"""World events and values as messages of the TWS protocol, and requests as values of the world."""
