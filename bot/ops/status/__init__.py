"""One immutable picture of the bot, folded from the messages; the terminal's display of it."""
