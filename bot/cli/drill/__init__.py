"""A drill: the bot, the guard and a simulated gateway as processes, and what must hold when they are treated badly.

Rule: the gateway's own books are the judge; its time waits for the judge, so that nothing happens while it looks.
"""
