#!python
"""``ibkr-guard``, and ``python -m bot.guard``: this file is installed as the command itself.

Rule: as for ``bot/__main__.py``, nothing is imported outside of the ``try``.
"""

if __name__ == "__main__":
    try:
        from bot.guard.cli import main

        main()
    except KeyboardInterrupt:
        import os

        os.write(2, b"ibkr-guard: stopped\n")
        os._exit(130)
