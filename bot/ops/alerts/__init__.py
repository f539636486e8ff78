"""Events and lasting conditions that a person must know of, and the channels that carry them."""
