"""``python -m bot.guard`` is ``ibkr-guard``. Nothing is imported outside of the ``try``: an early Ctrl-C is one line, too."""

if __name__ == "__main__":
    try:
        from bot.guard.cli import main

        main()
    except KeyboardInterrupt:
        import os

        os.write(2, b"ibkr-guard: stopped\n")
        os._exit(130)
