"""What a complete snapshot of the broker proves: orders, fills, positions, and brackets that only the broker remembers."""
