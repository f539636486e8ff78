"""A second wall between any TWS client and the gateway: limits that do not depend on the client.

Rule: it knows the protocol (``bot.wire``) and the calendar of ``bot.domain``, nothing else of the bot: no strategy, no
settings, no journal. ``machine`` decides and is pure; ``proxy`` carries bytes, ``files`` is the disk, ``cli`` what a
person types. Whatever cannot be read, or fails, closes the line: it never lets an order through.
"""
