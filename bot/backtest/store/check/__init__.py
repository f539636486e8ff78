"""Whether what the store holds can be believed: each finding with its days and its remedy."""
