"""Contracts, bars and quotes from the broker."""
