"""What the order manager and the watcher each keep for themselves: orders, fills, the link, questions. Two books on purpose."""
