"""The simulated gateway as a process: TCP, admin port, recorder, command line."""
