"""The accounts of one user name: which there are, of what kind, and whom an order concerns."""
