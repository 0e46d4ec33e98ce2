"""One file a system: what can be seen there, and what can be cut."""
