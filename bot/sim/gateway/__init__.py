"""The gateway without a socket: sessions, message faults, pacing, connectivity, timers, order ids."""
