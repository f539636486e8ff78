"""Parts of a share: how sizes are kept, and which orders may have one."""
