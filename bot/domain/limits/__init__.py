"""Limits as messages: who loosened what until when, and what the first live days allow."""
