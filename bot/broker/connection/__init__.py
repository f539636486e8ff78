"""One session with IB Gateway: the client library on its io thread, requests, pacing, error codes."""
