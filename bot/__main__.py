"""``python -m bot`` is ``ibkr-bot``."""

from bot.cli.main import main

main()
