"""The parts of a running bot, made from the settings and put together. ``bot.app`` runs what is made here."""
