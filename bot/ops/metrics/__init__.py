"""The picture as Prometheus metrics, and the endpoint that serves them."""
