"""Exceptions, named by what the operator must do about them.

BotError
├── FixTheConfiguration   the settings are wrong: correct the named key       (exit 78)
├── FixTheCommand         the command line is wrong                        (exit 2)
├── FixTheMachine         a file, a port or the disk is not as it must be  (exit 1)
├── StopTheOther          another instance holds the lock                  (exit 1)
└── RestartTheLine        a machine broke its own rules; the line restarts through the start path
"""

from __future__ import annotations


class BotError(Exception):
    """Base of everything the bot says to a person in one line."""

    exit_code = 1


class FixTheConfiguration(BotError):
    exit_code = 78


class FixTheCommand(BotError):
    exit_code = 2


class FixTheMachine(BotError):
    exit_code = 1


class StopTheOther(BotError):
    exit_code = 1


class RestartTheLine(BotError):
    exit_code = 1
