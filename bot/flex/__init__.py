"""The day as IB writes it down overnight (Flex Web Service), against the day as the journal has it.

Rule: an independent record. ``statement`` reads, ``compare`` judges, both pure; ``service`` fetches. Nothing here trades.
"""
