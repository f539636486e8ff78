"""How data of one's own come in: a file is read, its columns are recognised, its times are judged, its values checked.

Rule: nothing is guessed in silence. What a file does not say (a zone, whether a bar's time is its start or its end, day
before month) is told by the person; where the data themselves contradict, the file is refused with the evidence.
"""
