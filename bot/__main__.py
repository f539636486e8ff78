#!python
"""``ibkr-bot``, and ``python -m bot``: this file is installed as the command itself.

Rule: nothing is imported outside of the ``try``, so that a Ctrl-C during the first import is one line, too. The script that
pip would write for an entry point imports ``re`` and this package before anything could catch it.
"""

if __name__ == "__main__":
    try:
        from bot.cli.main import main

        main()
    except KeyboardInterrupt:
        import os

        os.write(2, b"ibkr-bot: stopped\n")
        os._exit(130)
