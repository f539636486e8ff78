"""What a company does to its shares: splits, what is left of the options written before them, and mini contracts."""
