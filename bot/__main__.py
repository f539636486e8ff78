"""``python -m bot`` is ``ibkr-bot``. Nothing is imported outside of the ``try``: an early Ctrl-C is one line, too."""

if __name__ == "__main__":
    try:
        from bot.cli.main import main

        main()
    except KeyboardInterrupt:
        import os

        os.write(2, b"ibkr-bot: stopped\n")
        os._exit(130)
