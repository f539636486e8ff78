"""The fast gear: the same machines, world and exchange, but time goes at once to the next instant at which anything can matter.

Rule: nothing is decided here. An instant is found and handed to the machines, which judge it as always; where something
comes otherwise than foreseen, the gear stops and says so. If it ever differs from the exact one, it is wrong.
"""
