"""What must be trusted: whatever a client says reaches the gateway through here alone, and is judged here.

Rule: it stands alone. It knows the protocol and the trading day, nothing else of the guard: no socket, file, alert, command
line, and none of the guard's own acts. A test counts it: at most a thousand lines of code.
"""
