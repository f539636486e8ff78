"""What commands read from a journal or a running bot, and how it is written on a terminal."""
