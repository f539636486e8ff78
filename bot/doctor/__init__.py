"""What is wrong, in words, and what to do about it. Looks only; changes and sends nothing unless it is asked to."""
