"""Trading before 09:30 and after 16:00: when it is, where the prices come from, what is quoted."""
