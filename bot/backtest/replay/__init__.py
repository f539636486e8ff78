"""A journal through the machines again: would this build, with these settings, have decided the same?"""
